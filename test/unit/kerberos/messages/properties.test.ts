/** decode(encode(x)) is x for any x, and noise in the place of a message is read or refused. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc, { type Arbitrary } from 'fast-check'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import * as m from '../../../../src/kerberos/messages/index.ts'
import { VECTORS } from './vectors.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((t) => t.replaceAll('\0', ''))
const octets = fc.uint8Array({ maxLength: 200 })
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const time = fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1000)
const usec = fc.integer({ min: 0, max: 999_999 })
const maybe = <T>(of: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
const some = <T>(of: Arbitrary<T>): Arbitrary<T[]> => fc.array(of, { maxLength: 3 })

const name = fc.record({
  nameType: int32,
  nameString: fc.array(text, { minLength: 1, maxLength: 3 }),
})
const key = fc.record({ etype: int32, value: octets })
const cksum = fc.record({ cksumtype: int32, checksum: octets })
const sealed = fc.record({ etype: int32, kvno: maybe(uint32), cipher: octets })
const addresses = some(fc.record({ addrType: int32, address: octets }))
const authorizationData = some(fc.record({ adType: int32, adData: octets }))
const padata = some(fc.record({ padataType: int32, padataValue: octets }))
const ticket = fc
  .record({ realm: text, sname: name, encPart: sealed })
  .map((value) => m.encodeTicket(value))
const times = {
  authTimeMs: time,
  startTimeMs: maybe(time),
  endTimeMs: time,
  renewTillMs: maybe(time),
}

function returns<T>(
  arbitrary: Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (octets: Uint8Array) => unknown,
): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      assert.deepEqual(plain(decode(encode(value))), plain(value))
    }),
  )
}

/** Octets as text, so that a Buffer equals a Uint8Array. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner)]))
}

describe('any value comes back', () => {
  it('Authenticator', () => {
    const value = fc.record({
      crealm: text,
      cname: name,
      cksum: maybe(cksum),
      cusec: usec,
      ctimeMs: time,
      subkey: maybe(key),
      seqNumber: maybe(uint32),
      authorizationData: maybe(authorizationData),
    })
    returns(value, m.encodeAuthenticator, m.decodeAuthenticator)
  })

  it('EncTicketPart', () => {
    const value = fc.record({
      flags: uint32,
      key,
      crealm: text,
      cname: name,
      transited: fc.record({ trType: int32, contents: octets }),
      ...times,
      caddr: maybe(addresses),
      authorizationData: maybe(authorizationData),
    })
    returns(value, m.encodeEncTicketPart, m.decodeEncTicketPart)
  })

  it('EncKDCRepPart', () => {
    const value = fc.record({
      key,
      lastReq: some(fc.record({ lrType: int32, lrValueMs: time })),
      nonce: uint32,
      keyExpirationMs: maybe(time),
      flags: uint32,
      ...times,
      srealm: text,
      sname: name,
      caddr: maybe(addresses),
      encryptedPaData: maybe(padata),
    })
    for (const tag of [25, 26]) {
      returns(
        value,
        (part) => m.encodeEncKdcRepPart(part, tag),
        (octets) => m.decodeEncKdcRepPart(octets),
      )
    }
  })

  it('KDC-REQ-BODY', () => {
    const value = fc.record({
      kdcOptions: uint32,
      cname: maybe(name),
      realm: text,
      sname: maybe(name),
      fromMs: maybe(time),
      tillMs: time,
      rtimeMs: maybe(time),
      nonce: uint32,
      etype: some(int32),
      addresses: maybe(addresses),
      encAuthorizationData: maybe(sealed),
      additionalTickets: maybe(some(ticket)),
    })
    returns(value, m.encodeKdcReqBody, m.decodeKdcReqBody)
  })

  it('KDC-REP', () => {
    for (const msgType of [11, 13] as const) {
      const value = fc.record({
        msgType: fc.constant(msgType),
        padata: maybe(padata),
        crealm: text,
        cname: name,
        ticket,
        encPart: sealed,
      })
      returns(value, m.encodeKdcRep, (reply) => m.decodeKdcRep(reply, msgType))
    }
  })

  it('AP-REQ, AP-REP, EncAPRepPart', () => {
    const request = fc.record({ apOptions: uint32, ticket, authenticator: sealed })
    returns(request, m.encodeApReq, m.decodeApReq)
    returns(fc.record({ encPart: sealed }), m.encodeApRep, m.decodeApRep)
    const part = { ctimeMs: time, cusec: usec, subkey: maybe(key), seqNumber: maybe(uint32) }
    returns(fc.record(part), m.encodeEncApRepPart, m.decodeEncApRepPart)
  })

  it('KRB-ERROR, but for control characters in its text', () => {
    const value = fc.record({
      ctimeMs: maybe(time),
      cusec: maybe(usec),
      stimeMs: time,
      susec: usec,
      errorCode: int32,
      crealm: maybe(text),
      cname: maybe(name),
      realm: text,
      sname: name,
      eText: maybe(fc.string({ unit: 'grapheme-ascii', maxLength: 256 })),
      eData: maybe(octets),
    })
    returns(value, m.encodeKrbError, m.decodeKrbError)
  })

  it('what is armoured (FAST)', () => {
    const armor = fc.record({ armorType: int32, armorValue: octets })
    const request = fc.record({ armor: maybe(armor), reqChecksum: cksum, encFastReq: sealed })
    returns(request, m.encodePaFxFastRequest, m.decodePaFxFastRequest)
    returns(sealed, m.encodePaFxFastReply, m.decodePaFxFastReply)
    const finished = fc.record({
      timestampMs: time,
      usec,
      crealm: text,
      cname: name,
      ticketChecksum: cksum,
    })
    const response = fc.record({
      padata,
      strengthenKey: maybe(key),
      finished: maybe(finished),
      nonce: uint32,
    })
    returns(response, m.encodeKrbFastResponse, m.decodeKrbFastResponse)
    returns(cksum, m.encodeChecksum, m.decodeChecksum)
  })

  it('the kinds of PA-DATA', () => {
    returns(padata, m.encodeMethodData, m.decodeMethodData)
    returns(authorizationData, m.encodeAuthorizationData, m.decodeAuthorizationData)
    const timestamp = fc.record({ patimestampMs: time, pausec: maybe(usec) })
    returns(timestamp, m.encodePaEncTsEnc, m.decodePaEncTsEnc)
    const entry = fc.record({ etype: int32, salt: maybe(text), s2kparams: maybe(octets) })
    returns(some(entry), m.encodeEtypeInfo2, m.decodeEtypeInfo2)
    const forUser = fc.record({ userName: name, userRealm: text, cksum })
    returns(forUser, m.encodePaForUser, m.decodePaForUser)
    returns(uint32, m.encodePaPacOptions, m.decodePaPacOptions)
    returns(fc.boolean(), m.encodePaPacRequest, m.decodePaPacRequest)
    const user = fc.record({
      nonce: uint32,
      cname: maybe(name),
      crealm: text,
      subjectCertificate: maybe(octets),
      options: maybe(uint32),
    })
    const x509 = fc.record({ user, checksum: cksum }).map((value) => ({
      userId: m.encodeS4uUserId(value.user),
      ...value,
    }))
    returns(x509, m.encodePaS4uX509User, m.decodePaS4uX509User)
    const typed = some(fc.record({ dataType: int32, dataValue: maybe(octets) }))
    returns(typed, m.encodeTypedData, m.decodeTypedData)
  })
})

describe('noise', () => {
  it('in the place of any message is read or refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...VECTORS),
        fc.uint8Array({ maxLength: 64 }),
        (vector, noise) => {
          try {
            vector.decode(noise)
          } catch (error) {
            if (!(error instanceof KerberosError)) throw error
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('spliced into a message is read or refused', () => {
    const places = fc.record({ vector: fc.constantFrom(...VECTORS), at: fc.nat(), noise: octets })
    fc.assert(
      fc.property(places, ({ vector, at, noise }) => {
        const message = Buffer.from(vector.encode())
        const from = at % message.length
        try {
          vector.decode(Buffer.concat([message.subarray(0, from), noise, message.subarray(from)]))
        } catch (error) {
          if (!(error instanceof KerberosError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
