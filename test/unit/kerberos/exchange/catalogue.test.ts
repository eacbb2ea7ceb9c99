import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import {
  KERBEROS_ERRORS,
  KerberosError,
  REFUSALS,
  refusalMeaning,
} from '../../../../src/kerberos/index.ts'
import { ownMend } from '../../../../src/kerberos/errors.ts'
import { kerberosErrorsPage } from '../../../support/kerberos-errors-page.ts'

const PAGE = new URL('../../../../native-notes/kerberos-errors.md', import.meta.url)

describe('the catalogue of refusals', () => {
  it('is what native-notes/kerberos-errors.md says', () => {
    const page = kerberosErrorsPage()
    if (process.env['UPDATE_PAGES'] === '1') writeFileSync(PAGE, page)
    assert.equal(readFileSync(PAGE, 'utf8'), page)
  })

  it('has no row that an earlier one hides', () => {
    for (const row of REFUSALS) {
      const { exchange = 'TGS', krbErrorCode = 60, ntStatus, context } = row
      assert.equal(refusalMeaning({ exchange, context }, krbErrorCode, ntStatus), row)
    }
  })

  it('says something of refusals it does not know', () => {
    assert.equal(refusalMeaning({ exchange: 'AS' }, 12345, 0xc0000001).code, 'ERR_KRB_KDC_REPLY')
  })
})

describe('an error', () => {
  it('has its own mend, else that of its code', () => {
    const plain = new KerberosError('ERR_KRB_REPLAY', 'seen before')
    assert.equal(plain.mend, KERBEROS_ERRORS.ERR_KRB_REPLAY.mend)
    assert.equal(ownMend(plain), undefined)
    const wise = new KerberosError('ERR_KRB_REPLAY', 'seen before', { mend: 'Do that.' })
    assert.deepEqual([wise.mend, ownMend(wise)], ['Do that.', 'Do that.'])
  })
})
