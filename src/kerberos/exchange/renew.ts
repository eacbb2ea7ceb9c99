/**
 * Renews a ticket-granting ticket (RFC 4120 section 3.3.3.1): what an identity without keys has instead of an AS exchange.
 *
 * @module
 */

import { KdcOption } from '../iana/index.ts'
import { ticketGrantingService } from './realm-names.ts'
import { mismatch } from './reply-checks.ts'
import { tgsExchange } from './tgs.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/**
 * Renews the ticket-granting ticket of our own realm.
 *
 * @param tgt - Renewable and still valid.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The same for longer.
 * @throws KerberosError as the KDC refuses, or for a reply that does not fit.
 */
export function* renewExchange(tgt: ServiceTicket, ports: ExchangePorts): Exchange<ServiceTicket> {
  const checked = yield* tgsExchange(
    {
      exchange: 'TGS',
      tgt: { ...tgt, endTimeMs: tgt.renewTillMs ?? tgt.endTimeMs },
      sname: ticketGrantingService(tgt.serverRealm),
      // Without RENEWABLE and rtime this renewal would be the last.
      kdcOptions: KdcOption.RENEW | KdcOption.RENEWABLE,
      rtimeMs: tgt.renewTillMs,
    },
    ports,
  )
  // What the KDC offers it said with the first ticket.
  const ticket = { ...checked.ticket, fastAvailable: tgt.fastAvailable }
  if (ticket.endTimeMs > tgt.endTimeMs) return ticket
  throw mismatch('TGS', 'the renewed ticket does not last longer')
}
