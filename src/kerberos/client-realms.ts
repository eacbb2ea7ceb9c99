/**
 * Our ticket-granting tickets: the one of our own realm, and those of realms that trust it.
 *
 * @module
 */

import { abandonable, drive } from './client-drive.ts'
import type { KdcTransport } from './client-options.ts'
import type { OwnTickets } from './client-own-tickets.ts'
import type { TgtKeeper } from './client-tgt.ts'
import { KdcReplyError } from './errors.ts'
import {
  realmTgtExchange,
  type Exchange,
  type ExchangePorts,
  type ServiceTicket,
} from './exchange/index.ts'
import { KrbErrorCode } from './iana/index.ts'

/** From a KDC these mean that a ticket-granting ticket is stale, for instance since the domain changed its keys. */
const STALE_TGT: readonly number[] = [
  KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
  KrbErrorCode.KRB_AP_ERR_TKT_EXPIRED,
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
]

/** What realms are reached with. */
export interface RealmAccess {
  /** Our own realm. */
  readonly realm: string
  /** Our own realm's ticket-granting ticket. */
  readonly home: TgtKeeper
  /** Where those of other realms are kept. */
  readonly others: OwnTickets
  /** Reaches KDCs. */
  readonly transport: KdcTransport
  /** Time, chance and settings. */
  readonly ports: ExchangePorts
}

/** One exchange, or a chain of them, that begins with a ticket-granting ticket. */
export type FromTgt<T> = (tgt: ServiceTicket, ports: ExchangePorts) => Exchange<T>

/** Runs exchanges with the ticket-granting ticket of a realm. */
export class Realms {
  readonly #access: RealmAccess

  constructor(access: RealmAccess) {
    this.#access = access
  }

  /**
   * Runs an exchange; where a KDC calls the ticket-granting ticket stale, once more with new ones.
   *
   * @param realm - Where it begins.
   * @param start - The exchange.
   * @param signal - Gives up.
   * @throws KerberosError as the exchange and the way to the realm do.
   */
  async run<T>(realm: string, start: FromTgt<T>, signal?: AbortSignal): Promise<T> {
    const { home, others, transport, ports } = this.#access
    const own = await abandonable(home.get(), signal)
    const tgt = await abandonable(this.#tgt(realm, own), signal)
    try {
      return await drive(start(tgt, ports), transport, signal)
    } catch (error) {
      if (!(error instanceof KdcReplyError && STALE_TGT.includes(error.krbErrorCode))) throw error
      home.discard(own)
      others.discard(tgt)
    }
    const fresh = await abandonable(home.get(), signal)
    const again = await abandonable(this.#tgt(realm, fresh), signal)
    return drive(start(again, ports), transport, signal)
  }

  #tgt(realm: string, own: ServiceTicket): Promise<ServiceTicket> {
    const { realm: home, others, transport, ports } = this.#access
    if (realm === home) return Promise.resolve(own)
    return others.get(`krbtgt/${realm}`, () =>
      drive(realmTgtExchange(own, realm, ports), transport),
    )
  }
}
