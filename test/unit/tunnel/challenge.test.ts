import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  isConnectionAuthorization,
  ticketChallenge,
  withoutConnectionChallenges,
} from '../../../src/tunnel/index.ts'

describe('withoutConnectionChallenges', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['Negotiate', ''],
    ['negotiate YII=', ''],
    ['NTLM', ''],
    ['Kerberos', ''],
    ['Negotiate, NTLM', ''],
    ['Basic realm="x"', 'Basic realm="x"'],
    ['Negotiate, Basic realm="x"', 'Basic realm="x"'],
    ['Basic realm="a, Negotiate", NTLM', 'Basic realm="a, Negotiate"'],
    ['Digest realm="a", nonce="b", Negotiate abc==, Bearer', 'Digest realm="a", nonce="b", Bearer'],
    ['NTLM realm="x", y=z, Basic realm="q"', 'Basic realm="q"'],
    ['Bearer realm="negotiate"', 'Bearer realm="negotiate"'],
    ['Negotiate =', ''],
    ['Basic realm="x", Negotiate =, NTLM = a', 'Basic realm="x"'],
  ]
  for (const [value, left] of cases) {
    it(`leaves '${left}' of '${value}'`, () => {
      assert.equal(withoutConnectionChallenges(value), left)
    })
  }

  it('never leaves a challenge of a connection, whatever is around it', () => {
    const part = fc.constantFrom(
      'Negotiate',
      'NTLM',
      'negotiate YII=',
      'Basic realm="x"',
      'Digest a="b", c=d',
      'Bearer',
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const left = withoutConnectionChallenges(parts.join(', '))
        return ticketChallenge(left, 'negotiate') === undefined && !/ntlm/i.test(left)
      }),
    )
  })
})

describe('isConnectionAuthorization', () => {
  it('knows the schemes that sign a connection in', () => {
    for (const value of [
      'Negotiate YII=',
      'NTLM TlRM',
      ' negotiate x',
      'Kerberos x',
      'NTLM',
      'NTLM =',
      'NTLM\fx',
    ]) {
      assert.equal(isConnectionAuthorization(value), true, value)
    }
    for (const value of ['Basic eDp5', 'Bearer negotiate', 'Negotiated x', '']) {
      assert.equal(isConnectionAuthorization(value), false, value)
    }
  })
})
