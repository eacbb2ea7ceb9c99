/** The buffers of a PAC besides logon information: delegation, attributes, requestor, signatures, and others. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checksum, generateKey } from '../../../../src/kerberos/crypto/index.ts'
import { decodeAnyPac, decodePac } from '../../../../src/kerberos/messages/pac.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import {
  encodePac,
  layOutPac,
  sidOctets,
  type PacContent,
  type PacSigner,
} from '../../../support/pac-writer.ts'

const PAC_USAGE = 17
const key = generateKey(18, systemRandom)
const signer: PacSigner = { type: 16, sign: (data) => checksum(key, PAC_USAGE, data) }
const signers = { server: signer, kdc: signer }
const content: PacContent = {
  effectiveName: 'alice',
  logonDomainName: 'CORP',
  logonDomainSid: 'S-1-5-21-1111-2222-3333',
  userId: 1104,
  groupIds: [513],
  authTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
}

const withOthers = (...others: readonly (readonly [number, Uint8Array])[]) =>
  encodePac({ ...content, others }, signers)

function refused(octets: Uint8Array, message: RegExp): void {
  assert.throws(() => decodeAnyPac(octets), { code: 'ERR_KRB_DECODE', message })
}

/** Changes one 32-bit number in the only buffer of a type. */
function patched(octets: Uint8Array, [type, at]: readonly [number, number], value: number): Buffer {
  const copy = Buffer.from(octets)
  const entry = Array.from({ length: copy.readUInt32LE(0) }, (_, i) => 8 + i * 16).find(
    (place) => copy.readUInt32LE(place) === type,
  )
  const offset = copy.readUInt32LE((entry ?? assert.fail()) + 8)
  copy.writeUInt32LE(value, offset + at)
  return copy
}

describe('S4U_DELEGATION_INFO', () => {
  const delegation = {
    target: 'HTTP/iwa.corp.example',
    transited: ['CONN1$@CORP.EXAMPLE', 'svc-ä@CORP.EXAMPLE'],
  }

  it('names target and services on the way', () => {
    const pac = decodePac(encodePac({ ...content, delegation }, signers))
    assert.deepEqual(pac.delegationInfo, {
      proxyTarget: delegation.target,
      transitedServices: delegation.transited,
    })
  })

  it('reads back any names', () => {
    const name = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((text) => text.isWellFormed() && !text.includes('\0'))
    fc.assert(
      fc.property(name, fc.array(name, { maxLength: 6 }), (target, transited) => {
        const octets = encodePac({ ...content, delegation: { target, transited } }, signers)
        const { delegationInfo } = decodePac(octets)
        assert.deepEqual(delegationInfo, { proxyTarget: target, transitedServices: transited })
      }),
      { numRuns: 60 },
    )
  })

  it('refuses counts that promise more than there is', () => {
    const octets = encodePac({ ...content, delegation }, signers)
    // 16 of headers, 4 of the pointer, 8 of the target's header, then TransitedListSize.
    refused(patched(octets, [11, 28], 0xffffffff), /elements announced/)
    refused(patched(octets, [11, 32], 0), /2 transited services announced, none follow/)
    refused(patched(octets, [11, 16], 0), /no S4U_DELEGATION_INFO/)
    refused(patched(octets, [11, 8], 0x10000), /are announced/)
    refused(patched(octets, [11, 0], 0x00081000), /little-endian/)
  })

  it('refuses a structure that is longer than was announced', () => {
    const octets = encodePac({ ...content, delegation }, signers)
    decodeAnyPac(octets)
    for (const type of [1, 11]) refused(patched(octets, [type, 8], 64), /are wanted, \d+ are left/)
  })

  it('reads a target without services', () => {
    const octets = encodePac(
      { ...content, delegation: { target: 'HTTP/a', transited: [] } },
      signers,
    )
    const { delegationInfo } = decodePac(patched(octets, [11, 32], 0))
    assert.deepEqual(delegationInfo, { proxyTarget: 'HTTP/a', transitedServices: [] })
  })
})

describe('PAC_ATTRIBUTES_INFO and PAC_REQUESTOR', () => {
  for (const [flags, asked, implicit] of [
    [1, true, false],
    [2, false, true],
    [0, false, false],
    [0xfffffffc, false, false],
  ] as const) {
    it(`reads flags 0x${flags.toString(16)}`, () => {
      const { attributes } = decodePac(encodePac({ ...content, attributes: flags }, signers))
      assert.deepEqual(attributes, { pacWasRequested: asked, pacWasGivenImplicitly: implicit })
    })
  }

  it('reads more than 32 bits of flags', () => {
    const octets = Buffer.alloc(12)
    octets.writeUInt32LE(33, 0)
    octets.writeUInt32LE(1, 4)
    assert.equal(decodePac(withOthers([17, octets])).attributes?.pacWasRequested, true)
    refused(withOthers([17, octets.subarray(0, 8)]), /octets are wanted/)
    refused(withOthers([17, Buffer.alloc(8)]), /0 bits of flags/)
    refused(withOthers([17, Buffer.concat([octets, octets])]), /left over/)
  })

  it('reads who asked', () => {
    const requestorSid = 'S-1-5-21-1111-2222-3333-1104'
    const pac = decodePac(encodePac({ ...content, requestorSid }, signers))
    assert.equal(pac.requestorSid, requestorSid)
    refused(withOthers([18, sidOctets(requestorSid).subarray(0, 20)]), /octets are wanted/)
    const long = Buffer.concat([sidOctets(requestorSid), Buffer.of(1)])
    refused(withOthers([18, long]), /left over/)
  })
})

describe('signatures of a PAC', () => {
  const signature = (octets: number) =>
    Buffer.concat([Buffer.of(16, 0, 0, 0), Buffer.alloc(octets, 7)])

  it('are found, with the number of a read-only domain controller', () => {
    const pac = decodePac(withOthers([16, signature(12)], [19, signature(14)]))
    assert.deepEqual(pac.ticketChecksum, { type: 16, mac: Buffer.alloc(12, 7) })
    assert.deepEqual(pac.fullChecksum, {
      type: 16,
      mac: Buffer.alloc(12, 7),
      rodcIdentifier: 0x0707,
    })
  })

  // Seen in tickets of a read-only domain controller of Samba 4.22: only so the server signature fits.
  it('are zero with that number in what the others are over', () => {
    const kdc = { ...signer, rodcIdentifier: 0xc624 }
    const ticket = Buffer.from('a ticket')
    const pac = decodePac(encodePac(content, { server: signer, kdc, ticket }))
    assert.equal(pac.kdcChecksum.rodcIdentifier, 0xc624)
    assert.deepEqual(
      Buffer.from(pac.serverChecksum.mac),
      Buffer.from(signer.sign(pac.octetsForServerChecksum)),
    )
    assert.deepEqual(
      Buffer.from(pac.fullChecksum?.mac ?? []),
      Buffer.from(signer.sign(pac.octetsForFullChecksum)),
    )
  })

  it('are refused with octets behind them, or too short', () => {
    refused(withOthers([16, signature(13)]), /1 octets behind the signature/)
    refused(withOthers([16, signature(15)]), /3 octets behind the signature/)
    refused(withOthers([16, signature(11)]), /12 octets are wanted/)
  })

  it('take the whole buffer where their type is not known', () => {
    const unknown = Buffer.concat([Buffer.of(99, 0, 0, 0), Buffer.alloc(9, 1)])
    assert.deepEqual(decodePac(withOthers([16, unknown])).ticketChecksum, {
      type: 99,
      mac: Buffer.alloc(9, 1),
    })
  })

  it('are zero in what they are over, and nothing else is', () => {
    const octets = encodePac(content, { ...signers, ticket: Buffer.from('a ticket') })
    const pac = decodePac(octets)
    const changed = (copy: Uint8Array) =>
      octets.reduce((count, octet, at) => count + (octet === copy[at] ? 0 : 1), 0)
    assert.ok(changed(pac.octetsForServerChecksum) <= 24)
    assert.ok(changed(pac.octetsForFullChecksum) <= 36)
    const fits = ({ mac }: { mac: Uint8Array }, over: Uint8Array) =>
      Buffer.from(signer.sign(over)).equals(mac)
    assert.ok(fits(pac.serverChecksum, pac.octetsForServerChecksum))
    assert.ok(fits(pac.kdcChecksum, pac.serverChecksum.mac))
    assert.ok(fits(pac.fullChecksum ?? assert.fail(), pac.octetsForFullChecksum))
    assert.ok(fits(pac.ticketChecksum ?? assert.fail(), Buffer.from('a ticket')))
  })
})

describe('PACs with more or less in them', () => {
  it('keep the buffers that are not read', () => {
    const pac = decodePac(withOthers([13, Buffer.of(1, 2)], [99, Buffer.alloc(3)]))
    assert.deepEqual(
      pac.otherBuffers,
      new Map([
        [13, Buffer.of(1, 2)],
        [99, Buffer.alloc(3)],
      ]),
    )
  })

  it('may lack logon information, as MIT krb5 leaves it out, where that is said', () => {
    const name = Buffer.from('alice', 'utf16le')
    const info = Buffer.alloc(10 + name.length)
    info.writeUInt16LE(name.length, 8)
    name.copy(info, 10)
    const empty = Buffer.concat([Buffer.of(16, 0, 0, 0), Buffer.alloc(12)])
    const { octets } = layOutPac([
      [10, info],
      [6, empty],
      [7, empty],
    ])
    const pac = decodeAnyPac(octets)
    assert.equal(pac.logonInfo, undefined)
    assert.equal(pac.clientInfo.name, 'alice')
    assert.throws(() => decodePac(octets), { message: /no logon information/ })
  })

  it('are refused with octets behind the client’s name', () => {
    const info = Buffer.alloc(20)
    refused(layOutPac([[10, info]]).octets, /no server signature/)
    const empty = Buffer.concat([Buffer.of(16, 0, 0, 0), Buffer.alloc(12)])
    const buffers = [
      [10, info],
      [6, empty],
      [7, empty],
    ] as const
    refused(layOutPac(buffers).octets, /10 octets are left over/)
  })
})
