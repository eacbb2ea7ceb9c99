/** A few thousand mutations of every decoder, always the same ones; `npm run fuzz` is the long run. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SallyportError } from '../../src/platform/index.ts'
import { fuzz, tryPrefixes } from './engine.ts'
import { octetTarget } from './target.ts'
import { TARGETS } from './targets/index.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex').slice(0, 2000)

describe('mutated input', () => {
  for (const target of TARGETS) {
    it(`${target.name} is read or refused`, () => {
      const { findings, accepted } = fuzz(target, { runs: target.shortRuns, seed: 1, timed: false })
      const told = findings.map(({ kind, run, what, input }) => ({
        kind,
        run,
        what,
        input: hex(input),
      }))
      assert.deepEqual(told, [])
      assert.ok(accepted > 0, 'not even a seed was accepted')
    })
  }
})

describe('cut input', () => {
  for (const target of TARGETS.filter(({ refusesPrefixes }) => refusesPrefixes)) {
    it(`${target.name} is refused`, () => {
      assert.deepEqual(tryPrefixes(target), [])
    })
  }
})

describe('the fuzzer', () => {
  const refused = (): never => {
    throw new SallyportError('ERR_PLATFORM_X', 'no')
  }
  const seeds = [Buffer.from('0123456789')]
  const run = (decode: (input: Uint8Array) => unknown) =>
    fuzz(octetTarget({ name: 'self', seeds, decode }), { runs: 3000, seed: 7, timed: false })

  it('finds an error that is not the room’s own, and makes its input small', () => {
    const { findings } = run((input) => {
      if (input.includes(0x41)) throw new TypeError('A')
    })
    const [finding] = findings
    assert.equal(findings.length, 1)
    assert.equal(finding?.kind, 'error')
    assert.deepEqual([...finding.input], [0x41])
  })

  it('finds a value that does not come back', () => {
    const lossy = octetTarget({
      ...{ name: 'lossy', seeds },
      decode: (input) => [...input],
      encode: (value) => Uint8Array.from(value.map((octet) => octet & 0x7f)),
    })
    const { findings } = fuzz(lossy, { runs: 3000, seed: 7, timed: false })
    assert.equal(findings[0]?.kind, 'value')
    assert.equal(findings[0].input.length, 1)
  })

  it('finds a prefix that is not refused', () => {
    const decode = (input: Uint8Array): unknown => (input.length === 4 ? input : refused())
    const parts = { name: 'short', seeds, decode, refusesPrefixes: true }
    const [finding] = tryPrefixes(octetTarget(parts))
    assert.equal(finding?.input.length, 4)
    assert.deepEqual(tryPrefixes(octetTarget({ ...parts, decode: refused })), [])
  })

  it('does the same again with the same seed, and something else with another', () => {
    const inputs = (seed: number): string => {
      const seen: string[] = []
      const target = octetTarget({ name: 'self', seeds, decode: refused })
      const onRun = (_run: number, input: Uint8Array) => seen.push(hex(input))
      fuzz(target, { runs: 200, seed, timed: false, onRun })
      return seen.join()
    }
    assert.equal(inputs(7), inputs(7))
    assert.notEqual(inputs(7), inputs(8))
  })
})
