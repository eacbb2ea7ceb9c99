/** Every message with sample values: MIT's sample values (krb5 src/tests/asn.1/ktest.c) and its octets, and our own. */

import { readFileSync } from 'node:fs'
import * as m from '../../../../src/kerberos/messages/index.ts'

/** A message as octets and as a value, with both directions. */
export interface Vector {
  readonly name: string
  /** Octets of another implementation; absent where none has published any. */
  readonly origin?: Uint8Array
  readonly value: unknown
  readonly encode: () => Uint8Array
  readonly decode: (octets: Uint8Array) => unknown
}

const fixture = new URL('../../../../fixtures/kerberos/mit-messages.txt', import.meta.url)
const ORIGINS = new Map(
  readFileSync(fixture, 'utf8')
    .trim()
    .split('\n')
    .map((line): [string, Uint8Array] => {
      const [name = '', hex = ''] = line.split(' ')
      return [name, new Uint8Array(Buffer.from(hex, 'hex'))]
    }),
)

function vector<T>(
  name: string,
  value: T,
  both: { encode: (value: T) => Uint8Array; decode: (octets: Uint8Array) => T },
): Vector {
  const origin = ORIGINS.get(name)
  const { encode, decode } = both
  return { name, value, encode: () => encode(value), decode, ...(origin && { origin }) }
}

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const realm = 'ATHENA.MIT.EDU'
const name = { nameType: 1, nameString: ['hftsai', 'extra'] }
const timeMs = Date.UTC(1994, 5, 10, 6, 3, 17)
const cusec = 123_456
const flags = 0xfedcba98
const key = { etype: 1, value: ascii('12345678') }
const cksum = { cksumtype: 1, checksum: ascii('1234') }
const twice = <T>(value: T): readonly T[] => [value, value]
const caddr = twice({ addrType: 2, address: Uint8Array.of(18, 208, 0, 35) })
const authorizationData = twice({ adType: 1, adData: ascii('foobar') })
const padata = twice({ padataType: 13, padataValue: ascii('pa-data') })
const encPart = { etype: 0, kvno: 5, cipher: ascii('krbASN.1 test message') }
const ticket = m.encodeTicket({ realm, sname: name, encPart })
const transited = { trType: 1, contents: ascii('EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.') }
const times = { authTimeMs: timeMs, startTimeMs: timeMs, endTimeMs: timeMs, renewTillMs: timeMs }
const bareTimes = { ...times, startTimeMs: undefined, renewTillMs: undefined }

const authenticator: m.Authenticator = {
  crealm: realm,
  cname: name,
  cksum,
  cusec,
  ctimeMs: timeMs,
  subkey: key,
  seqNumber: 17,
  authorizationData,
}
const bareAuthenticator = {
  ...authenticator,
  cksum: undefined,
  subkey: undefined,
  seqNumber: undefined,
  authorizationData: undefined,
}
const encTicketPart: m.EncTicketPart = {
  flags,
  key,
  crealm: realm,
  cname: name,
  transited,
  ...times,
  caddr,
  authorizationData,
}
const encKdcRepPart: m.EncKdcRepPart = {
  key,
  lastReq: twice({ lrType: -5, lrValueMs: timeMs }),
  nonce: 42,
  keyExpirationMs: timeMs,
  flags,
  ...times,
  srealm: realm,
  sname: name,
  caddr,
  encryptedPaData: undefined,
}
const body: m.KdcReqBody = {
  kdcOptions: 0xfedcba90,
  cname: name,
  realm,
  sname: name,
  fromMs: timeMs,
  tillMs: timeMs,
  rtimeMs: timeMs,
  nonce: 42,
  etype: [0, 1],
  addresses: caddr,
  encAuthorizationData: encPart,
  additionalTickets: twice(ticket),
}
const bareBody: m.KdcReqBody = {
  ...body,
  cname: undefined,
  fromMs: undefined,
  rtimeMs: undefined,
  addresses: undefined,
  encAuthorizationData: undefined,
  additionalTickets: undefined,
}
const request = (msgType: m.KdcReqType, of: m.KdcReqBody, pa?: readonly m.PaData[]) => ({
  msgType,
  padata: pa,
  reqBody: m.encodeKdcReqBody(of),
  body: of,
})
const krbError: m.KrbError = {
  ctimeMs: timeMs,
  cusec,
  stimeMs: timeMs,
  susec: cusec,
  errorCode: 60,
  crealm: realm,
  cname: name,
  realm,
  sname: name,
  eText: 'krb5data',
  eData: ascii('krb5data'),
}
const bareError = {
  ...krbError,
  ctimeMs: undefined,
  crealm: undefined,
  cname: undefined,
  eText: undefined,
  eData: undefined,
}
const s4uUser: m.S4uUserId = {
  nonce: 13_243_546,
  cname: name,
  crealm: realm,
  subjectCertificate: ascii('pa_s4u_x509_user'),
  options: 0x80000000,
}
const fastResponse: m.KrbFastResponse = {
  padata,
  strengthenKey: key,
  finished: {
    timestampMs: timeMs,
    usec: cusec,
    crealm: realm,
    cname: name,
    ticketChecksum: cksum,
  },
  nonce: 42,
}
const fast = { encode: m.encodeKrbFastResponse, decode: m.decodeKrbFastResponse }
const bare = { encode: m.encodeKdcRep }
const asRep: m.KdcRep = { msgType: 11, padata, crealm: realm, cname: name, ticket, encPart }
const tgsRep: m.KdcRep = { ...asRep, msgType: 13, padata: undefined }
const kdcReq = { encode: m.encodeKdcReq, decode: m.decodeKdcReq }
const error = { encode: m.encodeKrbError, decode: m.decodeKrbError }
const encPartOf = (tag: number) => ({
  encode: (part: m.EncKdcRepPart) => m.encodeEncKdcRepPart(part, tag),
  decode: m.decodeEncKdcRepPart,
})
const ticketPart = { encode: m.encodeEncTicketPart, decode: m.decodeEncTicketPart }
const proof = { encode: m.encodeAuthenticator, decode: m.decodeAuthenticator }

/** All of them. */
export const VECTORS: readonly Vector[] = [
  vector('authenticator', authenticator, proof),
  vector('authenticator-bare', bareAuthenticator, proof),
  vector(
    'ticket',
    { realm, sname: name, encPart },
    { encode: m.encodeTicket, decode: m.decodeTicket },
  ),
  vector('enc-ticket-part', encTicketPart, ticketPart),
  vector(
    'enc-ticket-part-bare',
    { ...encTicketPart, ...bareTimes, caddr: undefined, authorizationData: undefined },
    ticketPart,
  ),
  vector('enc-kdc-rep-part', encKdcRepPart, encPartOf(26)),
  vector('enc-as-rep-part', { ...encKdcRepPart, encryptedPaData: padata }, encPartOf(25)),
  vector('as-rep', asRep, { ...bare, decode: (octets) => m.decodeKdcRep(octets, 11) }),
  vector('tgs-rep-bare', tgsRep, { ...bare, decode: (octets) => m.decodeKdcRep(octets, 13) }),
  vector(
    'ap-req',
    { apOptions: flags, ticket, authenticator: encPart },
    { encode: m.encodeApReq, decode: m.decodeApReq },
  ),
  vector('ap-rep', { encPart }, { encode: m.encodeApRep, decode: m.decodeApRep }),
  vector(
    'enc-ap-rep-part',
    { ctimeMs: timeMs, cusec, subkey: key, seqNumber: 17 },
    { encode: m.encodeEncApRepPart, decode: m.decodeEncApRepPart },
  ),
  vector('as-req', request(10, body, padata), kdcReq),
  vector('tgs-req-bare', request(12, bareBody), kdcReq),
  vector('kdc-req-body', body, { encode: m.encodeKdcReqBody, decode: m.decodeKdcReqBody }),
  vector('krb-error', krbError, error),
  vector('krb-error-bare', bareError, error),
  vector('authorization-data', authorizationData, {
    encode: m.encodeAuthorizationData,
    decode: m.decodeAuthorizationData,
  }),
  vector('method-data', padata, { encode: m.encodeMethodData, decode: m.decodeMethodData }),
  vector(
    'etype-info2',
    [
      { etype: 0, salt: "Morton's #0", s2kparams: ascii('s2k: 0') },
      { etype: 1, salt: undefined, s2kparams: ascii('s2k: 1') },
      { etype: 2, salt: "Morton's #2", s2kparams: ascii('s2k: 2') },
    ],
    { encode: m.encodeEtypeInfo2, decode: m.decodeEtypeInfo2 },
  ),
  vector(
    'pa-enc-ts-enc',
    { patimestampMs: timeMs, pausec: cusec },
    { encode: m.encodePaEncTsEnc, decode: m.decodePaEncTsEnc },
  ),
  vector('encrypted-data', encPart, {
    encode: m.encodeEncryptedData,
    decode: m.decodeEncryptedData,
  }),
  vector('checksum', cksum, { encode: m.encodeChecksum, decode: m.decodeChecksum }),
  vector(
    'pa-s4u-x509-user',
    { userId: m.encodeS4uUserId(s4uUser), user: s4uUser, checksum: cksum },
    { encode: m.encodePaS4uX509User, decode: m.decodePaS4uX509User },
  ),
  vector(
    'pa-for-user',
    { userName: name, userRealm: realm, cksum },
    { encode: m.encodePaForUser, decode: m.decodePaForUser },
  ),
  vector('pa-pac-request', true, { encode: m.encodePaPacRequest, decode: m.decodePaPacRequest }),
  vector('pa-pac-options', 0x10000000, {
    encode: m.encodePaPacOptions,
    decode: m.decodePaPacOptions,
  }),
  vector(
    'pa-fx-fast-request',
    {
      armor: { armorType: m.FX_FAST_ARMOR_AP_REQUEST, armorValue: ascii('ap-req') },
      reqChecksum: cksum,
      encFastReq: encPart,
    },
    { encode: m.encodePaFxFastRequest, decode: m.decodePaFxFastRequest },
  ),
  vector(
    'pa-fx-fast-request-tgs',
    { armor: undefined, reqChecksum: cksum, encFastReq: encPart },
    { encode: m.encodePaFxFastRequest, decode: m.decodePaFxFastRequest },
  ),
  vector(
    'krb-fast-req',
    { fastOptions: 0x40000000, padata, reqBody: m.encodeKdcReqBody(body), body },
    { encode: m.encodeKrbFastReq, decode: m.decodeKrbFastReq },
  ),
  vector('pa-fx-fast-reply', encPart, {
    encode: m.encodePaFxFastReply,
    decode: m.decodePaFxFastReply,
  }),
  vector('krb-fast-response', fastResponse, fast),
  vector(
    'krb-fast-response-bare',
    { padata: [], strengthenKey: undefined, finished: undefined, nonce: 0xffffffff },
    fast,
  ),
  vector(
    'kdc-proxy-message',
    { message: ascii('request'), targetDomain: realm, dcLocatorHint: 0xc0000010 },
    { encode: m.encodeKdcProxyMessage, decode: m.decodeKdcProxyMessage },
  ),
  vector(
    'kdc-proxy-message-bare',
    { message: ascii('reply'), targetDomain: undefined, dcLocatorHint: undefined },
    { encode: m.encodeKdcProxyMessage, decode: m.decodeKdcProxyMessage },
  ),
  vector(
    'typed-data',
    [
      { dataType: 104, dataValue: ascii('typed') },
      { dataType: -1, dataValue: undefined },
    ],
    { encode: m.encodeTypedData, decode: m.decodeTypedData },
  ),
]
