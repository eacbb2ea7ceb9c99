/**
 * Our own service tickets, for instance to LDAP: a bounded number, one exchange at a time for each service.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/index.ts'
import { SharedWork } from './client-shared.ts'
import type { ServiceTicket } from './exchange/index.ts'

/** A ticket that ends within this time is fetched anew: a server with a fast clock would refuse it. */
const SPARE_MS = 60_000

/** Keeps service tickets by principal name. */
export class OwnTickets {
  readonly #clock: Clock
  readonly #tickets: LRUCache<string, ServiceTicket>
  readonly #fetching = new SharedWork<ServiceTicket>()

  constructor(max: number, clock: Clock) {
    this.#tickets = new LRUCache({ max })
    this.#clock = clock
  }

  /**
   * The kept ticket, or a new one.
   *
   * @param name - The service.
   * @param fetch - Gets a new ticket, for all who want it; its signal fires when nobody does any more.
   * @param signal - Gives up.
   * @throws KerberosError as `fetch` does; failures are not kept. ERR_KRB_ABORTED.
   */
  get(
    name: string,
    fetch: (signal: AbortSignal) => Promise<ServiceTicket>,
    signal?: AbortSignal,
  ): Promise<ServiceTicket> {
    const kept = this.#tickets.get(name)
    if (kept !== undefined && kept.endTimeMs - SPARE_MS > this.#clock.nowMs()) {
      return Promise.resolve(kept)
    }
    const keep = async (ended: AbortSignal): Promise<ServiceTicket> => {
      const ticket = await fetch(ended)
      this.#tickets.set(name, ticket)
      return ticket
    }
    return this.#fetching.join(name, keep, signal)
  }

  /** Forgets a ticket that a KDC refused. */
  discard(ticket: ServiceTicket): void {
    for (const [name, kept] of this.#tickets.entries()) {
      if (kept === ticket) this.#tickets.delete(name)
    }
  }
}
