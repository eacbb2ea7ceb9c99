/** What clients may send to an acceptor, and what a KDC may have put into their tickets. */

import { DerReader } from '../../../src/asn1/index.ts'
import {
  checksum,
  encrypt,
  generateKey,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import { checkTransited, transitedRealms } from '../../../src/kerberos/accept/transited.ts'
import {
  authenticatorChecksum,
  decodeAuthenticatorChecksum,
} from '../../../src/kerberos/gss/authenticator-checksum.ts'
import { decodeNegTokenInit } from '../../../src/kerberos/gss/spnego.ts'
import { KeyUsage } from '../../../src/kerberos/iana/index.ts'
import { AcceptError, Acceptor, KerberosError } from '../../../src/kerberos/index.ts'
import * as m from '../../../src/kerberos/messages/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { encodePac } from '../../support/pac-writer.ts'
import { repeatableRandom } from '../random.ts'
import { captured, mitMade } from '../seeds.ts'
import { derTarget, octetTarget, textTarget, type Target } from '../target.ts'

const random = repeatableRandom('accept')
const clock = new ManualClock()
const NOW_MS = clock.nowMs()
const REALM = 'CORP.EXAMPLE'
const SERVICE = { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] }
const serviceKey = generateKey(18, random)
const sessionKey = generateKey(18, random)

/** One without a memory: the same input may come again. */
function accept(token: Uint8Array): unknown {
  const entry = { principal: SERVICE, realm: REALM, kvno: 1, timestampMs: 0, key: serviceKey }
  const acceptor = new Acceptor({ keys: [entry] }, { clock, random })
  return acceptor.accept(token, { clientAddress: '192.0.2.7' })
}

const TICKET: m.EncTicketPart = {
  ...{ flags: 0, key: sessionKey, crealm: REALM },
  cname: { nameType: 1, nameString: ['alice'] },
  transited: { trType: 1, contents: new Uint8Array(0) },
  ...{ authTimeMs: NOW_MS, startTimeMs: NOW_MS, endTimeMs: NOW_MS + 3_600_000 },
}
const AUTHENTICATOR: m.Authenticator = {
  ...{ crealm: REALM, cname: TICKET.cname, cusec: 0, ctimeMs: NOW_MS, seqNumber: 1 },
  cksum: { cksumtype: 0x8003, checksum: authenticatorChecksum(new Uint8Array(16), 2) },
  subkey: generateKey(18, random),
}

function sealed(key: EncryptionKey, usage: number, plain: Uint8Array): m.EncryptedData {
  return { etype: key.etype, cipher: encrypt(key, usage, plain, random) }
}

/** The key in a ticket, where it is one that can be used: then the authenticator is read too. */
function keyIn(part: Uint8Array): EncryptionKey {
  try {
    const { key } = m.decodeEncTicketPart(part)
    return key.etype === 18 && key.value.length === 32 ? key : sessionKey
  } catch {
    return sessionKey
  }
}

/** A bare AP-REQ. */
function apReq(part: Uint8Array, authenticator: Uint8Array): Uint8Array {
  return m.encodeApReq({
    apOptions: 0x20000000,
    ticket: m.encodeTicket({
      ...{ realm: REALM, sname: SERVICE },
      encPart: { ...sealed(serviceKey, KeyUsage.TICKET, part), kvno: 1 },
    }),
    authenticator: sealed(keyIn(part), KeyUsage.AP_REQ_AUTHENTICATOR, authenticator),
  })
}

function pair(ticket: Partial<m.EncTicketPart>, authenticator: Partial<m.Authenticator>): Buffer {
  return Buffer.concat([
    m.encodeEncTicketPart({ ...TICKET, ...ticket }),
    m.encodeAuthenticator({ ...AUTHENTICATOR, ...authenticator }),
  ])
}

function relevant(adType: number, adData: Uint8Array): m.AuthorizationData {
  return [{ adType: 1, adData: m.encodeAuthorizationData([{ adType, adData }]) }]
}

function signer(key: EncryptionKey) {
  const sign = (data: Uint8Array) => checksum(key, KeyUsage.KERB_NON_KERB_CKSUM, data)
  return { type: 16, sign }
}

const PAC = encodePac(
  {
    ...{ effectiveName: 'alice', logonDomainName: 'CORP', logonDomainSid: 'S-1-5-21-1-2-3' },
    ...{ userId: 1104, groupIds: [513], authTimeMs: NOW_MS },
  },
  { server: signer(serviceKey), kdc: signer(sessionKey) },
)

const PAIRS = [
  pair({}, {}),
  pair({ authorizationData: relevant(128, PAC) }, {}),
  pair({ crealm: 'A.B.C' }, { crealm: 'A.B.C' }),
  pair(
    { transited: { trType: 1, contents: Buffer.from('B.,/X,,Y') }, crealm: 'A.B' },
    { crealm: 'A.B' },
  ),
  pair(
    {
      caddr: [
        { addrType: 2, address: Buffer.of(192, 0, 2, 7) },
        { addrType: 20, address: Buffer.from('PC') },
      ],
    },
    { authorizationData: relevant(143, Buffer.of(0, 64, 0, 0)) },
  ),
]

/** What stands in ticket and authenticator, sealed anew: an evil KDC, or an evil client with a good ticket. */
const opened = octetTarget(
  {
    name: 'accept/opened-ticket',
    refusesPrefixes: true,
    seeds: [
      ...PAIRS,
      ...captured('enc-ticket-part').map((part) =>
        Buffer.concat([part, m.encodeAuthenticator(AUTHENTICATOR)]),
      ),
    ],
    shortRuns: 250,
    decode: (octets) => {
      const reader = new DerReader(octets, 'ticket and authenticator')
      const part = reader.any().raw
      return accept(apReq(part, reader.any().raw))
    },
  },
  'der',
)

/** The token itself, nothing of which is protected before the ticket is opened. */
const token = octetTarget(
  {
    name: 'accept/token',
    refusesPrefixes: true,
    seeds: [
      ...PAIRS.slice(0, 1).map((octets) => {
        const reader = new DerReader(octets, 'seed')
        return apReq(reader.any().raw, reader.any().raw)
      }),
      ...captured('spnego-init'),
      ...mitMade('spnego'),
      ...mitMade('krb5'),
      Buffer.from('NTLMSSP\0\u0001'),
    ],
    shortRuns: 500,
    decode: accept,
    isRefusal: (error) => error instanceof AcceptError,
  },
  'der',
)

/** A NegTokenInit out of its framing. */
function offerIn(framed: Uint8Array): Uint8Array {
  const { content } = new DerReader(framed, 'token').any()
  return content.subarray(new DerReader(content, 'mechanism').any().raw.length)
}

const offer = derTarget({
  name: 'gss/neg-token-init',
  seeds: [...captured('spnego-init'), ...mitMade('spnego')].map(offerIn),
  decode: decodeNegTokenInit,
})

const flags = octetTarget({
  name: 'gss/authenticator-checksum',
  refusesPrefixes: true,
  seeds: [
    authenticatorChecksum(new Uint8Array(16), 0x3e),
    Buffer.concat([
      authenticatorChecksum(new Uint8Array(16), 1),
      Buffer.from('0100020076aa', 'hex'),
    ]),
  ],
  decode: decodeAuthenticatorChecksum,
  check: ({ binding }) => (binding.length === 16 ? undefined : 'a binding of another length'),
})

/** Realms on the way; the first line is the client's realm, the second ours. */
const path = textTarget({
  name: 'accept/transited',
  seeds: [
    'A.B.CORP.EXAMPLE\nCORP.EXAMPLE\nB.CORP.EXAMPLE',
    'A.X\nB.Y\n,X,Y.,/U/V,/W,\\,a, b',
    '\n\n,,',
  ],
  words: [',', '.', 'a.', ',a.', '/', '/a', '\\', ' ', ',,', '\n', 'X'],
  decode: (text) => {
    const [client = '', server = '', ...rest] = text.split('\n')
    const contents = Buffer.from(rest.join('\n'))
    const part = { ...TICKET, crealm: client, transited: { trType: 1, contents } }
    checkTransited(part, server, [])
    return transitedRealms(contents, client, server)
  },
  isRefusal: (error) => error instanceof KerberosError && error.code === 'ERR_KRB_NOT_ACCEPTED',
})

export const ACCEPT_TARGETS: readonly Target[] = [token, opened, offer, flags, path]
