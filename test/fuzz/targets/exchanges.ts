/**
 * Whole exchanges with a KDC that lies: what it protects is mutated and then sealed with the right keys, so that the checks
 * behind decryption are reached. Several messages stand side by side in an input.
 */

import { DerReader } from '../../../src/asn1/index.ts'
import { encrypt, type EncryptionKey } from '../../../src/kerberos/crypto/index.ts'
import {
  asExchange,
  tgsExchange,
  type Exchange,
  type ExchangePorts,
  type ServiceTicket,
} from '../../../src/kerberos/exchange/index.ts'
import { KeytabKeys } from '../../../src/kerberos/exchange/keytab-keys.ts'
import * as m from '../../../src/kerberos/messages/index.ts'
import { SallyportError, type Random } from '../../../src/platform/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { captured, mitMessages } from '../seeds.ts'
import { octetTarget, type Target } from '../target.ts'

/** Always the same: nonces and keys are known to the KDC. */
const random: Random = { bytes: (octets) => new Uint8Array(octets).fill(0x5a) }
const NONCE = 0x5a5a5a5a >>> 1
const clock = new ManualClock()
const NOW_MS = clock.nowMs()
const REALM = 'CORP.EXAMPLE'
const CLIENT = { nameType: 1, nameString: ['CONN1$'] }
const KRBTGT = { nameType: 2, nameString: ['krbtgt', REALM] }
const SERVICE = { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] }
const key: EncryptionKey = { etype: 18, value: new Uint8Array(32).fill(3) }

const ports: ExchangePorts = {
  ...{ clock, random, maxClockSkewMs: 300_000, etypes: [18, 17, 20, 19] },
  ticketLifetimeMs: 36_000_000,
}

/** Elements side by side. */
function elementsOf(octets: Uint8Array): Uint8Array[] {
  const reader = new DerReader(octets, 'replies')
  const elements: Uint8Array[] = []
  while (!reader.done && elements.length < 8) elements.push(reader.any().raw)
  return elements
}

/** A reply as it is, or with the part that follows it sealed into it; what cannot be read goes unchanged. */
function repliesOf(elements: readonly Uint8Array[], usage: number): Uint8Array[] {
  const replies: Uint8Array[] = []
  for (let at = 0; at < elements.length; at += 1) {
    const [reply, part] = [elements[at], elements[at + 1]]
    if (reply === undefined) break
    const isReply = reply[0] === 0x6b || reply[0] === 0x6d
    if (isReply && part !== undefined) at += 1
    replies.push(isReply && part !== undefined ? withPart(reply, part, usage) : reply)
  }
  return replies
}

function withPart(reply: Uint8Array, part: Uint8Array, usage: number): Uint8Array {
  try {
    const decoded = m.decodeKdcRep(reply, reply[0] === 0x6b ? 11 : 13)
    const encPart = { etype: 18, cipher: encrypt(key, usage, part, random) }
    return m.encodeKdcRep({ ...decoded, encPart })
  } catch (error) {
    if (error instanceof SallyportError) return reply
    throw error
  }
}

function drive<T>(exchange: Exchange<T>, replies: readonly Uint8Array[]): T {
  let step = exchange.next()
  for (const reply of replies) {
    if (step.done === true) break
    step = exchange.next(reply)
  }
  if (step.done === true) return step.value
  throw new SallyportError('ERR_PLATFORM_FUZZ', 'one more reply is wanted')
}

const TICKET: m.Ticket = {
  ...{ realm: REALM, sname: SERVICE },
  encPart: { etype: 18, kvno: 1, cipher: new Uint8Array(64) },
}
const TIMES = { authTimeMs: NOW_MS, startTimeMs: NOW_MS, endTimeMs: NOW_MS + 3_600_000 }
const PART: m.EncKdcRepPart = {
  ...{ key: { etype: 18, value: new Uint8Array(32).fill(9) }, lastReq: [], nonce: NONCE },
  ...{ flags: 0x40000000, ...TIMES, srealm: REALM, sname: SERVICE },
}

/** Reply and protected part. */
function granted(
  msgType: 11 | 13,
  sname: m.PrincipalName,
  padata: readonly m.PaData[] = [],
): Buffer {
  const reply = {
    ...{ msgType, crealm: REALM, cname: CLIENT, padata },
    ticket: m.encodeTicket({ ...TICKET, sname }),
    encPart: { etype: 18, cipher: new Uint8Array(64) },
  }
  const part = m.encodeEncKdcRepPart({ ...PART, sname }, msgType === 11 ? 25 : 26)
  return Buffer.concat([m.encodeKdcRep(reply), part])
}

const TGT: ServiceTicket = {
  ...{ client: CLIENT, clientRealm: REALM, server: KRBTGT, serverRealm: REALM },
  ...{ ticket: m.encodeTicket({ ...TICKET, sname: KRBTGT }), sessionKey: key },
  ...{ flags: 0x40e00000, ...TIMES },
}

/** Ours, and not over by more than the clocks may differ. */
function isOfUse({ clientRealm, endTimeMs }: ServiceTicket): boolean {
  return clientRealm === REALM && endTimeMs + ports.maxClockSkewMs > NOW_MS
}

const ERRORS = [...captured('krb-error'), ...mitMessages('krb-error')]

const tgs = octetTarget(
  {
    name: 'exchange/tgs',
    refusesPrefixes: true,
    seeds: [
      granted(13, SERVICE),
      granted(13, { nameType: 2, nameString: ['krbtgt', 'B'] }),
      ...ERRORS,
    ],
    shortRuns: 250,
    decode: (octets) => {
      const question = { exchange: 'TGS', tgt: TGT, sname: SERVICE } as const
      return drive(tgsExchange(question, ports), repliesOf(elementsOf(octets), 8))
    },
    check: ({ ticket }) => (isOfUse(ticket) ? undefined : 'a ticket of no use'),
  },
  'der',
)

const identity = { principal: CLIENT, realm: REALM }
const keys = new KeytabKeys(identity, [{ ...identity, kvno: 1, timestampMs: 0, key }])

/** KDC_ERR_PREAUTH_REQUIRED with encryption types and salt. */
const DEMAND = m.encodeKrbError({
  ...{ stimeMs: NOW_MS, susec: 0, errorCode: 25, realm: REALM, sname: KRBTGT },
  eData: m.encodeMethodData([
    { padataType: 2, padataValue: new Uint8Array(0) },
    { padataType: 19, padataValue: m.encodeEtypeInfo2([{ etype: 18, salt: 'CORP.EXAMPLECONN1' }]) },
  ]),
})

const as = octetTarget(
  {
    name: 'exchange/as',
    refusesPrefixes: true,
    seeds: [
      Buffer.concat([DEMAND, granted(11, KRBTGT)]),
      granted(11, KRBTGT),
      ...ERRORS.map((error) => Buffer.concat([DEMAND, error])),
      ...captured('krb-error'),
    ],
    shortRuns: 250,
    decode: (octets) =>
      drive(asExchange({ identity, keys }, ports), repliesOf(elementsOf(octets), 3)),
    check: (ticket) => (isOfUse(ticket) ? undefined : 'a ticket of no use'),
  },
  'der',
)

export const EXCHANGE_TARGETS: readonly Target[] = [tgs, as]
