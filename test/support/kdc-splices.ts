/** What someone on the wire to the KDC can do to an exchange without knowing a key. */

import { MessageType, PaType } from '../../src/kerberos/index.ts'
import {
  decodeKdcRep,
  decodeTicket,
  encodeKdcRep,
  encodeKdcReq,
  encodeTicket,
  findPaData,
  type KdcRep,
  type PaData,
} from '../../src/kerberos/messages/index.ts'
import type { Answer, Intercepted, KdcExchange, Wiretap } from './kdc-proxy.ts'

/** What was heard of an exchange that went through untouched. */
export interface Recording {
  readonly request: Intercepted
  readonly reply: Uint8Array
}

/** Changes the answer to one exchange; `bob` is a recording of the same exchange in another user's name. */
export type Splice = (now: Intercepted, bob: Recording) => Promise<Answer>

const tgsRep = (octets: Uint8Array): KdcRep => decodeKdcRep(octets, MessageType.TGS_REP)

function flipped(octets: Uint8Array, at = octets.length >> 1): Uint8Array {
  const copy = Uint8Array.from(octets)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** Rewrites an honest reply. */
function rewrite(change: (reply: KdcRep, bob: KdcRep) => KdcRep): Splice {
  return async (now, bob) => encodeKdcRep(change(tgsRep(await now.ask()), tgsRep(bob.reply)))
}

/** Bob's PA-FOR-USER, which no checksum ties to a request, in a request that is otherwise the client's own. */
function withUserOf({ request }: Intercepted, bob: Recording): Uint8Array {
  const mine = (request.padata ?? []).filter(
    ({ padataType }) => padataType !== PaType.PA_FOR_USER && padataType !== PaType.PA_S4U_X509_USER,
  )
  const padataValue = findPaData(bob.request.request.padata, PaType.PA_FOR_USER)
  if (padataValue === undefined) throw new Error('no PA-FOR-USER was recorded')
  const his: PaData = { padataType: PaType.PA_FOR_USER, padataValue }
  return encodeKdcReq({ ...request, padata: [...mine, his] })
}

/** The KDC itself is made to answer for bob, with the client's own nonce. */
const bobsUser: Splice = (now, bob) => now.ask(withUserOf(now, bob))

/** The same, with the client's name written over bob's where nothing protects it. */
const bobsUserRenamed: Splice = async (now, bob) => {
  const { cname, crealm } = tgsRep(await now.ask())
  return encodeKdcRep({ ...tgsRep(await now.ask(withUserOf(now, bob))), cname, crealm })
}

function changeTicket(change: (ticket: ReturnType<typeof decodeTicket>) => object): Splice {
  return rewrite((reply) => {
    const ticket = decodeTicket(reply.ticket)
    return { ...reply, ticket: encodeTicket({ ...ticket, ...change(ticket) }) }
  })
}

function raw(length: number, octets: Uint8Array): Answer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(length)
  return { raw: Buffer.concat([head, octets]) }
}

/** Every change to a ticket's reply, with the codes that may come of it. */
export const SPLICES: readonly {
  readonly name: string
  readonly splice: Splice
  readonly codes: readonly string[]
}[] = [
  {
    name: "bob's ticket under alice's name",
    splice: rewrite((reply, bob) => ({ ...reply, ticket: bob.ticket })),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "bob's ticket and name",
    splice: rewrite((reply, bob) => ({ ...reply, ticket: bob.ticket, cname: bob.cname })),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "bob's name around alice's ticket",
    splice: rewrite((reply, bob) => ({ ...reply, cname: bob.cname })),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "bob's whole reply",
    splice: (_now, bob) => Promise.resolve(bob.reply),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "bob's protected part around alice's ticket",
    splice: rewrite((reply, bob) => ({ ...reply, encPart: bob.encPart })),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "a request with bob's PA-FOR-USER",
    splice: bobsUser,
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: "a request with bob's PA-FOR-USER, the reply renamed to alice",
    splice: bobsUserRenamed,
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: 'another realm for the client',
    splice: rewrite((reply) => ({ ...reply, crealm: 'EVIL.EXAMPLE' })),
    codes: ['ERR_KRB_REPLY_MISMATCH'],
  },
  {
    name: 'a flipped bit in the protected part',
    splice: rewrite((reply) => ({
      ...reply,
      encPart: { ...reply.encPart, cipher: flipped(reply.encPart.cipher) },
    })),
    codes: ['ERR_KRB_INTEGRITY'],
  },
  {
    name: 'a flipped bit in the ticket',
    splice: changeTicket(({ encPart }) => ({
      encPart: { ...encPart, cipher: flipped(encPart.cipher) },
    })),
    codes: ['ERR_KRB_INTEGRITY'],
  },
  {
    name: 'another encryption type for the protected part',
    splice: rewrite((reply) => ({ ...reply, encPart: { ...reply.encPart, etype: 23 } })),
    codes: ['ERR_KRB_REPLY_MISMATCH', 'ERR_KRB_ETYPE'],
  },
  {
    name: 'half a reply',
    splice: async (now) => {
      const reply = await now.ask()
      return reply.subarray(0, reply.length >> 1)
    },
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'octets after the reply',
    splice: async (now) => Buffer.concat([await now.ask(), Buffer.from([0, 0])]),
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'garbage',
    splice: () => Promise.resolve(Buffer.from('this is no Kerberos message at all')),
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'an empty reply',
    splice: () => Promise.resolve(raw(0, Buffer.alloc(0))),
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'fewer octets than announced',
    splice: async (now) => {
      const reply = await now.ask()
      return raw(reply.length, reply.subarray(0, reply.length - 1))
    },
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'an announcement of 4 GiB',
    splice: () => Promise.resolve(raw(0xffffffff, Buffer.alloc(100))),
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
  {
    name: 'silence',
    splice: () => Promise.resolve('never'),
    codes: ['ERR_KRB_KDC_UNREACHABLE'],
  },
]

/**
 * Lets everything through and remembers one exchange.
 *
 * @param exchange - Which.
 * @param keep - Told of each.
 * @returns The wiretap.
 */
export function recorder(exchange: KdcExchange, keep: (recording: Recording) => void): Wiretap {
  return async (request) => {
    const reply = await request.ask()
    if (request.exchange === exchange) keep({ request, reply })
    return reply
  }
}

/**
 * Applies a splice to one exchange and lets the others through.
 *
 * @param exchange - Which.
 * @param splice - What to do.
 * @param bob - A recording of it.
 * @returns The wiretap.
 */
export function splicer(exchange: KdcExchange, splice: Splice, bob: Recording): Wiretap {
  return (now) => (now.exchange === exchange ? splice(now, bob) : now.ask())
}
