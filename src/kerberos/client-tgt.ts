/**
 * Keeps a ticket-granting ticket: one AS exchange at a time, replaced ahead of its end.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger } from '../platform/index.ts'
import type { ClientSettings } from './client-options.ts'
import type { ServiceTicket } from './exchange/index.ts'

/** What a TgtKeeper needs. */
export interface TgtPorts {
  /** Time. */
  readonly clock: Clock
  /** Told about renewals. */
  readonly logger: Logger | undefined
  /** Runs one AS exchange. */
  fetch(): Promise<ServiceTicket>
}

/** Holds our ticket-granting ticket. */
export class TgtKeeper {
  readonly #ports: TgtPorts
  readonly #settings: ClientSettings
  #tgt: ServiceTicket | undefined
  #fetching: Promise<ServiceTicket> | undefined
  /** When the next replacement ahead of the end may be tried, milliseconds since the epoch. */
  #notBeforeMs = 0

  constructor(settings: ClientSettings, ports: TgtPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  /**
   * A ticket that is still valid. Where it ends soon another is fetched meanwhile.
   *
   * @throws KerberosError as the AS exchange does.
   */
  get(): Promise<ServiceTicket> {
    const tgt = this.#tgt
    const now = this.#ports.clock.nowMs()
    if (tgt === undefined || tgt.endTimeMs <= now) return this.#fetch()
    if (this.#endsSoon(tgt, now) && now >= this.#notBeforeMs) this.#replaceAhead(now)
    return Promise.resolve(tgt)
  }

  /** Forgets a ticket that a KDC refused; a newer one stays. */
  discard(tgt: ServiceTicket): void {
    if (this.#tgt === tgt) this.#tgt = undefined
  }

  #endsSoon(tgt: ServiceTicket, now: number): boolean {
    const life = tgt.endTimeMs - tgt.startTimeMs
    return tgt.endTimeMs - now <= Math.min(this.#settings.renewAheadMs, life / 2)
  }

  #replaceAhead(now: number): void {
    this.#notBeforeMs = now + this.#settings.renewRetryMs
    this.#fetch().catch((error: unknown) => {
      const fields = { code: errorCode(error), reason: errorText(error) }
      this.#ports.logger?.warn('The ticket-granting ticket could not be replaced yet.', fields)
    })
  }

  #fetch(): Promise<ServiceTicket> {
    this.#fetching ??= this.#ports
      .fetch()
      .then((tgt) => {
        this.#tgt = tgt
        const fields = { endsAt: new Date(tgt.endTimeMs).toISOString() }
        this.#ports.logger?.debug('Got a ticket-granting ticket.', fields)
        return tgt
      })
      .finally(() => {
        this.#fetching = undefined
      })
    return this.#fetching
  }
}
