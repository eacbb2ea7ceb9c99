/**
 * What must hold for a ticket and its authenticator before the client is believed (RFC 4120 section 3.2.3).
 *
 * @module
 */

import { KrbErrorCode, TicketFlag } from '../iana/index.ts'
import {
  formatPrincipal,
  sameName,
  type Authenticator,
  type EncTicketPart,
} from '../messages/index.ts'
import { Refusal } from './refusal.ts'

/** Now, and how far clocks may be apart. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** Milliseconds. */
  readonly maxClockSkewMs: number
}

const CLOCKS = 'Compare the clocks of the client, the KDC and this host.'

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/**
 * The ticket is valid now.
 *
 * @param ticket - The opened ticket.
 * @param moment - Now.
 * @throws Refusal ERR_KRB_TICKET_TIME.
 */
export function checkTicketTimes(ticket: EncTicketPart, moment: Moment): void {
  const { nowMs, maxClockSkewMs } = moment
  const startTimeMs = ticket.startTimeMs ?? ticket.authTimeMs
  const invalid = (ticket.flags & TicketFlag.INVALID) !== 0
  if (invalid || startTimeMs - maxClockSkewMs > nowMs) {
    const why = invalid ? 'it is marked invalid' : `it begins at ${isoTime(startTimeMs)}`
    throw new Refusal('ERR_KRB_TICKET_TIME', `the ticket is not valid yet: ${why}`, {
      krb: KrbErrorCode.KRB_AP_ERR_TKT_NYV,
      mend: CLOCKS,
    })
  }
  if (ticket.endTimeMs + maxClockSkewMs < nowMs) {
    const what = `the ticket ended at ${isoTime(ticket.endTimeMs)}`
    throw new Refusal('ERR_KRB_TICKET_TIME', what, {
      krb: KrbErrorCode.KRB_AP_ERR_TKT_EXPIRED,
      mend: CLOCKS,
    })
  }
}

/**
 * The authenticator is of the ticket's client, and of now.
 *
 * @param authenticator - The decrypted authenticator.
 * @param ticket - The opened ticket.
 * @param moment - Now.
 * @throws Refusal ERR_KRB_NOT_ACCEPTED for another client, ERR_KRB_SKEW.
 */
export function checkAuthenticator(
  authenticator: Authenticator,
  ticket: EncTicketPart,
  moment: Moment,
): void {
  const { cname, crealm, ctimeMs, cusec } = authenticator
  if (crealm !== ticket.crealm || !sameName(cname, ticket.cname)) {
    const [says, is] = [
      formatPrincipal(cname, crealm),
      formatPrincipal(ticket.cname, ticket.crealm),
    ]
    throw new Refusal('ERR_KRB_NOT_ACCEPTED', `the ticket is of ${is}, the token says ${says}`, {
      krb: KrbErrorCode.KRB_AP_ERR_BADMATCH,
    })
  }
  const aheadMs = ctimeMs + cusec / 1000 - moment.nowMs
  if (Math.abs(aheadMs) <= moment.maxClockSkewMs) return
  const way = aheadMs < 0 ? 'behind' : 'ahead of'
  const what = `the client’s clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${way} ours`
  throw new Refusal('ERR_KRB_SKEW', what, { krb: KrbErrorCode.KRB_AP_ERR_SKEW, mend: CLOCKS })
}
