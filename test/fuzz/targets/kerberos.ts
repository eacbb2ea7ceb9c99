/** Kerberos messages, e-data and principal names. */

import * as m from '../../../src/kerberos/messages/index.ts'
import { VECTORS } from '../../unit/kerberos/messages/vectors.ts'
import { captured, mitMessages } from '../seeds.ts'
import { derTarget, textTarget, type Target } from '../target.ts'

/** Our own samples of a message, and MIT's octets. */
function samples(...names: readonly string[]): Uint8Array[] {
  const own = VECTORS.filter(({ name }) => names.includes(name.replace(/-bare$/, '')))
  if (own.length === 0) throw new RangeError(`no vector is called ${names.join(' or ')}`)
  return [...own.map(({ encode }) => encode()), ...names.flatMap(mitMessages)]
}

interface Message<T> {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  readonly decode: (octets: Uint8Array) => T
  readonly encode?: (value: T) => Uint8Array
}

function message<T>(parts: Message<T>): Target {
  return derTarget({ ...parts, name: `kerberos/${parts.name}`, shortRuns: 700 })
}

const requests = message({
  name: 'kdc-req',
  seeds: [...samples('as-req', 'tgs-req'), ...captured('as-req'), ...captured('tgs-req')],
  decode: m.decodeKdcReq,
  encode: m.encodeKdcReq,
})

const REPLIES: readonly Target[] = [
  message({
    name: 'as-rep',
    seeds: [...samples('as-rep'), ...captured('as-rep')],
    decode: (octets) => m.decodeKdcRep(octets, 11),
    encode: m.encodeKdcRep,
  }),
  message({
    name: 'tgs-rep',
    seeds: [...samples('tgs-rep'), ...captured('tgs-rep')],
    decode: (octets) => m.decodeKdcRep(octets, 13),
    encode: m.encodeKdcRep,
  }),
  message({
    name: 'krb-error',
    seeds: [...samples('krb-error'), ...captured('krb-error')],
    decode: m.decodeKrbError,
    encode: m.encodeKrbError,
  }),
  message({
    name: 'enc-kdc-rep-part',
    seeds: samples('enc-kdc-rep-part', 'enc-as-rep-part'),
    decode: m.decodeEncKdcRepPart,
    encode: (part) => m.encodeEncKdcRepPart(part, 26),
  }),
]

const TICKETS: readonly Target[] = [
  message({
    name: 'ticket',
    seeds: [
      ...samples('ticket'),
      ...captured('tgs-rep').map((octets) => m.decodeKdcRep(octets, 13).ticket),
    ],
    decode: m.decodeTicket,
    encode: m.encodeTicket,
  }),
  message({
    name: 'enc-ticket-part',
    seeds: [...samples('enc-ticket-part'), ...captured('enc-ticket-part')],
    decode: m.decodeEncTicketPart,
    encode: m.encodeEncTicketPart,
  }),
  message({
    name: 'authorization-data',
    seeds: [
      ...samples('authorization-data'),
      ...captured('enc-ticket-part').map((octets) =>
        m.encodeAuthorizationData(m.decodeEncTicketPart(octets).authorizationData ?? []),
      ),
    ],
    decode: m.decodeAuthorizationData,
    encode: m.encodeAuthorizationData,
  }),
]

/** AP-REQ out of the first pre-authentication data of a TGS-REQ. */
function apReqs(): Uint8Array[] {
  return captured('tgs-req').flatMap((octets) => {
    const found = m.findPaData(m.decodeKdcReq(octets).padata, 1)
    return found === undefined ? [] : [found]
  })
}

function reqBodies(): Uint8Array[] {
  return [...captured('as-req'), ...captured('tgs-req')].map(
    (octets) => m.decodeKdcReq(octets).reqBody,
  )
}

const AP: readonly Target[] = [
  message({
    name: 'ap-req',
    seeds: [...samples('ap-req'), ...apReqs()],
    decode: m.decodeApReq,
    encode: m.encodeApReq,
  }),
  message({
    name: 'ap-rep',
    seeds: samples('ap-rep'),
    decode: m.decodeApRep,
    encode: m.encodeApRep,
  }),
  message({
    name: 'enc-ap-rep-part',
    seeds: samples('enc-ap-rep-part'),
    decode: m.decodeEncApRepPart,
    encode: m.encodeEncApRepPart,
  }),
  message({
    name: 'authenticator',
    seeds: samples('authenticator'),
    decode: m.decodeAuthenticator,
    encode: m.encodeAuthenticator,
  }),
]

/** Padata of one type, wherever it was captured. */
function padata(type: number): Uint8Array[] {
  return [...captured('as-req'), ...captured('tgs-req')].flatMap((octets) => {
    const found = m.findPaData(m.decodeKdcReq(octets).padata, type)
    return found === undefined ? [] : [found]
  })
}

function errorData(): Uint8Array[] {
  return captured('krb-error').flatMap((octets) => m.decodeKrbError(octets).eData ?? [])
}

const PIECES: readonly Target[] = [
  message({
    name: 'kdc-req-body',
    seeds: [...samples('kdc-req-body'), ...reqBodies()],
    decode: m.decodeKdcReqBody,
    encode: m.encodeKdcReqBody,
  }),
  message({
    name: 'method-data',
    seeds: [...samples('method-data'), ...errorData()],
    decode: m.decodeMethodData,
    encode: m.encodeMethodData,
  }),
  message({
    name: 'encrypted-data',
    seeds: [...samples('encrypted-data'), ...padata(2)],
    decode: m.decodeEncryptedData,
    encode: m.encodeEncryptedData,
  }),
  message({
    name: 'etype-info2',
    seeds: samples('etype-info2'),
    decode: m.decodeEtypeInfo2,
    encode: m.encodeEtypeInfo2,
  }),
  message({
    name: 'pa-enc-ts-enc',
    seeds: samples('pa-enc-ts-enc'),
    decode: m.decodePaEncTsEnc,
    encode: m.encodePaEncTsEnc,
  }),
  message({
    name: 'pa-for-user',
    seeds: [...samples('pa-for-user'), ...padata(129)],
    decode: m.decodePaForUser,
    encode: m.encodePaForUser,
  }),
  message({
    name: 'pa-s4u-x509-user',
    seeds: [...samples('pa-s4u-x509-user'), ...padata(130)],
    decode: m.decodePaS4uX509User,
    encode: m.encodePaS4uX509User,
  }),
  message({
    name: 'pa-pac-request',
    seeds: samples('pa-pac-request'),
    decode: m.decodePaPacRequest,
    encode: m.encodePaPacRequest,
  }),
  message({
    name: 'pa-pac-options',
    seeds: [...samples('pa-pac-options'), ...padata(167)],
    decode: m.decodePaPacOptions,
    encode: m.encodePaPacOptions,
  }),
  message({
    name: 'typed-data',
    seeds: samples('typed-data'),
    decode: m.decodeTypedData,
    encode: m.encodeTypedData,
  }),
]

const FAST: readonly Target[] = [
  message({
    name: 'checksum',
    seeds: samples('checksum'),
    decode: m.decodeChecksum,
    encode: m.encodeChecksum,
  }),
  message({
    name: 'pa-fx-fast-request',
    seeds: samples('pa-fx-fast-request', 'pa-fx-fast-request-tgs'),
    decode: m.decodePaFxFastRequest,
    encode: m.encodePaFxFastRequest,
  }),
  message({
    name: 'krb-fast-req',
    seeds: samples('krb-fast-req'),
    decode: m.decodeKrbFastReq,
    encode: m.encodeKrbFastReq,
  }),
  message({
    name: 'pa-fx-fast-reply',
    seeds: samples('pa-fx-fast-reply'),
    decode: m.decodePaFxFastReply,
    encode: m.encodePaFxFastReply,
  }),
  message({
    name: 'krb-fast-response',
    seeds: samples('krb-fast-response'),
    decode: m.decodeKrbFastResponse,
    encode: m.encodeKrbFastResponse,
  }),
]

/** What may stand in e-data; it never throws. */
const errorDetails = derTarget({
  name: 'kerberos/e-data',
  refusesPrefixes: false,
  seeds: [
    m.encodeKerbErrorData(0xc0000072),
    m.encodeMethodData([{ padataType: 3, padataValue: Buffer.alloc(12, 1) }]),
    ...errorData(),
    ...samples('typed-data'),
  ],
  decode: m.findNtStatus,
  isRefusal: () => false,
})

const principal = textTarget({
  name: 'kerberos/principal',
  seeds: ['alice', 'CONN1$@CORP.EXAMPLE', 'HTTP/iwa.corp.example', 'a\\/b\\@c/d\\n@R\\\\', 'é/ß@Ü'],
  words: ['/', '@', '\\', '\\\\', '\\n', '\\0', '\0', '\\@', '\ud83d\ude00', '\n'],
  decode: m.parsePrincipal,
  encode: ({ principal: name, realm }) => m.formatPrincipal(name, realm),
})

export const KERBEROS_TARGETS: readonly Target[] = [
  ...[requests, ...REPLIES, ...TICKETS, ...AP, ...PIECES, ...FAST],
  ...[errorDetails, principal],
]
