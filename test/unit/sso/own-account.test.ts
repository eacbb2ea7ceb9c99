import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DirectoryError } from '../../../src/directory/index.ts'
import { KdcReplyError, type KerberosErrorCode } from '../../../src/kerberos/index.ts'
import { namingOwnAccount } from '../../../src/sso/own-account.ts'

type Exchange = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

function refusal(exchange: Exchange, code: KerberosErrorCode): KdcReplyError {
  const details = { krbErrorCode: 18, realm: 'CORP.EXAMPLE', exchange }
  return new KdcReplyError(code, `the KDC refused ${exchange}`, { details, mend: 'mend it' })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

describe('namingOwnAccount', () => {
  for (const [exchange, code] of [
    ['AS', 'ERR_KRB_CLIENT_REVOKED'],
    ['AS', 'ERR_KRB_PREAUTH_FAILED'],
    ['S4U2Self', 'ERR_KRB_SPN_UNKNOWN'],
  ] as const) {
    it(`names it for ${code} in ${exchange}, with the mend`, () => {
      const named = namingOwnAccount(refusal(exchange, code))
      assert.equal(codeOf(named), 'ERR_SSO_OWN_ACCOUNT')
      assert.equal((named as { mend?: string }).mend, 'mend it')
    })
  }

  it('finds it behind the directory, which is asked with the same account', () => {
    const cause = new AggregateError([new Error('no'), refusal('AS', 'ERR_KRB_PREAUTH_FAILED')])
    const error = new DirectoryError('ERR_DIRECTORY_REFUSED', 'no server lets us in', { cause })
    assert.equal(codeOf(namingOwnAccount(error)), 'ERR_SSO_OWN_ACCOUNT')
  })

  for (const error of [
    refusal('S4U2Self', 'ERR_KRB_CLIENT_REVOKED'),
    refusal('S4U2Proxy', 'ERR_KRB_SPN_UNKNOWN'),
    refusal('AS', 'ERR_KRB_SKEW'),
    new DirectoryError('ERR_DIRECTORY_REFUSED', 'no rights'),
  ]) {
    it(`leaves ${error.code} as it is: ${error.message}`, () => {
      assert.equal(namingOwnAccount(error), error)
    })
  }
})
