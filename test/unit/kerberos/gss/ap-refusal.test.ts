import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AP_REFUSALS, apRefusalMeaning, readApRefusal } from '../../../../src/kerberos/index.ts'
import { encodeKrbError, type KrbError } from '../../../../src/kerberos/messages/index.ts'
import { encodeNegTokenResp, frameToken } from '../../../support/gss-acceptor.ts'

const refusal: KrbError = {
  ctimeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  stimeMs: Date.UTC(2026, 0, 2, 3, 3, 5),
  susec: 0,
  errorCode: 37,
  realm: 'CORP.EXAMPLE',
  sname: { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] },
}

describe('readApRefusal', () => {
  const message = encodeKrbError(refusal)
  const framed = frameToken(0x0300, message)
  const rejected = encodeNegTokenResp({ negState: 2, responseToken: framed })

  for (const [what, reply] of [
    ['a bare KRB-ERROR', message],
    ['a framed one', framed],
    ['one framed with the number of Windows', frameToken(0x0300, message, '1.2.840.48018.1.2.2')],
    ['one in SPNEGO', rejected],
    ['a bare one in SPNEGO', encodeNegTokenResp({ negState: 2, responseToken: message })],
  ] as const) {
    it(`reads ${what}`, () => {
      const found = readApRefusal(reply)
      assert.equal(found?.code, 'ERR_KRB_AP_REFUSED')
      assert.equal(found.krbErrorCode, 37)
      assert.equal(found.server, 'HTTP/iwa.corp.example@CORP.EXAMPLE')
      assert.equal(found.serverTimeMs, refusal.stimeMs)
      assert.equal(found.aheadMs, -60_000)
      assert.match(
        found.message,
        /answered KRB_AP_ERR_SKEW \(37\): .*its clock says 2026-01-02T03:03:05\.000Z, 60 s behind our token$/,
      )
    })
  }

  it('quotes the text of the service, and knows no difference without the client’s time', () => {
    const { ctimeMs, ...rest } = refusal
    assert.ok(ctimeMs)
    const found = readApRefusal(encodeKrbError({ ...rest, eText: 'go away' }))
    assert.match(found?.message ?? '', /“go away”.*03:05\.000Z$/)
    assert.equal(found?.aheadMs, undefined)
    const other = readApRefusal(encodeKrbError({ ...rest, errorCode: 999 }))
    assert.match(other?.message ?? '', /error 999 \(999\): a refusal that is not in the catalogue$/)
  })

  it('keeps names short and without control characters: they may come from anyone', () => {
    const sname = { nameType: 2, nameString: ['HTTP', `a\u001b[31m\u202e${'x'.repeat(2000)}`] }
    const found = readApRefusal(encodeKrbError({ ...refusal, sname }))
    assert.equal(found?.server.length, 256)
    assert.match(found.server, /^HTTP\/a\[31mx+$/)
    assert.ok(found.message.length < 600)
  })

  it('finds nothing in anything else, and never throws', () => {
    for (const reply of [
      new Uint8Array(0),
      frameToken(0x0200, message),
      encodeNegTokenResp({ negState: 0 }),
      frameToken(0x0300, message, '1.3.6.1.4.1.311.2.2.10'),
    ]) {
      assert.equal(readApRefusal(reply), undefined)
    }
    for (let end = 0; end < rejected.length; end++) {
      assert.equal(readApRefusal(rejected.subarray(0, end)), undefined)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(rejected.length), (octets, at) => {
        const reply = Buffer.concat([rejected.subarray(0, at), octets])
        readApRefusal(reply)
      }),
    )
  })
})

describe('the catalogue of services’ refusals', () => {
  it('has one row for a code', () => {
    const codes = AP_REFUSALS.map(({ krbErrorCode }) => krbErrorCode)
    assert.equal(new Set(codes).size, codes.length)
    for (const row of AP_REFUSALS) assert.equal(apRefusalMeaning(row.krbErrorCode), row)
  })
})
