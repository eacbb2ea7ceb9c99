import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { format, resolveConfig } from 'prettier'
import { LISTED_CODES } from '../../../src/gateway/error-codes.ts'
import { DOCTOR_CODES } from '../../../src/doctor/index.ts'
import { WORKS } from '../../matrix/case.ts'
import { CASES } from '../../matrix/cases/index.ts'
import { matrixPage } from '../../matrix/page.ts'

const PAGE = new URL('../../../native-notes/matrix.md', import.meta.url)

describe('the matrix', () => {
  it('is what native-notes/matrix.md says', async () => {
    const options = await resolveConfig(PAGE)
    const page = await format(matrixPage(CASES), { ...options, parser: 'markdown' })
    if (process.env['UPDATE_PAGES'] === '1') writeFileSync(PAGE, page)
    assert.equal(readFileSync(PAGE, 'utf8'), page)
  })

  it('has at least 40 cases that are broken for real, each with an id of its own', () => {
    assert.ok(CASES.filter(({ scripted }) => scripted !== true).length >= 40)
    assert.equal(new Set(CASES.map(({ id }) => id)).size, CASES.length)
  })

  it('names no setting that is not used', () => {
    const idle = CASES.filter(({ connector, breakIt, mend, spares, ...one }) => {
      const { edits, configure, startSays, startsAgain, environment, logSays } = one
      const amended = 'row' in mend || spares === 'connector'
      const ownAlone =
        amended || (edits ?? configure ?? startSays ?? startsAgain ?? environment ?? logSays)
      return (ownAlone && !connector) || (startsAgain && !breakIt)
    })
    assert.deepEqual(
      idle.map(({ id }) => id),
      [],
    )
  })

  it('names codes that exist', () => {
    const known = (code: string): boolean =>
      LISTED_CODES.includes(code) || /^ERR_KRB_/.test(code) || code === WORKS
    assert.deepEqual(
      CASES.filter(({ code }) => !known(code)).map(({ id }) => id),
      [],
    )
    const unknown = CASES.flatMap(({ doctor }) => doctor).filter(
      (code) => !Object.hasOwn(DOCTOR_CODES, code),
    )
    assert.deepEqual(unknown, [])
  })
})
