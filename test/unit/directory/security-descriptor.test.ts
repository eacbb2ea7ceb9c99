import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  AceType,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  formatSddl,
  type Ace,
  type SecurityDescriptor,
} from '../../../src/directory/index.ts'
import { DESCRIPTORS, keptDescriptor } from '../../support/descriptors.ts'

const refusal = { code: 'ERR_DIRECTORY_REPLY' }

describe('security descriptors that Samba made', () => {
  for (const { name, octets, sddl } of DESCRIPTORS) {
    it(`reads and tells ${name} as Samba does`, () => {
      // A condition is told by its length: its language is not ours to read.
      const told = sddl.replace(/;\([^()]*\{[^()]*\([^()]*\)[^()]*\}\)\)/, ';32 octets)')
      assert.equal(formatSddl(decodeSecurityDescriptor(octets)), told)
    })

    it(`gives ${name} back octet for octet, or at least in meaning where Samba packs otherwise`, () => {
      const read = decodeSecurityDescriptor(octets)
      const written = encodeSecurityDescriptor(read)
      assert.deepEqual(decodeSecurityDescriptor(written), read)
      assert.equal(Buffer.from(written).toString('hex'), octets.toString('hex'))
    })

    it(`refuses every prefix of ${name}`, () => {
      for (let length = 0; length < octets.length; length += 1) {
        assert.throws(() => decodeSecurityDescriptor(octets.subarray(0, length)), refusal)
      }
    })
  }
})

describe('decodeSecurityDescriptor', () => {
  const rbcd = keptDescriptor('rbcd')

  const spoilt = [
    { what: 'another revision', at: 0, octet: 2 },
    { what: 'an absolute form', at: 3, octet: 0 },
    { what: 'an owner outside', at: 5, octet: 0xff },
    { what: 'an owner inside the head', at: 4, octet: 8 },
    { what: 'a list that the control bits deny', at: 2, octet: 0 },
    { what: 'a list of revision 3', at: 36, octet: 3 },
    { what: 'a list longer than all', at: 39, octet: 1 },
    { what: 'a list shorter than its head', at: 38, octet: 4 },
    { what: 'more entries than there are', at: 40, octet: 3 },
    { what: 'an entry that is no multiple of 4', at: 46, octet: 0x25 },
    { what: 'an entry longer than its SID', at: 46, octet: 0x28 },
    { what: 'an empty entry', at: 46, octet: 0 },
  ]
  for (const { what, at, octet } of spoilt) {
    it(`refuses ${what}`, () => {
      const copy = Buffer.from(rbcd)
      copy.writeUInt8(octet, at)
      assert.throws(() => decodeSecurityDescriptor(copy), refusal)
    })
  }

  it('tells no list, a NULL list and an empty list apart', () => {
    const of = (control: number, more: Partial<SecurityDescriptor> = {}) =>
      decodeSecurityDescriptor(encodeSecurityDescriptor({ control, ...more }))
    assert.equal(formatSddl(of(0x8000)), '')
    assert.equal(formatSddl(of(0x8004)), 'D:NO_ACCESS_CONTROL')
    assert.equal(formatSddl(of(0x8004, { dacl: { revision: 2, aces: [] } })), 'D:')
  })

  it('keeps an entry of a kind that nobody knows', () => {
    const data = Uint8Array.of(1, 2, 3, 4)
    const ace = { type: 0x77, flags: 0, mask: 0, sid: '', data }
    const descriptor = { control: 0x8004, dacl: { revision: 2, aces: [ace] } }
    assert.deepEqual(decodeSecurityDescriptor(encodeSecurityDescriptor(descriptor)), descriptor)
  })

  it('gives back whatever was written', () => {
    const sid = fc
      .array(fc.nat(0xffffffff), { minLength: 1, maxLength: 5 })
      .map((parts) => `S-1-5-${parts.join('-')}`)
    const mask = fc.nat(0x7fffffff)
    const plain = fc.record(
      {
        type: fc.constantFrom(AceType.accessAllowed, AceType.accessDenied),
        flags: fc.nat(255),
        mask,
        sid,
      },
      { noNullPrototype: true },
    )
    const object = fc.record(
      {
        type: fc.constantFrom(AceType.accessAllowedObject, AceType.accessDeniedObject),
        flags: fc.nat(255),
        mask,
        sid,
        objectType: fc.uuid(),
        inheritedObjectType: fc.uuid(),
      },
      { requiredKeys: ['type', 'flags', 'mask', 'sid'], noNullPrototype: true },
    )
    const aces: fc.Arbitrary<Ace[]> = fc.array(fc.oneof(plain, object), { maxLength: 6 })
    fc.assert(
      fc.property(sid, aces, (owner, list) => {
        const descriptor = { control: 0x8004, owner, dacl: { revision: 4, aces: list } }
        assert.deepEqual(decodeSecurityDescriptor(encodeSecurityDescriptor(descriptor)), descriptor)
      }),
    )
  })
})
