/**
 * Referrals (RFC 6806 section 8) and the way to another realm (RFC 4120 section 3.3.1): from ticket-granting ticket to
 * ticket-granting ticket until a KDC has what was asked for.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import type { PrincipalName } from '../messages/index.ts'
import { tgsRealm, ticketGrantingService } from './realm-names.ts'
import type { CheckedReply } from './reply-checks.ts'
import { tgsExchange } from './tgs.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/** As MIT krb5 does it. */
const DEFAULT_MAX_REFERRALS = 10

/** Most realms after the first. */
export function limitOf(ports: ExchangePorts): number {
  return ports.maxReferrals ?? DEFAULT_MAX_REFERRALS
}

/** What a chain of referrals led to. */
export interface Chased {
  /** The reply that is no referral. */
  readonly checked: CheckedReply
  /** The ticket-granting ticket it was got with. */
  readonly tgt: ServiceTicket
}

/**
 * Asks one KDC after the other, each with the ticket-granting ticket that the one before gave.
 *
 * @param start - The first ticket-granting ticket.
 * @param ask - One exchange with the KDC of a ticket-granting ticket.
 * @param ports - With the hop limit.
 * @yields What `ask` yields.
 * @returns The last reply and its ticket-granting ticket.
 * @throws KerberosError ERR_KRB_REFERRAL for a circle or too many hops, and as `ask` does.
 */
export function* chaseReferrals(
  start: ServiceTicket,
  ask: (tgt: ServiceTicket) => Exchange<CheckedReply>,
  ports: ExchangePorts,
): Exchange<Chased> {
  const way = new Way(tgsRealm(start), limitOf(ports))
  let tgt = start
  for (;;) {
    const checked = yield* ask(tgt)
    if (checked.referral === undefined) return { checked, tgt }
    way.goTo(checked.referral)
    tgt = checked.ticket
  }
}

/** The realms a chain has come through. */
export class Way {
  readonly #realms: string[]
  readonly #maxHops: number

  constructor(start: string, maxHops: number) {
    this.#realms = [start]
    this.#maxHops = maxHops
  }

  /**
   * Goes on to another realm.
   *
   * @throws KerberosError ERR_KRB_REFERRAL for a realm that was passed already, or one too many.
   */
  goTo(realm: string): void {
    const circle = this.#realms.includes(realm)
    this.#realms.push(realm)
    if (circle) throw strayed(this.#realms, 'in a circle')
    if (this.#realms.length > this.#maxHops + 1) throw strayed(this.#realms, 'too far')
  }
}

function strayed(realms: readonly string[], how: string): KerberosError {
  return new KerberosError('ERR_KRB_REFERRAL', `the KDCs refer us ${how}: ${realms.join(', ')}`, {
    mend: 'Check the trusts between these realms, [capaths] and the name’s realm.',
  })
}

/**
 * Gets a ticket-granting ticket of another realm, over the realms that `capaths` names.
 *
 * @param home - A ticket-granting ticket.
 * @param realm - The realm.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The ticket; the one at hand when it is of that realm.
 * @throws KerberosError as KDCs refuse, ERR_KRB_REFERRAL.
 */
export function* realmTgtExchange(
  home: ServiceTicket,
  realm: string,
  ports: ExchangePorts,
): Exchange<ServiceTicket> {
  let tgt = home
  const between = ports.capaths?.(tgsRealm(home), realm) ?? []
  if (between.length > limitOf(ports)) throw strayed([...between, realm], 'too far')
  for (const next of [...between, realm]) {
    // A KDC may give a ticket for a realm further on; then those in between are done with.
    if (tgsRealm(tgt) === realm) break
    if (tgsRealm(tgt) !== next) tgt = yield* stepTo(tgt, next, ports)
  }
  return tgt
}

function* stepTo(
  from: ServiceTicket,
  realm: string,
  ports: ExchangePorts,
): Exchange<ServiceTicket> {
  const sname = ticketGrantingService(realm)
  const ask = (tgt: ServiceTicket): Exchange<CheckedReply> =>
    tgsExchange({ exchange: 'TGS', tgt, sname }, ports)
  let tgt = from
  const way = new Way(tgsRealm(from), limitOf(ports))
  // A referral may itself be the ticket that was wanted: then there is no KDC to ask any more.
  while (tgsRealm(tgt) !== realm) {
    tgt = (yield* ask(tgt)).ticket
    way.goTo(tgsRealm(tgt))
  }
  return tgt
}

/**
 * Gets a ticket for ourselves to a service in whatever realm the KDCs say it is.
 *
 * @param tgt - A ticket-granting ticket of the realm to begin with.
 * @param sname - The service.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The ticket, and the ticket-granting ticket of the service's realm.
 * @throws KerberosError as KDCs refuse, ERR_KRB_REFERRAL.
 */
export function* serviceTicketExchange(
  tgt: ServiceTicket,
  sname: PrincipalName,
  ports: ExchangePorts,
): Exchange<{ readonly ticket: ServiceTicket; readonly tgt: ServiceTicket }> {
  const ask = (at: ServiceTicket): Exchange<CheckedReply> =>
    tgsExchange({ exchange: 'TGS', tgt: at, sname }, ports)
  const chased = yield* chaseReferrals(tgt, ask, ports)
  return { ticket: chased.checked.ticket, tgt: chased.tgt }
}
