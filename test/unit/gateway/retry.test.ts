import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mayTryAgain } from '../../../src/gateway/retry.ts'

const ONCE = { replayable: true, attempts: 1 }

describe('mayTryAgain', () => {
  for (const [attempt, expected] of [
    [{ ...ONCE, code: 'ERR_SSO_PROOF_UNKNOWN', method: 'POST' }, true],
    [{ ...ONCE, code: 'ERR_SSO_PROOF_UNKNOWN', method: 'POST', replayable: false }, false],
    [{ ...ONCE, code: 'ERR_SSO_PROOF_UNKNOWN', method: 'GET', attempts: 2 }, false],
    [{ ...ONCE, code: 'ERR_TUNNEL_LOST', method: 'GET' }, true],
    [{ ...ONCE, code: 'ERR_TUNNEL_LOST', method: 'POST' }, false],
    [{ ...ONCE, code: 'ERR_TUNNEL_LOST', method: 'DELETE' }, false],
    [{ ...ONCE, code: 'ERR_TUNNEL_DRAINING', method: 'POST' }, true],
    [{ ...ONCE, code: 'ERR_BACKEND_UNREACHABLE', method: 'GET' }, false],
    [{ ...ONCE, code: 'ERR_BACKEND_ABORTED', method: 'GET' }, false],
  ] as const) {
    it(`is ${expected} for ${JSON.stringify(attempt)}`, () => {
      assert.equal(mayTryAgain(attempt), expected)
    })
  }
})
