/**
 * The control messages about a connector's caches: what do they hold, what has been dropped. Never a key, a ticket or a token.
 * PROTOCOL.md sections 8.2 and 8.3.
 *
 * @module
 */

import { z } from 'zod'

/** Gateway to connector: what do the caches hold? Only to a connector that announced `inspect`. */
export interface InspectMessage {
  readonly type: 'inspect'
  /** Names the question; free again once it is answered. */
  readonly id: string
  /** Entries of this user alone. */
  readonly user?: string
  /** Entries for this service alone. */
  readonly servicePrincipalName?: string
}

/** What is asked under way, and what waits for its turn. */
export interface QueueFigures {
  readonly running: number
  readonly waiting: number
}

/** Refusals by the kind of no they are. */
export interface RefusalFigures {
  readonly policy: number
  readonly unknown: number
  readonly transport: number
  readonly other: number
}

/** The ticket cache: counted from the connector's start on, and what is kept now. */
export interface TicketFigures {
  readonly hits: number
  readonly misses: number
  readonly refreshes: number
  readonly refreshFailures: number
  readonly standIns: number
  /** What has left the cache, by the reason. */
  readonly evicted: {
    readonly refused: number
    readonly flushed: number
    readonly ended: number
    readonly expired: number
    readonly pushedOut: number
  }
  /** Service tickets kept; some may be past their end. */
  readonly kept: number
  readonly octets: number
  readonly evidenceKept: number
  readonly evidenceOctets: number
  /** Remembered at this moment. */
  readonly refusals: RefusalFigures
  /** Requests that a remembered refusal answered. */
  readonly refusalHits: RefusalFigures
  /** Exchanges with KDCs. */
  readonly queue: QueueFigures
}

/** The accounts, likewise. */
export interface AccountFigures {
  readonly hits: number
  readonly lookups: number
  readonly standIns: number
  readonly kept: number
  readonly refusals: RefusalFigures
  readonly refusalHits: RefusalFigures
  /** Look-ups in the directory. */
  readonly queue: QueueFigures
}

/** One service ticket. */
export interface CacheEntry {
  /** `alice@CORP.EXAMPLE` */
  readonly user: string
  readonly servicePrincipalName: string
  /** Not used from then on, milliseconds since 1970; so are the other times. */
  readonly expiresMs: number
  /** Renewed when it is used after that. Absent: never, or that is under way. */
  readonly refreshFromMs?: number
  readonly lastUsedMs: number
  readonly octets: number
}

/** What a connector's caches hold. */
export interface CacheContents {
  /** Absent in a connector without Kerberos; so are the accounts. */
  readonly tickets?: TicketFigures
  readonly accounts?: AccountFigures
  /** Used last first. */
  readonly entries: readonly CacheEntry[]
  /** Entries that were asked for and found no room in the answer. */
  readonly more: number
}

/** Connector to gateway: the answer to `inspect`. */
export interface InspectedMessage {
  readonly type: 'inspected'
  readonly id: string
  readonly cache: CacheContents
}

/** What a flush has dropped. */
export interface DroppedFigures {
  /** Service tickets that could still be used. */
  readonly tickets: number
  /** Evidence tickets, likewise. */
  readonly evidence: number
  readonly accounts: number
  /** Refusals of KDCs that were remembered. */
  readonly kdcRefusals: number
  /** Refusals of the directory, likewise. */
  readonly directoryRefusals: number
}

/** Connector to gateway: the answer to a `flush` with an id. */
export interface FlushedMessage {
  readonly type: 'flushed'
  readonly id: string
  readonly dropped: DroppedFigures
}

const id = z.string().min(1).max(128)
const count = z.number().min(0)
/** As far as dates go (ECMA-262 section 21.4.1.1). */
const time = count.max(8_640_000_000_000_000)
const queue = z.object({ running: count, waiting: count }).readonly()
const refusals = z
  .object({ policy: count, unknown: count, transport: count, other: count })
  .readonly()

/** Longest name of a user, and of a service, that a message may have. */
export const MAX_USER_LENGTH = 1024
export const MAX_SPN_LENGTH = 512

/** The shape of `flushed`. */
export const flushedSchema: z.ZodType<FlushedMessage> = z.object({
  type: z.literal('flushed'),
  id,
  dropped: z
    .object({
      ...{ tickets: count, evidence: count, accounts: count },
      ...{ kdcRefusals: count, directoryRefusals: count },
    })
    .readonly(),
})

/** Which tickets are meant, in `flush` and `inspect`. */
export const cacheFilter: {
  readonly user: z.ZodExactOptional<z.ZodString>
  readonly servicePrincipalName: z.ZodExactOptional<z.ZodString>
} = {
  user: z.string().min(1).max(MAX_USER_LENGTH).exactOptional(),
  servicePrincipalName: z.string().min(1).max(MAX_SPN_LENGTH).exactOptional(),
}

/** The shape of `inspect`. */
export const inspectSchema: z.ZodType<InspectMessage> = z.object({
  type: z.literal('inspect'),
  id,
  ...cacheFilter,
})

const tickets: z.ZodType<TicketFigures> = z.object({
  ...{ hits: count, misses: count, refreshes: count, refreshFailures: count, standIns: count },
  evicted: z
    .object({
      ...{ refused: count, flushed: count, ended: count, expired: count, pushedOut: count },
    })
    .readonly(),
  ...{ kept: count, octets: count, evidenceKept: count, evidenceOctets: count },
  ...{ refusals, refusalHits: refusals, queue },
})

const accounts: z.ZodType<AccountFigures> = z.object({
  ...{ hits: count, lookups: count, standIns: count, kept: count },
  ...{ refusals, refusalHits: refusals, queue },
})

const entry: z.ZodType<CacheEntry> = z.object({
  user: z.string().max(1024),
  servicePrincipalName: z.string().max(512),
  expiresMs: time,
  refreshFromMs: time.exactOptional(),
  lastUsedMs: time,
  octets: count,
})

/** The shape of `inspected`. */
export const inspectedSchema: z.ZodType<InspectedMessage> = z.object({
  type: z.literal('inspected'),
  id,
  cache: z
    .object({
      tickets: tickets.exactOptional(),
      accounts: accounts.exactOptional(),
      entries: z.array(entry).max(1000).readonly(),
      more: count,
    })
    .readonly(),
})
