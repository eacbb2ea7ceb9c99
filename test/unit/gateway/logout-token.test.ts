import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readLogoutToken } from '../../../src/gateway/logout-token.ts'

const NOW_MS = 1_800_000_000_000
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const GOOD = { iss: 'https://idp.example', sub: 'u1', sid: 's1', jti: 'j1', events: EVENTS }

function read(change: Record<string, unknown> = {}, type?: string) {
  const claims: Record<string, unknown> = { ...GOOD, iat: NOW_MS / 1000, ...change }
  for (const [name, value] of Object.entries(claims)) {
    if (value === undefined) Reflect.deleteProperty(claims, name)
  }
  return readLogoutToken({ claims, type }, NOW_MS, 120_000)
}

describe('readLogoutToken', () => {
  it('reads subject and session, each enough alone, under every type that is in use', () => {
    for (const type of [undefined, 'logout+jwt', 'application/logout+jwt', 'JWT', 'Logout+JWT']) {
      assert.deepEqual(read({}, type), {
        ...{ issuer: 'https://idp.example', subject: 'u1', sid: 's1', jti: 'j1' },
      })
    }
    assert.equal(read({ sub: undefined }).subject, undefined)
    assert.equal(read({ sid: undefined }).sid, undefined)
  })

  // OpenID Connect Back-Channel Logout 1.0 section 2.6, and section 2.4 for the claims.
  const wrong: Readonly<Record<string, [Record<string, unknown>, RegExp, string?]>> = {
    'an ID token, which has no event': [{ events: undefined, nonce: 'n' }, /events/],
    'another event': [{ events: { 'https://example.com/other': {} } }, /events/],
    'an event that is no object': [{ events: { [Object.keys(EVENTS)[0] ?? '']: true } }, /events/],
    'a list of events': [{ events: Object.keys(EVENTS) }, /events/],
    'a nonce': [{ nonce: 'n' }, /nonce/],
    'an access token': [{}, /typ/, 'at+jwt'],
    'neither subject nor session': [{ sub: undefined, sid: undefined }, /sub and sid/],
    'empty subject and session': [{ sub: '', sid: '' }, /sub and sid/],
    'no jti': [{ jti: undefined }, /jti/],
    'a jti that is too long': [{ jti: 'j'.repeat(257) }, /jti/],
    'no iat': [{ iat: undefined }, /iat/],
    'an old iat': [{ iat: NOW_MS / 1000 - 121 }, /iat/],
    'an iat in the future': [{ iat: NOW_MS / 1000 + 121 }, /iat/],
    'an iat that is no number': [{ iat: 'now' }, /iat/],
    'no issuer': [{ iss: undefined }, /sub and sid/],
  }
  for (const [what, [change, words, type]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      const expected = { code: 'ERR_GATEWAY_LOGOUT_TOKEN', message: words }
      assert.throws(() => read(change, type), expected)
    })
  }

  it('names somebody or refuses, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(GOOD), 'iat'), fc.jsonValue()),
        (change) => {
          try {
            const { subject, sid, jti } = read(change)
            assert.ok((subject ?? sid ?? '') !== '' && jti !== '')
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'ERR_GATEWAY_LOGOUT_TOKEN')
          }
        },
      ),
    )
  })
})
