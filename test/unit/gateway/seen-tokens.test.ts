import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { SeenTokens } from '../../../src/gateway/seen-tokens.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { framingsOf, madeUpToken } from '../../support/reframed-tokens.ts'

describe('tokens that a gateway has seen', () => {
  const clock = new ManualClock()
  const taken = (seen: SeenTokens, token: Uint8Array): (() => void) => {
    const verdict = seen.take(token)
    assert.ok(typeof verdict === 'function', `it is ${String(verdict)}`)
    return verdict
  }

  it('are known in every framing', () => {
    const framings = framingsOf(madeUpToken())
    for (const first of Object.values(framings)) {
      const seen = new SeenTokens(clock, 10)
      taken(seen, first)
      for (const [name, copy] of Object.entries(framings)) {
        assert.equal(seen.take(copy), 'copy', name)
      }
      taken(seen, madeUpToken())
    }
  })

  it('can be taken by somebody else once they are given back', () => {
    const seen = new SeenTokens(clock, 10)
    const token = madeUpToken()
    taken(seen, token)()
    taken(seen, token)
    assert.equal(seen.take(token), 'copy')
  })

  it('are forgotten when no clock makes them good any more', async () => {
    const seen = new SeenTokens(clock, 10)
    const token = madeUpToken()
    taken(seen, token)
    await clock.advance(600_000)
    assert.equal(seen.take(token), 'copy')
    await clock.advance(300_000)
    taken(seen, token)
    assert.equal(seen.size, 1)
  })

  it('are as many as there is room for, and not one more', async () => {
    const seen = new SeenTokens(clock, 2)
    const [first, second] = [madeUpToken(), madeUpToken()]
    taken(seen, first)
    const giveBack = taken(seen, second)
    assert.equal(seen.take(madeUpToken()), 'full')
    assert.equal(seen.take(first), 'copy')
    giveBack()
    taken(seen, madeUpToken())
    await clock.advance(900_001)
    taken(seen, madeUpToken())
    assert.equal(seen.size, 1)
  })

  it('take no room where no acceptor reads them', () => {
    const seen = new SeenTokens(clock, 1)
    const strange = [new Uint8Array(), Buffer.from('NTLMSSP\0'), madeUpToken().subarray(1)]
    for (const token of [...strange, randomBytes(100)]) {
      taken(seen, token)
      taken(seen, token)
    }
    assert.equal(seen.size, 0)
  })
})
