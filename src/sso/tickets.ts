/**
 * Evidence and service tickets of users, kept in memory and never longer than trust lasts (design, invariant 9).
 *
 * Keys name the own principal, the user's SID, realm and name, how the evidence came about, and for service tickets the
 * SPN. Concurrent requests for one key ask the KDC once.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { Initiator, type ServiceTicket } from '../kerberos/index.ts'
import { errorCode } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import type { Identity } from './identity.ts'
import type { SsoLimits } from './limits.ts'
import type { BackendPolicy } from './policy.ts'
import { refuseProtectedUser } from './privileged.ts'
import { RefusalMemory } from './refusals.ts'
import type {
  ExchangeCounts,
  Flight,
  Guarded,
  Kept,
  KeptEvidence,
  PreparedTicket,
  TicketContext,
  TicketPorts,
  TicketWish,
} from './ticket-types.ts'
import { isTransportFailure } from './transport-failure.ts'

/** Keys, flags and times beside the ticket's own octets. */
const OVERHEAD_OCTETS = 2048

/** Refusals that are about the user, not about the service. */
const USER_REFUSALS = new Set([
  'ERR_KRB_CLIENT_UNKNOWN',
  'ERR_KRB_CLIENT_REVOKED',
  'ERR_KRB_CLIENT_KEY_EXPIRED',
  'ERR_KRB_NOT_FORWARDABLE',
])

const CACHE_MANNERS = { ignoreFetchAbort: true, noDeleteOnFetchRejection: true } as const

function clear(evidence: KeptEvidence, backend: BackendPolicy): void {
  if (evidence.cleared.has(backend)) return
  const { account } = evidence.identity
  refuseProtectedUser(account, evidence.evidence.groupSids)
  backend.mayImpersonate({ account, groupSids: evidence.evidence.groupSids })
  evidence.cleared.add(backend)
}

function sameSpn(left: string | undefined, right: string): boolean {
  return left?.toLowerCase() === right.toLowerCase()
}

function lost(): SsoError {
  return new SsoError(
    'ERR_BACKEND_ABORTED',
    'the ticket was dropped from the cache while it was fetched',
    {
      mend: 'Raise ticketCount or ticketOctets.',
    },
  )
}

/** Gets, keeps and drops tickets. */
export class TicketKeeper {
  readonly #ports: TicketPorts
  readonly #limits: SsoLimits
  readonly #own: string
  readonly #evidence: LRUCache<string, KeptEvidence, TicketWish>
  readonly #tickets: LRUCache<string, PreparedTicket, TicketContext>
  readonly #flights = new Set<Flight>()
  readonly #refusals: RefusalMemory
  readonly counts: ExchangeCounts = { impersonations: 0, delegations: 0 }

  constructor(ports: TicketPorts, limits: SsoLimits) {
    this.#ports = ports
    this.#limits = limits
    this.#own = ports.kerberos.name
    this.#refusals = new RefusalMemory(ports.clock, limits)
    this.#evidence = new LRUCache<string, KeptEvidence, TicketWish>({
      ...CACHE_MANNERS,
      max: limits.ticketCount,
      maxSize: limits.ticketOctets,
      sizeCalculation: (kept) => kept.evidence.ticket.length + OVERHEAD_OCTETS,
      fetchMethod: (key, stale, { context }) => {
        const evict = (): void => void this.#evidence.delete(key)
        const flight = { identity: context.identity, spn: undefined, evict, dropped: false }
        return this.#guard({ flight, stale, wish: context }, () => this.#impersonate(context))
      },
    })
    this.#tickets = new LRUCache<string, PreparedTicket, TicketContext>({
      ...CACHE_MANNERS,
      max: limits.ticketCount,
      maxSize: limits.ticketOctets,
      sizeCalculation: (kept) => kept.octets + OVERHEAD_OCTETS,
      fetchMethod: (key, stale, { context }) => {
        const evict = (): void => void this.#tickets.delete(key)
        const flight = { identity: context.identity, spn: context.spn, evict, dropped: false }
        return this.#guard({ flight, stale, wish: context }, () => this.#delegate(context))
      },
    })
  }

  #userKey(identity: Identity): string {
    const { realm, sAMAccountName } = identity.account
    return `${identity.user}\n${this.#own}\nS4U2Self\n${realm}\n${sAMAccountName}`
  }

  #isGood(kept: Kept | undefined, signedInMs: number): boolean {
    return (
      kept !== undefined &&
      kept.signedInMs >= signedInMs &&
      this.#ports.clock.nowMs() < kept.freshUntilMs
    )
  }

  /**
   * A ticket that is at hand.
   *
   * @param wish - For whom and to where.
   * @returns The ticket, or undefined when the KDC must be asked.
   * @throws SsoError ERR_SSO_NEVER_IMPERSONATE or ERR_SSO_NOT_DELEGATABLE, by the PAC.
   */
  known(wish: TicketWish): PreparedTicket | undefined {
    const ticket = this.#tickets.get(`${this.#userKey(wish.identity)}\n${wish.spn}`)
    if (ticket === undefined || !this.#isGood(ticket, wish.signedInMs)) return undefined
    clear(ticket.evidence, wish.backend)
    return ticket
  }

  /**
   * A ticket, asked of the KDC where none is at hand.
   *
   * @param wish - For whom and to where.
   * @returns The ticket.
   * @throws KerberosError as the KDC client does; SsoError ERR_SSO_NEVER_IMPERSONATE or ERR_SSO_NOT_DELEGATABLE.
   */
  async obtain(wish: TicketWish): Promise<PreparedTicket> {
    // A newer sign-in is another question.
    const question = `${this.#userKey(wish.identity)}\n${wish.spn}\n${wish.signedInMs}`
    const evidence = await this.#refusals.guard(question, () => this.#obtainEvidence(wish))
    clear(evidence, wish.backend)
    return this.#refusals.guard(question, () => this.#obtainTicket({ ...wish, evidence }))
  }

  #obtainEvidence(wish: TicketWish): Promise<KeptEvidence> {
    const key = this.#userKey(wish.identity)
    return this.#fetchGood(wish, (forceRefresh) =>
      this.#evidence.fetch(key, { context: wish, forceRefresh }),
    )
  }

  #obtainTicket(context: TicketContext): Promise<PreparedTicket> {
    const key = `${this.#userKey(context.identity)}\n${context.spn}`
    return this.#fetchGood(context, (forceRefresh) =>
      this.#tickets.fetch(key, { context, forceRefresh }),
    )
  }

  /** Takes what is kept or being fetched; where that is too old for this sign-in, fetches again. */
  async #fetchGood<T extends Kept>(
    wish: TicketWish,
    fetch: (forceRefresh: boolean) => Promise<T | undefined>,
  ): Promise<T> {
    const kept = await fetch(false)
    if (kept !== undefined && this.#isGood(kept, wish.signedInMs)) return kept
    const fetched = await fetch(true)
    if (fetched === undefined) throw lost()
    return fetched
  }

  /**
   * After a backend refused a token: a ticket made anew, unless this one is young already.
   *
   * @param ticket - What the refused token was made from.
   * @param wish - For whom and to where.
   * @returns A ticket for the one retry.
   */
  async renew(ticket: PreparedTicket, wish: TicketWish): Promise<PreparedTicket> {
    const ageMs = this.#ports.clock.nowMs() - ticket.fetchedMs
    if (ageMs < this.#limits.ticketRefetchAgeMs) return ticket
    const key = `${this.#userKey(wish.identity)}\n${wish.spn}`
    if (this.#tickets.get(key) === ticket) this.#tickets.delete(key)
    return this.obtain(wish)
  }

  /** What happens around every exchange: a refusal ends all of the user's, a transport failure ends nothing. */
  async #guard<T extends Kept>(around: Guarded<T>, fetch: () => Promise<T>): Promise<T> {
    const { flight, stale, wish } = around
    this.#flights.add(flight)
    try {
      const kept = await fetch()
      return flight.dropped ? { ...kept, freshUntilMs: 0, endMs: 0 } : kept
    } catch (error) {
      return this.#afterFailure(error, wish, flight.dropped ? undefined : stale)
    } finally {
      this.#flights.delete(flight)
    }
  }

  #afterFailure<T extends Kept>(error: unknown, wish: TicketWish, stale: T | undefined): T {
    const now = this.#ports.clock.nowMs()
    if (isTransportFailure(error)) {
      if (stale === undefined || now >= stale.endMs) throw error
      const freshUntilMs = Math.min(stale.endMs, now + this.#limits.transportRetryMs)
      return { ...stale, freshUntilMs, signedInMs: wish.signedInMs }
    }
    // An SPN that was never granted says nothing about the user's other tickets.
    if (stale === undefined && !USER_REFUSALS.has(errorCode(error))) {
      this.#evidence.delete(this.#userKey(wish.identity))
    } else {
      this.drop((identity) => identity.user === wish.identity.user)
      this.#ports.onRefused(wish.identity.user)
    }
    throw error
  }

  #keep(ticket: ServiceTicket, wish: TicketWish): Kept {
    const fetchedMs = this.#ports.clock.nowMs()
    const endMs = Math.min(
      fetchedMs + this.#limits.ticketMs,
      ticket.endTimeMs - this.#limits.ticketMarginMs,
    )
    return {
      identity: wish.identity,
      signedInMs: wish.signedInMs,
      fetchedMs,
      freshUntilMs: endMs,
      endMs,
    }
  }

  async #impersonate(wish: TicketWish): Promise<KeptEvidence> {
    this.counts.impersonations++
    const evidence = await this.#ports.kerberos.impersonate(wish.identity.s4uUser)
    return { ...this.#keep(evidence, wish), evidence, cleared: new WeakSet() }
  }

  async #delegate(wish: TicketContext): Promise<PreparedTicket> {
    this.counts.delegations++
    const ticket = await this.#ports.kerberos.delegate(wish.evidence.evidence, wish.spn)
    const { kerberos, random, logger } = this.#ports
    const clock = kerberos.tokenClock?.(ticket.serverRealm) ?? this.#ports.clock
    logger.info('service ticket obtained', {
      user: wish.identity.account.sAMAccountName,
      servicePrincipalName: wish.spn,
      endsAt: new Date(ticket.endTimeMs).toISOString(),
    })
    return {
      ...this.#keep(ticket, wish),
      spn: wish.spn,
      initiator: new Initiator(ticket, { clock, random }),
      evidence: wish.evidence,
      octets: ticket.ticket.length,
    }
  }

  /**
   * Drops tickets and evidence.
   *
   * @param matches - Whose.
   * @param spn - Service tickets for this SPN alone, letter case aside; undefined: all, with the evidence.
   * @returns The users whose something was dropped.
   */
  drop(matches: (identity: Identity) => boolean, spn?: string): readonly string[] {
    const users = new Set<string>()
    this.#refusals.clear()
    // The caches do not list what is being fetched, so that is looked for here.
    for (const flight of this.#flights) {
      if (!matches(flight.identity) || (spn !== undefined && !sameSpn(flight.spn, spn))) continue
      flight.dropped = true
      flight.evict()
    }
    for (const [key, ticket] of [...this.#tickets.entries()]) {
      if (!matches(ticket.identity)) continue
      if (spn !== undefined && !sameSpn(ticket.spn, spn)) continue
      users.add(ticket.identity.user)
      this.#tickets.delete(key)
    }
    if (spn !== undefined) return [...users]
    for (const [key, kept] of [...this.#evidence.entries()]) {
      if (!matches(kept.identity)) continue
      users.add(kept.identity.user)
      this.#evidence.delete(key)
    }
    return [...users]
  }
}
