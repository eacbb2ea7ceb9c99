/**
 * Our ticket-granting tickets: the one of our own realm, and those of realms that trust it.
 *
 * @module
 */

import { drive, driveElsewhere } from './client-drive.ts'
import { isOfReadOnlyController, othersMayBeTrue } from './client-elsewhere.ts'
import type { KdcTransport } from './client-options.ts'
import type { OwnTickets } from './client-own-tickets.ts'
import type { TgtKeeper } from './client-tgt.ts'
import { KdcReplyError } from './errors.ts'
import {
  realmTgtExchange,
  tgsRealm,
  type Exchange,
  type ExchangePorts,
  type ServiceTicket,
} from './exchange/index.ts'
import { KrbErrorCode } from './iana/index.ts'

/** From a KDC these mean that a ticket-granting ticket is stale, for instance since the domain changed its keys. */
const STALE_TGT: readonly number[] = [
  KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
  KrbErrorCode.KRB_AP_ERR_TKT_EXPIRED,
  // A KDC whose clock was put back, or is behind that of the KDC that issued the ticket.
  KrbErrorCode.KRB_AP_ERR_TKT_NYV,
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
]

/** To a read-only controller's ticket, a KDC may say so of users whom that controller does not keep. */
function isUnknownClient({ krbErrorCode }: KdcReplyError): boolean {
  return krbErrorCode === KrbErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN
}

function noneWritable(refusal: KdcReplyError): KdcReplyError {
  const { code, message, krbErrorCode, ntStatus, realm, sname, serverTimeMs, means } = refusal
  return new KdcReplyError(code, message, {
    cause: refusal,
    mend: 'The account does not exist, or it is for our ticket-granting ticket’s sake, which is a read-only domain controller’s: name writable ones among the KDCs, or keep the connector account’s password off the read-only one.',
    details: { krbErrorCode, ntStatus, realm, sname, serverTimeMs, means },
  })
}

/** What realms are reached with. */
export interface RealmAccess {
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
   * Our own ticket-granting ticket.
   *
   * @param signal - Gives up.
   * @throws KerberosError as getting it does.
   */
  home(signal?: AbortSignal): Promise<ServiceTicket> {
    return this.#access.home.get(signal)
  }

  /**
   * Runs an exchange that needs no ticket.
   *
   * @param start - The exchange.
   * @param signal - Gives up.
   * @throws KerberosError as the exchange does.
   */
  runWithout<T>(start: (ports: ExchangePorts) => Exchange<T>, signal?: AbortSignal): Promise<T> {
    return drive(start(this.#access.ports), this.#access.transport, signal)
  }

  /**
   * Runs an exchange; where a KDC calls the ticket-granting ticket stale, once more with new ones.
   *
   * @param realm - Where it begins; undefined: at our own realm, which for an enterprise name only the ticket tells.
   * @param start - The exchange.
   * @param signal - Gives up.
   * @throws KerberosError as the exchange and the way to the realm do.
   */
  async run<T>(realm: string | undefined, start: FromTgt<T>, signal?: AbortSignal): Promise<T> {
    const { home, others, transport, ports } = this.#access
    const own = await home.get(signal)
    const tgt = await this.#tgt(realm, own, signal)
    const elsewhere = { transport, worthTrying: othersMayBeTrue }
    let refusal: KdcReplyError
    try {
      return await driveElsewhere(() => start(tgt, ports), elsewhere, signal)
    } catch (error) {
      if (!(error instanceof KdcReplyError) || !this.#discarded(own, error)) throw error
      refusal = error
    }
    others.discard(tgt)
    const fresh = await home.get(signal)
    if (isUnknownClient(refusal) && isOfReadOnlyController(fresh)) throw noneWritable(refusal)
    const again = await this.#tgt(realm, fresh, signal)
    return driveElsewhere(() => start(again, ports), elsewhere, signal)
  }

  /** Forgets our ticket where a KDC's refusal may be for its sake. */
  #discarded(own: ServiceTicket, refusal: KdcReplyError): boolean {
    const { home } = this.#access
    if (STALE_TGT.includes(refusal.krbErrorCode)) {
      home.discard(own)
      return true
    }
    if (!isUnknownClient(refusal) || !isOfReadOnlyController(own)) return false
    if (!home.discardReadOnly(own)) throw noneWritable(refusal)
    return true
  }

  #tgt(
    realm: string | undefined,
    own: ServiceTicket,
    signal?: AbortSignal,
  ): Promise<ServiceTicket> {
    const { others, transport, ports } = this.#access
    if (realm === undefined || realm === tgsRealm(own)) return Promise.resolve(own)
    const fetch = (ended: AbortSignal): Promise<ServiceTicket> =>
      drive(realmTgtExchange(own, realm, ports), transport, ended)
    return others.get(`krbtgt/${realm}`, fetch, signal)
  }
}
