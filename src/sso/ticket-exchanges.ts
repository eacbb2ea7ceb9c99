/**
 * The two exchanges behind a ticket for a user (S4U2Self, S4U2Proxy), each in its turn, and how long what comes of them is used.
 *
 * @module
 */

import { formatPrincipal, Initiator, type Evidence, type ServiceTicket } from '../kerberos/index.ts'
import { fraction, sameName } from '../platform/index.ts'
import type { DirectoryAccount } from '../directory/index.ts'
import type { FairQueue, Pass } from './fair-queue.ts'
import type { SsoLimits } from './limits.ts'
import { unknownAssertion } from './assertion.ts'
import type { TicketCounts } from './ticket-counts.ts'
import type { Kept, KeptEvidence, PreparedTicket, TicketPorts, TicketWish } from './ticket-types.ts'
import { userFields } from './user-fields.ts'

/**
 * Whether a ticket calls its user by the account's own name. KDCs also give tickets under the first part of a user principal name, which
 * may be the own name of somebody else: a backend that goes by names would take the one for the other.
 */
function isOwnName({ client, clientRealm }: Evidence, account: DirectoryAccount): boolean {
  const { sAMAccountName, realm } = account
  return sameName(client.nameString.join('/'), sAMAccountName) && sameName(clientRealm, realm)
}

/** Asks the KDC. */
export class TicketExchanges {
  readonly #ports: TicketPorts
  readonly #limits: SsoLimits
  readonly #queue: FairQueue
  readonly #counts: TicketCounts

  constructor(
    ports: TicketPorts,
    limits: SsoLimits,
    shared: { readonly queue: FairQueue; readonly counts: TicketCounts },
  ) {
    this.#ports = ports
    this.#limits = limits
    this.#queue = shared.queue
    this.#counts = shared.counts
  }

  /**
   * S4U2Self; where the user has signed in with a ticket in the account's own name that may be forwarded, that ticket, and no KDC is asked.
   *
   * @param wish - For whom.
   * @param pass - The place in the queue.
   * @returns The evidence.
   */
  impersonate(wish: TicketWish, pass: Pass): Promise<KeptEvidence> {
    const presented = this.#presented(wish)
    if (presented !== undefined) return Promise.resolve(presented)
    return this.#queue.run(pass, async () => {
      this.#counts.impersonations += 1
      const evidence = await this.#ports.kerberos.impersonate(wish.identity.s4uUser)
      return { ...this.#keep(evidence, wish), evidence, cleared: new WeakSet() }
    })
  }

  #presented(wish: TicketWish): KeptEvidence | undefined {
    const { accepted, identity } = wish
    const { kerberos } = this.#ports
    if (accepted === undefined || kerberos.evidenceFrom === undefined) return undefined
    if (accepted.ticket === undefined) throw unknownAssertion()
    const evidence: Evidence = kerberos.evidenceFrom(accepted.ticket, identity.account.sid)
    if (!evidence.forwardable) return undefined
    if (!isOwnName(evidence, identity.account)) {
      this.#ports.logger.info('a ticket in another name than the account’s own is no evidence', {
        ...userFields(identity.account),
        name: formatPrincipal(evidence.client, evidence.clientRealm),
      })
      return undefined
    }
    return { ...this.#keep(evidence, wish), evidence, cleared: new WeakSet() }
  }

  /**
   * S4U2Proxy.
   *
   * @param wish - For whom and to where.
   * @param evidence - By what right.
   * @param pass - The place in the queue.
   * @returns The ticket, with what tokens are made by.
   */
  delegate(wish: TicketWish, evidence: KeptEvidence, pass: Pass): Promise<PreparedTicket> {
    return this.#queue.run(pass, async () => {
      this.#counts.delegations += 1
      const ticket = await this.#ports.kerberos.delegate(evidence.evidence, wish.spn)
      return this.#prepare(ticket, wish, evidence)
    })
  }

  #prepare(ticket: ServiceTicket, wish: TicketWish, evidence: KeptEvidence): PreparedTicket {
    const { kerberos, random, logger } = this.#ports
    const clock = kerberos.tokenClock?.(ticket.serverRealm) ?? this.#ports.clock
    logger.info('service ticket obtained', {
      ...userFields(wish.identity.account),
      servicePrincipalName: wish.spn,
      endsAt: new Date(ticket.endTimeMs).toISOString(),
    })
    const kept = this.#keep(ticket, wish)
    return {
      ...kept,
      spn: wish.spn,
      initiator: new Initiator(ticket, { clock, random }),
      evidence,
      octets: ticket.ticket.length,
      usedMs: kept.fetchedMs,
    }
  }

  #keep(ticket: ServiceTicket, wish: TicketWish): Kept {
    const { ticketMs, ticketMarginMs } = this.#limits
    const fetchedMs = this.#ports.clock.nowMs()
    const endMs = Math.min(fetchedMs + ticketMs, ticket.endTimeMs - ticketMarginMs)
    const refreshFromMs = this.#refreshFrom(fetchedMs, endMs)
    return { identity: wish.identity, signedInMs: wish.signedInMs, fetchedMs, refreshFromMs, endMs }
  }

  /** The last part of its use, begun sooner by chance: tickets of one morning are not renewed in one second. */
  #refreshFrom(fetchedMs: number, endMs: number): number {
    const { refreshAheadPercent, refreshJitterPercent } = this.#limits
    if (refreshAheadPercent === 0) return Infinity
    const percent = refreshAheadPercent + refreshJitterPercent * fraction(this.#ports.random)
    return endMs - ((endMs - fetchedMs) * Math.min(percent, 95)) / 100
  }

  /** When a renewal that no KDC answered is tried again: between half and all of the wait. */
  retryAtMs(): number {
    const spread = 0.5 + fraction(this.#ports.random) / 2
    return this.#ports.clock.nowMs() + this.#limits.transportRetryMs * spread
  }
}
