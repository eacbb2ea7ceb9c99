/**
 * A Kerberos client that can act for users: drives exchanges over ports and keeps our own tickets.
 *
 * Tickets of users are handed out and not kept: whoever holds them decides how long.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import { abandonable, drive } from './client-drive.ts'
import {
  resolveClientSettings,
  type ClientSettings,
  type KdcTransport,
  type KerberosClientOptions,
} from './client-options.ts'
import { ClockSkews } from './client-skew.ts'
import { OwnTickets } from './client-own-tickets.ts'
import { TgtKeeper } from './client-tgt.ts'
import { KdcReplyError } from './errors.ts'
import {
  asExchange,
  ownKeys,
  s4u2proxyExchange,
  s4u2selfExchange,
  tgsExchange,
  type ClientIdentity,
  type Evidence,
  type Exchange,
  type ExchangePorts,
  type OwnKeys,
  type S4uUser,
  type ServiceTicket,
} from './exchange/index.ts'
import { KrbErrorCode } from './iana/index.ts'
import { formatPrincipal, parsePrincipal, type PrincipalName } from './messages/index.ts'

/** From a KDC these mean that our own TGT is stale, for instance since the domain changed its keys. */
const STALE_TGT: readonly number[] = [
  KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
  KrbErrorCode.KRB_AP_ERR_TKT_EXPIRED,
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
]

/** A client of one realm, with one identity. */
export class KerberosClient {
  /** Our principal in text form, for instance `CONN1$@CORP.EXAMPLE`. */
  readonly name: string
  readonly #identity: ClientIdentity
  readonly #keys: OwnKeys
  readonly #transport: KdcTransport
  readonly #settings: ClientSettings
  readonly #ports: ExchangePorts
  readonly #skews: ClockSkews
  readonly #tgt: TgtKeeper
  readonly #ownTickets: OwnTickets

  /**
   * Nothing is sent before the first ticket is asked for.
   *
   * @param options - Identity, ports and settings.
   * @throws KerberosError ERR_KRB_NO_KEY when the keytab has no key of the principal; RangeError for bad settings.
   */
  constructor(options: KerberosClientOptions) {
    this.#settings = resolveClientSettings(options)
    this.#identity = options.identity
    this.#keys = ownKeys(options.identity)
    this.#transport = options.transport
    this.name = formatPrincipal(options.identity.principal, options.identity.realm)
    const { clock: ownClock, random, logger } = options
    const skews = new ClockSkews({ clock: ownClock, logger }, this.#settings)
    this.#skews = skews
    this.#ports = { clock: ownClock, clocks: skews, random, ...this.#settings }
    // The times in tickets are the KDC's.
    const clock = skews.of(options.identity.realm)
    this.#ownTickets = new OwnTickets(this.#settings.maxOwnTickets, clock)
    const requester = { identity: this.#identity, keys: this.#keys }
    const fetch = (): Promise<ServiceTicket> =>
      drive(asExchange(requester, this.#ports), this.#transport)
    this.#tgt = new TgtKeeper(this.#settings, { clock, logger, fetch })
  }

  /** The time of our realm's KDC less ours, milliseconds, as its last protected reply told it; undefined before that. */
  get clockSkewMs(): number | undefined {
    return this.#skews.measured(this.#identity.realm)
  }

  /**
   * The clock to make tokens with: ours, moved to the KDC's time where the KDC refused ours and its protected replies
   * proved another. Hosts of a domain, and so the acceptors of tokens, take their time from its KDCs.
   *
   * @param realm - The service's realm. Default our own.
   * @returns One object for good, as an Initiator wants it.
   */
  tokenClock(realm: string = this.#identity.realm): Clock {
    return this.#skews.tokenClock(realm)
  }

  /**
   * A ticket for ourselves; kept until shortly before its end.
   *
   * @param spn - The service, for instance `ldap/dc1.corp.example`.
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError as the KDC refuses or cannot be reached.
   */
  async ownTicket(spn: string, signal?: AbortSignal): Promise<ServiceTicket> {
    const sname = this.#service(spn)
    const fetch = (): Promise<ServiceTicket> =>
      this.#withTgt(function* (tgt, ports) {
        return (yield* tgsExchange({ exchange: 'TGS', tgt, sname }, ports)).ticket
      })
    return abandonable(this.#ownTickets.get(formatPrincipal(sname), fetch), signal)
  }

  /**
   * A ticket to ourselves in a user's name (S4U2Self), opened and checked.
   *
   * @param user - Whom to act for.
   * @param signal - Gives up.
   * @returns The evidence for `delegate`.
   * @throws KerberosError ERR_KRB_REPLY_MISMATCH when the ticket is not this user's, or as the KDC refuses.
   */
  async impersonate(user: S4uUser, signal?: AbortSignal): Promise<Evidence> {
    if (user.sid === undefined && this.#settings.requireSid) {
      throw new TypeError('this client acts only for users whose SID is given')
    }
    const [identity, keys] = [this.#identity, this.#keys]
    return this.#withTgt(
      (tgt, ports) => s4u2selfExchange({ tgt, user, identity, keys }, ports),
      signal,
    )
  }

  /**
   * A ticket to a service in a user's name (S4U2Proxy).
   *
   * @param evidence - From `impersonate`.
   * @param spn - The service, for instance `HTTP/iwa.corp.example`.
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError ERR_KRB_NOT_FORWARDABLE, ERR_KRB_DELEGATION_REFUSED, ERR_KRB_SPN_UNKNOWN and others.
   */
  async delegate(evidence: Evidence, spn: string, signal?: AbortSignal): Promise<ServiceTicket> {
    const sname = this.#service(spn)
    return this.#withTgt((tgt, ports) => s4u2proxyExchange({ tgt, evidence, sname }, ports), signal)
  }

  #service(spn: string): PrincipalName {
    const { principal, realm } = parsePrincipal(spn)
    if (realm !== undefined && realm !== this.#identity.realm) {
      throw new RangeError(`${spn} is not of the realm ${this.#identity.realm}`)
    }
    return principal
  }

  /** Runs an exchange with our TGT; where the KDC calls it stale, once more with a new one. */
  async #withTgt<T>(
    start: (tgt: ServiceTicket, ports: ExchangePorts) => Exchange<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const tgt = await abandonable(this.#tgt.get(), signal)
    try {
      return await drive(start(tgt, this.#ports), this.#transport, signal)
    } catch (error) {
      if (!(error instanceof KdcReplyError && STALE_TGT.includes(error.krbErrorCode))) throw error
      this.#tgt.discard(tgt)
    }
    const fresh = await abandonable(this.#tgt.get(), signal)
    return drive(start(fresh, this.#ports), this.#transport, signal)
  }
}
