/**
 * The way to a ticket: evidence first, then the ticket; what the PAC forbids, and what each refusal ends.
 *
 * @module
 */

import { errorCode, type Clock } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import type { RefusalListener } from './identity.ts'
import type { FairQueue, Urgency } from './fair-queue.ts'
import type { SsoLimits } from './limits.ts'
import { refuseProtectedUser } from './privileged.ts'
import { TicketExchanges } from './ticket-exchanges.ts'
import { TicketKeys } from './ticket-keys.ts'
import { TicketStore, type Selection } from './ticket-store.ts'
import type { DropReason, TicketCounts } from './ticket-counts.ts'
import type { Kept, KeptEvidence, PreparedTicket, TicketPorts, TicketWish } from './ticket-types.ts'
import { isTransportFailure } from './transport-failure.ts'

/** Refusals that are about the user, not about the service. */
const USER_REFUSALS = new Set([
  'ERR_KRB_CLIENT_UNKNOWN',
  'ERR_KRB_FOREIGN_USER',
  'ERR_KRB_CLIENT_REVOKED',
  'ERR_KRB_CLIENT_KEY_EXPIRED',
  'ERR_KRB_NOT_FORWARDABLE',
  'ERR_SSO_NOT_DELEGATABLE',
])

/** Asked once more where what came was dropped meanwhile. */
const MAX_TRIES = 3

/**
 * Asks the policy about the groups in the PAC, once for each row.
 *
 * @param evidence - With the PAC.
 * @param wish - With the row.
 * @throws SsoError ERR_SSO_NEVER_IMPERSONATE or ERR_SSO_NOT_DELEGATABLE.
 */
export function clear(evidence: KeptEvidence, { backend }: TicketWish): void {
  if (evidence.cleared.has(backend)) return
  const { account } = evidence.identity
  refuseProtectedUser(account, evidence.evidence.groupSids)
  backend.mayImpersonate({ account, groupSids: evidence.evidence.groupSids })
  evidence.cleared.add(backend)
}

/** What a flush dropped. */
export interface FlushedTickets {
  /** Whose. */
  readonly users: ReadonlySet<string>
  readonly tickets: number
  readonly evidence: number
}

/** How a ticket is asked for. */
export interface Errand {
  readonly wish: TicketWish
  readonly urgency: Urgency
  /** The ticket that is to be replaced, good as it may be. */
  readonly instead: PreparedTicket | undefined
}

/** Runs errands, and holds what they bring. */
export class TicketErrands {
  readonly keys: TicketKeys
  readonly evidence: TicketStore<KeptEvidence>
  readonly tickets: TicketStore<PreparedTicket>
  readonly #exchanges: TicketExchanges
  readonly #clock: Clock
  readonly #onRefused: RefusalListener

  constructor(
    ports: TicketPorts,
    limits: SsoLimits,
    shared: { readonly queue: FairQueue; readonly counts: TicketCounts },
  ) {
    this.keys = new TicketKeys(ports.kerberos)
    this.#clock = ports.clock
    this.#onRefused = ports.onRefused
    this.#exchanges = new TicketExchanges(ports, limits, shared)
    const ofEvidence = {
      octetsOf: ({ evidence }: KeptEvidence) => evidence.ticket.length,
      spnOf: () => undefined,
    }
    const ofTickets = {
      octetsOf: ({ octets }: PreparedTicket) => octets,
      spnOf: ({ spn }: PreparedTicket | TicketWish) => spn,
    }
    const clock = this.#clock
    this.evidence = new TicketStore<KeptEvidence>({ ...shared, clock, ...ofEvidence }, limits)
    this.tickets = new TicketStore<PreparedTicket>({ ...shared, clock, ...ofTickets }, limits)
  }

  /**
   * Says whether a ticket may be used without asking anybody.
   *
   * @param kept - The ticket.
   * @param wish - For which sign-in.
   * @returns False past its end, and for a newer sign-in.
   */
  isGood(kept: Kept, wish: TicketWish): boolean {
    return kept.signedInMs >= wish.signedInMs && this.#clock.nowMs() < kept.endMs
  }

  /** When a renewal that no KDC answered is tried again, milliseconds since 1970. */
  retryAtMs(): number {
    return this.#exchanges.retryAtMs()
  }

  /**
   * Fetches, again where what came was dropped meanwhile.
   *
   * @param errand - What is asked for.
   * @returns The ticket, or the one at hand where somebody else has fetched it meanwhile.
   * @throws KerberosError as the KDC client does; SsoError by the PAC, of the queue, or when it was dropped again and again.
   */
  async fetch(errand: Errand): Promise<PreparedTicket> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const ticket = await this.fetchOnce(errand)
      if (ticket !== undefined) return ticket
    }
    throw lost()
  }

  /**
   * Fetches.
   *
   * @param errand - What is asked for.
   * @returns The ticket; undefined when it was dropped meanwhile and must not be used.
   * @throws As `fetch`.
   */
  async fetchOnce(errand: Errand): Promise<PreparedTicket | undefined> {
    const { wish, instead } = errand
    const { evidence, asked } = await this.#obtainEvidence(errand)
    if (evidence === undefined) return undefined
    const key = this.keys.ofTicket(wish)
    const kept = this.tickets.get(key)
    this.#clearOrDrop(evidence, wish, kept)
    if (kept !== undefined && kept !== instead && this.isGood(kept, wish)) return kept
    const begun = asked && errand.urgency === 'waiting'
    return this.tickets.fetch(key, {
      wish,
      urgency: begun ? 'begun' : errand.urgency,
      ask: async (pass) => {
        try {
          return await this.#exchanges.delegate(wish, evidence, pass)
        } catch (error) {
          this.#onServiceRefusal(wish, error, kept)
          throw error
        }
      },
    })
  }

  /** Evidence, and whether it was this errand that had to ask for it. */
  async #obtainEvidence({ wish, urgency }: Errand): Promise<{
    readonly evidence: KeptEvidence | undefined
    readonly asked: boolean
  }> {
    const key = this.keys.ofEvidence(wish)
    const kept = this.evidence.get(key)
    const now = this.#clock.nowMs()
    const ageing = urgency === 'ahead' && kept !== undefined && now >= kept.refreshFromMs
    if (kept !== undefined && !ageing && this.isGood(kept, wish)) {
      return { evidence: kept, asked: false }
    }
    let asked = false
    const evidence = await this.evidence.fetch(key, {
      wish,
      urgency,
      ask: async (pass) => {
        asked = true
        try {
          return await this.#exchanges.impersonate(wish, pass)
        } catch (error) {
          this.#onUserRefusal(wish, error)
          throw error
        }
      },
    })
    return { evidence, asked }
  }

  /** What the PAC of new evidence forbids, a ticket by older evidence does not allow. */
  #clearOrDrop(evidence: KeptEvidence, wish: TicketWish, kept: PreparedTicket | undefined): void {
    try {
      clear(evidence, wish)
    } catch (error) {
      if (kept !== undefined || USER_REFUSALS.has(errorCode(error))) this.#dropRefused(wish, error)
      throw error
    }
  }

  /** S4U2Self was refused: nothing that the user has lasts, be it only a socket whose ticket is gone. */
  #onUserRefusal(wish: TicketWish, error: unknown): void {
    // A sign-in with Kerberos that is gone says nothing of the account, nor of the user's other sign-ins.
    if (isTransportFailure(error) || errorCode(error) === 'ERR_SSO_ASSERTION_UNKNOWN') return
    const { user } = wish.identity
    if (this.tickets.holds(user) || this.evidence.holds(user)) this.#dropRefused(wish, error)
    else this.#onRefused(user, error, false)
  }

  /** An SPN that was never granted says nothing about the user's other tickets. */
  #onServiceRefusal(wish: TicketWish, error: unknown, had: PreparedTicket | undefined): void {
    if (isTransportFailure(error)) return
    if (had !== undefined || USER_REFUSALS.has(errorCode(error))) this.#dropRefused(wish, error)
    else this.evidence.evict(this.keys.ofEvidence(wish), wish.identity.user)
  }

  #dropRefused({ identity }: TicketWish, error: unknown): void {
    this.dropUser(identity.user, 'refused')
    this.#onRefused(identity.user, error, true)
  }

  /**
   * Drops everything of a user, at once; what is under way for them is not kept.
   *
   * @param user - Whose.
   * @param reason - Counted.
   */
  dropUser(user: string, reason: DropReason): void {
    this.tickets.dropUser(user, reason)
    this.evidence.dropUser(user, reason)
  }

  /**
   * Drops what an administrator means.
   *
   * @param selection - Whose, and for which SPN; without one the evidence too.
   * @returns The users whose something was dropped, and how much.
   */
  flush(selection: Selection): FlushedTickets {
    const { users, dropped: tickets } = this.tickets.flush(selection)
    if (selection.spn !== undefined) return { users, tickets, evidence: 0 }
    const evidence = this.evidence.flush(selection)
    return { users: new Set([...users, ...evidence.users]), tickets, evidence: evidence.dropped }
  }
}

function lost(): SsoError {
  return new SsoError('ERR_BACKEND_ABORTED', 'the ticket was dropped while it was fetched', {
    mend: 'Try again.',
  })
}
