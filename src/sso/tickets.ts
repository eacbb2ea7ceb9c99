/**
 * Evidence and service tickets of users, kept in memory and never longer than trust lasts (design, invariant 9).
 *
 * Requests that find a ticket go on at once; in the last part of its use it is renewed behind their back. The others wait for
 * a turn at a KDC (./queues.ts), and whoever asks for the same waits for the same exchange (./ticket-store.ts).
 *
 * @module
 */

import { errorCode, errorText } from '../platform/index.ts'
import type { CacheContents, TicketFigures } from '../tunnel/index.ts'
import { cacheEntry, ticketFigures } from './cache-contents.ts'
import { SsoError } from './errors.ts'
import type { Identity } from './identity.ts'
import type { FairQueue } from './fair-queue.ts'
import type { SsoLimits } from './limits.ts'
import { kdcQueue } from './queues.ts'
import { RefusalMemory } from './refusals.ts'
import { clear, TicketErrands, type Errand, type FlushedTickets } from './ticket-errands.ts'
import type { DropReason, TicketCounters, TicketCounts } from './ticket-counts.ts'
import type { PreparedTicket, TicketPorts, TicketWish } from './ticket-types.ts'
import { isTransportFailure } from './transport-failure.ts'
import { userFields } from './user-fields.ts'

/** Gets, keeps and drops tickets. */
export class TicketKeeper {
  readonly counts: TicketCounts = {
    hits: 0,
    misses: 0,
    refreshes: 0,
    refreshFailures: 0,
    standIns: 0,
    refused: 0,
    flushed: 0,
    ended: 0,
    expired: 0,
    pushedOut: 0,
    impersonations: 0,
    delegations: 0,
  }
  readonly #ports: TicketPorts
  readonly #limits: SsoLimits
  readonly #queue: FairQueue
  readonly #errands: TicketErrands
  readonly #refusals: RefusalMemory<TicketWish>

  constructor(ports: TicketPorts, limits: SsoLimits) {
    this.#ports = ports
    this.#limits = limits
    this.#queue = kdcQueue(ports.clock, limits)
    this.#errands = new TicketErrands(ports, limits, { queue: this.#queue, counts: this.counts })
    this.#refusals = new RefusalMemory(ports.clock, limits)
  }

  /** What has been done, and what is kept and waits now. */
  get counters(): TicketCounters {
    const { evidence, tickets } = this.#errands
    return {
      ...this.counts,
      refusalHits: { ...this.#refusals.hits },
      kept: tickets.size,
      keptOctets: tickets.octets + evidence.octets,
      queue: { ...this.#queue.counts },
    }
  }

  #atHand(wish: TicketWish): PreparedTicket | undefined {
    return this.#errands.tickets.get(this.#errands.keys.ofTicket(wish))
  }

  /**
   * A ticket that is at hand. Near the end of its use it is renewed meanwhile.
   *
   * @param wish - For whom and to where.
   * @returns The ticket, or undefined when the KDC must be asked.
   * @throws SsoError ERR_SSO_NEVER_IMPERSONATE or ERR_SSO_NOT_DELEGATABLE, by the PAC.
   */
  known(wish: TicketWish): PreparedTicket | undefined {
    const ticket = this.#atHand(wish)
    const now = this.#ports.clock.nowMs()
    if (ticket === undefined || ticket.signedInMs < wish.signedInMs || now >= ticket.endMs) {
      return undefined
    }
    clear(ticket.evidence, wish)
    ticket.usedMs = now
    this.counts.hits += 1
    if (now >= ticket.refreshFromMs) void this.#refresh(ticket, wish)
    return ticket
  }

  /**
   * A ticket, asked of the KDC where none is at hand.
   *
   * @param wish - For whom and to where.
   * @returns The ticket.
   * @throws KerberosError as the KDC client does; SsoError ERR_SSO_NEVER_IMPERSONATE, ERR_SSO_NOT_DELEGATABLE,
   *   ERR_SSO_KDC_QUEUE_FULL or ERR_SSO_KDC_QUEUE_TIMEOUT.
   */
  async obtain(wish: TicketWish): Promise<PreparedTicket> {
    this.counts.misses += 1
    return this.#ask({ wish, urgency: 'waiting', instead: undefined })
  }

  /**
   * After a backend refused a token: a ticket made anew, unless this one is young already, or no KDC answers.
   *
   * @param ticket - What the refused token was made from.
   * @param wish - For whom and to where.
   * @returns A ticket for the one retry.
   */
  async renew(ticket: PreparedTicket, wish: TicketWish): Promise<PreparedTicket> {
    const ageMs = this.#ports.clock.nowMs() - ticket.fetchedMs
    if (ageMs < this.#limits.ticketRefetchAgeMs) return ticket
    return this.#ask({ wish: forBoth(wish, ticket), urgency: 'waiting', instead: ticket })
  }

  /** Asks, unless that was refused a moment ago. While no KDC answers, the ticket at hand stands in to its end. */
  #ask(errand: Errand): Promise<PreparedTicket> {
    const { wish } = errand
    const key = this.#errands.keys.ofTicket(wish)
    // A newer sign-in is another question.
    return this.#refusals.guard(`${key}\n${wish.signedInMs}`, wish, async () => {
      try {
        return await this.#errands.fetch(errand)
      } catch (error) {
        return this.#standIn(wish, error)
      }
    })
  }

  #standIn(wish: TicketWish, error: unknown): PreparedTicket {
    if (!isTransportFailure(error)) throw error
    const ticket = this.#atHand(wish)
    if (ticket === undefined || this.#ports.clock.nowMs() >= ticket.endMs) throw error
    clear(ticket.evidence, wish)
    this.counts.standIns += 1
    ticket.usedMs = this.#ports.clock.nowMs()
    ticket.signedInMs = Math.max(ticket.signedInMs, wish.signedInMs)
    ticket.refreshFromMs = this.#errands.retryAtMs()
    return ticket
  }

  /** Renews a ticket that is in use; nobody waits. A refusal evicts like any other, and what was dropped is let go. */
  async #refresh(ticket: PreparedTicket, wish: TicketWish): Promise<void> {
    ticket.refreshFromMs = Infinity
    this.counts.refreshes += 1
    try {
      await this.#errands.fetchOnce({
        wish: forBoth(wish, ticket),
        urgency: 'ahead',
        instead: ticket,
      })
    } catch (error) {
      const refused = !isTransportFailure(error)
      this.counts.refreshFailures += refused ? 0 : 1
      ticket.refreshFromMs = this.#errands.retryAtMs()
      this.#ports.logger[refused ? 'info' : 'debug']('a ticket in use could not be renewed', {
        ...userFields(wish.identity.account),
        servicePrincipalName: wish.spn,
        code: errorCode(error),
        reason: errorText(error),
      })
    }
  }

  /**
   * Drops everything of a user, at once; what is under way for them is not kept.
   *
   * @param user - Whose.
   * @param reason - Counted.
   */
  dropUser(user: string, reason: DropReason): void {
    this.#errands.dropUser(user, reason)
  }

  /**
   * Drops what an administrator means, remembered refusals with it.
   *
   * @param matches - Whose.
   * @param spn - Service tickets for this SPN alone, letter case aside; undefined: all, with the evidence.
   * @returns The users whose something was dropped, and how much.
   */
  flush(
    matches: (identity: Identity) => boolean,
    spn?: string,
  ): FlushedTickets & { readonly kdcRefusals: number } {
    const wanted = spn?.toLowerCase()
    const kdcRefusals = this.#refusals.drop(
      (wish) =>
        matches(wish.identity) && (wanted === undefined || wish.spn.toLowerCase() === wanted),
    )
    return { ...this.#errands.flush({ matches, spn }), kdcRefusals }
  }

  /**
   * What is kept, for an administrator to look at. Nothing is used by that.
   *
   * @param matches - Whose tickets are listed.
   * @param spn - Those for this SPN alone, letter case aside; undefined: all.
   * @returns Numbers about everything, and the tickets that were asked for.
   */
  inspect(
    matches: (identity: Identity) => boolean,
    spn?: string,
  ): Pick<CacheContents, 'entries' | 'more'> & { readonly tickets: TicketFigures } {
    const { evidence, tickets } = this.#errands
    const kept = {
      ...{ kept: tickets.size, octets: tickets.octets },
      ...{ evidenceKept: evidence.size, evidenceOctets: evidence.octets },
    }
    const { listed, more } = tickets.list({ matches, spn }, this.#limits.cacheShowEntries)
    const figures = ticketFigures(this.counters, kept, this.#refusals.remembered())
    return { tickets: figures, entries: listed.map(cacheEntry), more }
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#queue.close(new SsoError('ERR_SSO_CLOSED', 'the connector is shutting down'))
  }
}

/** A ticket that takes another's place serves the newer of both sign-ins. */
function forBoth(wish: TicketWish, { signedInMs }: PreparedTicket): TicketWish {
  return signedInMs > wish.signedInMs ? { ...wish, signedInMs } : wish
}
