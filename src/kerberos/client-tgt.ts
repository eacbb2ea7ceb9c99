/**
 * Keeps a ticket-granting ticket: one exchange at a time, replaced ahead of its end and when our keys change.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger } from '../platform/index.ts'
import type { ClientSettings } from './client-options.ts'
import { abandonable } from './client-drive.ts'
import { SharedWork } from './client-shared.ts'
import type { ServiceTicket } from './exchange/index.ts'

/** What a TgtKeeper needs. */
export interface TgtPorts {
  /** Time. */
  readonly clock: Clock
  /** Told about renewals. */
  readonly logger: Logger | undefined
  /** Whose ticket it is: another object when our keys have changed. */
  readonly keys: () => object
  /** Lets our keys be looked at; undefined when there is nothing to wait for. */
  readonly refreshKeys: () => Promise<void> | undefined
  /** Gets a ticket. */
  readonly fetch: (wanted: WantedTgt) => Promise<FetchedTgt>
}

/** Which ticket is wanted. */
export interface WantedTgt {
  /** The one that is held, where it ends soon. */
  readonly held: ServiceTicket | undefined
  /** Whether it should be a writable controller's. */
  readonly writable: boolean
  /** Fires when nobody wants it any more. */
  readonly signal: AbortSignal
}

/** A ticket, and the keys it was got with. */
export interface FetchedTgt {
  readonly tgt: ServiceTicket
  readonly keys: object
}

/** Holds our ticket-granting ticket. */
export class TgtKeeper {
  readonly #ports: TgtPorts
  readonly #settings: ClientSettings
  #held: FetchedTgt | undefined
  readonly #fetching = new SharedWork<ServiceTicket>()
  /** When the next replacement of a ticket that is still good may be tried, milliseconds since the epoch. */
  #notBeforeMs = 0
  /** When a writable controller's ticket was sought last, as #notBeforeMs; undefined: any controller's will do. */
  #soughtWritableMs: number | undefined

  constructor(settings: ClientSettings, ports: TgtPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  /**
   * A ticket that is still valid. Where it ends soon another is fetched meanwhile.
   *
   * @param signal - Gives up.
   * @throws KerberosError as the exchange does; ERR_KRB_ABORTED.
   */
  async get(signal?: AbortSignal): Promise<ServiceTicket> {
    const looking = this.#ports.refreshKeys()
    if (looking !== undefined) await abandonable(looking, signal)
    return this.#present(signal)
  }

  /** Forgets a ticket that a KDC refused; a newer one stays. */
  discard(tgt: ServiceTicket): void {
    if (this.#held?.tgt === tgt) this.#held = undefined
  }

  /**
   * Forgets a ticket of a read-only domain controller, and seeks those of writable ones from now on.
   *
   * @returns False where that was done in vain a moment ago.
   */
  discardReadOnly(tgt: ServiceTicket): boolean {
    if (this.#held?.tgt !== tgt) return true
    const now = this.#ports.clock.nowMs()
    const sought = this.#soughtWritableMs
    if (sought !== undefined && now < sought + this.#settings.renewRetryMs) return false
    this.#soughtWritableMs = now
    this.discard(tgt)
    return true
  }

  #present(signal?: AbortSignal): Promise<ServiceTicket> {
    const held = this.#held
    const now = this.#ports.clock.nowMs()
    if (held === undefined || held.tgt.endTimeMs <= now) return this.#fetch(undefined, signal)
    if (now < this.#notBeforeMs) return Promise.resolve(held.tgt)
    if (held.keys !== this.#ports.keys()) {
      return abandonable(this.#replaceForKeys(held.tgt, now), signal)
    }
    if (this.#endsSoon(held.tgt, now)) void this.#replace(held.tgt, now, held.tgt)
    return Promise.resolve(held.tgt)
  }

  #endsSoon(tgt: ServiceTicket, now: number): boolean {
    const life = tgt.endTimeMs - tgt.startTimeMs
    return tgt.endTimeMs - now <= Math.min(this.#settings.renewAheadMs, life / 2)
  }

  /** With new keys at once, however short ago the last replacement was, unless it failed. */
  async #replaceForKeys(good: ServiceTicket, now: number): Promise<ServiceTicket> {
    const tgt = await this.#replace(good, now, undefined)
    if (tgt !== good) this.#notBeforeMs = 0
    return tgt
  }

  /** Another ticket; the one that is still good where there is none to be had yet. */
  async #replace(
    good: ServiceTicket,
    now: number,
    renew: ServiceTicket | undefined,
  ): Promise<ServiceTicket> {
    this.#notBeforeMs = now + this.#settings.renewRetryMs
    try {
      return await this.#fetch(renew)
    } catch (error) {
      const fields = { code: errorCode(error), reason: errorText(error) }
      this.#ports.logger?.warn('The ticket-granting ticket could not be replaced yet.', fields)
      return good
    }
  }

  /** Without a signal it is seen through: a ticket that is replaced in time is not up to who asks first. */
  #fetch(held: ServiceTicket | undefined, signal?: AbortSignal): Promise<ServiceTicket> {
    return this.#fetching.join('', (ended) => this.#fetchNew(held, ended), signal)
  }

  async #fetchNew(held: ServiceTicket | undefined, signal: AbortSignal): Promise<ServiceTicket> {
    const writable = this.#soughtWritableMs !== undefined
    const fetched = await this.#ports.fetch({ held, writable, signal })
    const { tgt } = fetched
    this.#held = fetched
    const fields = { endsAt: new Date(tgt.endTimeMs).toISOString() }
    this.#ports.logger?.debug('Got a ticket-granting ticket.', fields)
    return tgt
  }
}
