import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  decodeChangePasswordAnswer,
  decodeChangePasswordReply,
  decodeChangePasswordRequest,
  decodeEncKrbPrivPart,
  decodeKrbPriv,
  encodeChangePasswordAnswer,
  encodeChangePasswordReply,
  encodeChangePasswordRequest,
  encodeEncKrbPrivPart,
  encodeKrbPriv,
  type EncKrbPrivPart,
} from '../../../../src/kerberos/messages/index.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const octetsOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
/** Octets as text, whatever view of them a decoder gives. */
function plain(value: object): object {
  const entries = Object.entries(value).map(([name, inner]: [string, unknown]) => {
    if (inner instanceof Uint8Array) return [name, hex(inner)] as const
    return [name, typeof inner === 'object' && inner !== null ? plain(inner) : inner] as const
  })
  return Object.fromEntries(entries)
}

const REFUSED = { code: 'ERR_KRB_DECODE' }

const PART: EncKrbPrivPart = {
  userData: octetsOf('0102'),
  timestampMs: 1_700_000_000_000,
  usec: 7,
  seqNumber: 0xffffffff,
  senderAddress: { addrType: 2, address: octetsOf('7f000001') },
  recipientAddress: { addrType: 24, address: new Uint8Array(16) },
}
const PRIV = { encPart: { etype: 18, kvno: undefined, cipher: octetsOf('0a0b0c') } }

function refusesPrefixes(message: Uint8Array, decode: (octets: Uint8Array) => unknown): void {
  for (let end = 0; end < message.length; end += 1) {
    assert.throws(() => decode(message.subarray(0, end)), KerberosError)
  }
}

function survivesFlips(message: Uint8Array, decode: (octets: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(message)
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        decode(changed)
      } catch (error) {
        assert.ok(error instanceof KerberosError)
      }
    }),
  )
}

describe('KRB-PRIV', () => {
  // RFC 4120 section 5.7.1, laid out by hand: [APPLICATION 21], pvno 5, msg-type 21, no [2], enc-part [3].
  it('is laid out as the RFC says', () => {
    assert.equal(
      hex(encodeKrbPriv(PRIV)),
      '751c301aa003020105a103020115a30e300ca003020112a20504030a0b0c',
    )
    assert.deepEqual(plain(decodeKrbPriv(encodeKrbPriv(PRIV))), plain(PRIV))
  })

  it('seals what was put in, with and without what may be left out', () => {
    assert.deepEqual(plain(decodeEncKrbPrivPart(encodeEncKrbPrivPart(PART))), plain(PART))
    const { userData, senderAddress } = PART
    const least = decodeEncKrbPrivPart(encodeEncKrbPrivPart({ userData, senderAddress }))
    assert.deepEqual(
      [least.timestampMs, least.usec, least.seqNumber, least.recipientAddress],
      [undefined, undefined, undefined, undefined],
    )
  })

  it('refuses every prefix and survives every flip', () => {
    for (const [message, decode] of [
      [encodeKrbPriv(PRIV), decodeKrbPriv],
      [encodeEncKrbPrivPart(PART), decodeEncKrbPrivPart],
    ] as const) {
      refusesPrefixes(message, decode)
      survivesFlips(message, decode)
    }
  })
})

describe('messages of the password server', () => {
  const request = { apReq: octetsOf('aaaa'), krbPriv: octetsOf('bbbbbb') }

  it('are laid out as RFC 3244 section 2 says', () => {
    const octets = encodeChangePasswordRequest(request)
    assert.equal(hex(octets), '000b00010002aaaabbbbbb')
    assert.deepEqual(plain(decodeChangePasswordRequest(octets)), plain(request))
    const apRep = { apRep: request.apReq, krbPriv: request.krbPriv }
    assert.deepEqual(
      plain(decodeChangePasswordReply(encodeChangePasswordReply(apRep))),
      plain(apRep),
    )
    const krbError = { krbError: octetsOf('cccc') }
    assert.equal(hex(encodeChangePasswordReply(krbError)), '000800010000cccc')
    assert.deepEqual(
      plain(decodeChangePasswordReply(encodeChangePasswordReply(krbError))),
      plain(krbError),
    )
  })

  it('are refused in part, too long, of another version or with parts missing', () => {
    const octets = encodeChangePasswordRequest(request)
    refusesPrefixes(octets, decodeChangePasswordReply)
    survivesFlips(octets, decodeChangePasswordReply)
    for (const bad of [
      '000b00010002aaaabbbbbb00',
      '000bff800002aaaabbbbbb',
      '000b00010006aaaabbbbbb',
      '000600010000',
      '000800010002aaaa',
    ]) {
      assert.throws(() => decodeChangePasswordReply(octetsOf(bad)), REFUSED)
      assert.throws(() => decodeChangePasswordRequest(octetsOf(bad)), REFUSED)
    }
    assert.throws(() => decodeChangePasswordRequest(octetsOf('000800010000cccc')), REFUSED)
  })

  it('say in words what a password policy wants', () => {
    const policy = Buffer.alloc(32)
    policy.writeUInt16BE(4, 0)
    policy.writeUInt32BE(7, 4)
    policy.writeUInt32BE(24, 8)
    policy.writeUInt32BE(1, 12)
    policy.writeBigUInt64BE(2n * 864_000_000_000n, 24)
    assert.deepEqual(decodeChangePasswordAnswer(policy), {
      code: 4,
      text: 'the domain’s policy wants at least 7 characters, complex, none of the last 24 passwords, 2 days between two changes',
    })
    policy.writeUInt32BE(0, 12)
    assert.doesNotMatch(decodeChangePasswordAnswer(policy).text, /complex/)
  })

  it('cannot write lines of their own into a log', () => {
    const answer = { code: 5, text: `a\n{"level":50}\u0007${'b'.repeat(600)}` }
    const { code, text } = decodeChangePasswordAnswer(encodeChangePasswordAnswer(answer))
    assert.equal(code, 5)
    assert.ok(text.startsWith('a {"level":50} bbb'))
    assert.equal(text.length, 512)
    assert.throws(() => decodeChangePasswordAnswer(octetsOf('00')), REFUSED)
  })
})
