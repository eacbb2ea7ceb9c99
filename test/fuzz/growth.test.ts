/** What a peer sends costs time by its length, not by its square; `npm run fuzz -- --growth` tries many more shapes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findSteep, shapesOf } from './growth.ts'
import { octetTarget, textTarget } from './target.ts'
import { TARGETS } from './targets/index.ts'

/** Places of a seed at which something is put in: the long run takes more. */
const PLACES = 2

describe('longer input', () => {
  // An administrator writes configuration, and each of its thousand faults is kept by the YAML library.
  for (const target of TARGETS.filter(({ name }) => !name.startsWith('config/'))) {
    it(`${target.name} takes time by its length`, () => {
      assert.deepEqual(findSteep(target, PLACES), undefined)
    })
  }
})

describe('the search for steep decoders', () => {
  const seeds = ['a=b; c=d']

  it('finds a pattern that begins anew at every octet', () => {
    const decode = (text: string): string => text.replace(/ +$/, '')
    const target = textTarget({ name: 'self', seeds, maxOctets: 16_384, decode })
    const steep = findSteep(target, PLACES)
    assert.ok(steep && steep.times > 64, JSON.stringify(steep))
  })

  it('finds one behind the lengths of DER', () => {
    const target = octetTarget(
      {
        name: 'self',
        seeds: [Buffer.from('3006040461626364', 'hex')],
        maxOctets: 16_384,
        decode: (octets) => {
          assert.equal(octets.length - 4, Buffer.from(octets).readUInt16BE(2))
          assert.equal(octets[4], 4)
          return Buffer.from(octets.subarray(8)).toString('latin1').replace(/\0+$/, '')
        },
      },
      'der',
    )
    assert.match(findSteep(target, PLACES)?.shape ?? '', /^element 1 \(0x4\)/)
  })

  it('lets what looks at each octet once pass, however slow', () => {
    const decode = (text: string): number => {
      let sum = 0
      for (const character of text)
        for (let at = 0; at < 300; at += 1) sum += character.charCodeAt(0)
      return sum
    }
    assert.equal(
      findSteep(textTarget({ name: 'self', seeds, maxOctets: 16_384, decode }), 1),
      undefined,
    )
  })

  it('makes inputs of the length that is asked for', () => {
    for (const target of TARGETS.filter(({ shapes }) => shapes.length === 0).slice(0, 20)) {
      for (const { name, make } of shapesOf(target, 1)) {
        const [short, long] = [make(2048).length, make(16_384).length]
        assert.ok(long > 4 * short, `${target.name}: ${name}: ${short} and ${long} octets`)
      }
    }
  })
})
