import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { faultOf, LISTED_CODES } from '../../../src/gateway/error-codes.ts'

/** Every code that a connector or the gateway itself may give as the reason, with its status. */
const EXPECTED: Readonly<Record<string, number>> = {
  ERR_SSO_PROOF_MISSING: 401,
  ERR_SSO_PROOF_INVALID: 403,
  ERR_SSO_ISSUER_UNKNOWN: 403,
  ERR_SSO_STEP_UP_NEEDED: 401,
  ERR_SSO_PROOF_EXPIRED: 401,
  ERR_SSO_PROOF_UNKNOWN: 503,
  ERR_SSO_POLICY_DENIED: 403,
  ERR_SSO_LOGIN_REFUSED: 403,
  ERR_SSO_ACCOUNT_UNKNOWN: 403,
  ERR_SSO_ACCOUNT_DISABLED: 403,
  ERR_SSO_ACCOUNT_EXPIRED: 403,
  ERR_SSO_ACCOUNT_LOCKED: 403,
  ERR_SSO_ACCOUNT_AMBIGUOUS: 403,
  ERR_SSO_NOT_DELEGATABLE: 403,
  ERR_SSO_KERBEROS_ABSENT: 503,
  ERR_SSO_BACKEND_REFUSED_TICKET: 502,
  ERR_SSO_BACKEND_KEY_MISMATCH: 502,
  ERR_SSO_BACKEND_NO_KEY: 502,
  ERR_SSO_BACKEND_CLOCK_SKEW: 502,
  ERR_SSO_BACKEND_TICKET_EXPIRED: 502,
  ERR_SSO_BACKEND_TICKET_NOT_YET_VALID: 502,
  ERR_SSO_BACKEND_REPLAY: 502,
  ERR_SSO_BACKEND_BAD_MATCH: 502,
  ERR_SSO_BACKEND_NTLM_ONLY: 502,
  ERR_SSO_BACKEND_BASIC_ONLY: 502,
  ERR_SSO_BACKEND_NO_CHALLENGE: 502,
  ERR_SSO_BODY_NOT_REPLAYABLE: 502,
  ERR_SSO_NEVER_IMPERSONATE: 403,
  ERR_BACKEND_UNREACHABLE: 502,
  ERR_BACKEND_TLS: 502,
  ERR_BACKEND_TIMEOUT: 504,
  ERR_BACKEND_ADDRESS_REFUSED: 502,
  ERR_BACKEND_PROTOCOL: 502,
  ERR_BACKEND_ABORTED: 502,
  ERR_KRB_KDC_UNREACHABLE: 503,
  ERR_KRB_CLIENT_UNKNOWN: 403,
  ERR_KRB_CLIENT_REVOKED: 403,
  ERR_KRB_CLIENT_KEY_EXPIRED: 403,
  ERR_KRB_SPN_UNKNOWN: 502,
  ERR_KRB_NOT_FORWARDABLE: 403,
  ERR_KRB_DELEGATION_REFUSED: 403,
  ERR_KRB_SKEW: 502,
  ERR_KRB_ETYPE: 502,
  ERR_KRB_PREAUTH_FAILED: 502,
  ERR_KRB_REPLY_MISMATCH: 502,
  ERR_KRB_INTEGRITY: 502,
  ERR_KRB_DECODE: 502,
  ERR_KRB_KDC_REPLY: 502,
  ERR_DIRECTORY_NOT_FOUND: 403,
  ERR_DIRECTORY_AMBIGUOUS: 403,
  ERR_DIRECTORY_UNREACHABLE: 503,
  ERR_DIRECTORY_REFUSED: 502,
  ERR_TUNNEL_LOST: 502,
  ERR_TUNNEL_TIMEOUT: 504,
  ERR_TUNNEL_STREAM_LIMIT: 503,
  ERR_GATEWAY_NOT_ALLOWED: 403,
  ERR_GATEWAY_NOT_SIGNED_IN: 401,
  ERR_GATEWAY_NO_CONNECTOR: 503,
  ERR_GATEWAY_FIELDS_TOO_LARGE: 431,
  ERR_GATEWAY_UNKNOWN_HOST: 421,
  ERR_GATEWAY_PROVIDER_UNREACHABLE: 503,
}

describe('faultOf', () => {
  for (const [code, status] of Object.entries(EXPECTED)) {
    it(`answers ${code} by ${status}`, () => {
      assert.equal(faultOf(code).status, status)
    })
  }

  it('takes whatever it does not know, names of Object.prototype too, for a fault inside', () => {
    for (const code of ['ERR_NEW', '', 'constructor', '__proto__', 'toString']) {
      assert.equal(faultOf(code).status, 502)
    }
  })

  it('has decided about every code of the SSO room', () => {
    const source = readFileSync(new URL('../../../src/sso/errors.ts', import.meta.url), 'utf8')
    const codes = [...source.matchAll(/'(ERR_(?:SSO|BACKEND)_[A-Z_]+)'/g)].map(([, code]) => code)
    assert.ok(codes.length > 15)
    const undecided = codes.filter((code) => !LISTED_CODES.includes(code ?? ''))
    assert.deepEqual(undecided, [])
  })

  it('has words of its own for each listed code', () => {
    for (const code of LISTED_CODES) {
      const { status, title, text } = faultOf(code)
      assert.ok(status >= 400 && title !== '' && text.endsWith('.'))
    }
  })
})
