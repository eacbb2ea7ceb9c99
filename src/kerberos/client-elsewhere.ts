/**
 * When to ask another KDC although one has answered.
 *
 * Domain controllers learn of a new password or account one after the other, so that one may refuse what the next one grants,
 * or encrypt for us under a key that we no longer have. One may lie, or somebody in front of it. And one that is read-only issues ticket-granting tickets under a key of
 * its own (MS-KILE 3.1.5.8: its number is the upper half of the key version), with which Samba acts for no user that it does
 * not keep itself: only a ticket of a writable controller helps.
 *
 * @module
 */

import { KerberosError, type KerberosErrorCode } from './errors.ts'
import type { Exchange, ServiceTicket } from './exchange/index.ts'
import { decodeTicket } from './messages/index.ts'

/** A wrong password counts at each KDC that is told it: no more than one other is. */
const MOST_PROOFS = 1
const MOST_READ_ONLY = 8
const RODC_NUMBER_SHIFT = 16

/**
 * Whether a read-only domain controller issued a ticket-granting ticket.
 *
 * @param tgt - The ticket.
 * @returns True when its key version has the number of one.
 */
export function isOfReadOnlyController(tgt: ServiceTicket): boolean {
  const { kvno = 0 } = decodeTicket(tgt.ticket).encPart
  return kvno >>> RODC_NUMBER_SHIFT !== 0
}

/** Not an error to anybody but who looks for a better ticket. */
export class ReadOnlyTicket extends Error {
  readonly tgt: ServiceTicket

  constructor(tgt: ServiceTicket) {
    super('a ticket-granting ticket of a read-only domain controller')
    this.tgt = tgt
  }
}

/**
 * An exchange that fails where a read-only controller issued the ticket.
 *
 * @param exchange - Gets a ticket-granting ticket.
 * @yields What it yields.
 * @returns What it returns.
 * @throws ReadOnlyTicket.
 */
export function* ofWritableController(exchange: Exchange<ServiceTicket>): Exchange<ServiceTicket> {
  const tgt = yield* exchange
  if (isOfReadOnlyController(tgt)) throw new ReadOnlyTicket(tgt)
  return tgt
}

const UNTRUE: readonly KerberosErrorCode[] = [
  'ERR_KRB_DECODE',
  'ERR_KRB_INTEGRITY',
  'ERR_KRB_REPLY_MISMATCH',
]

/**
 * Whether an exchange failed because a reply was not true: made by another, for another, or with a key that is not ours.
 *
 * @param error - How it ended.
 * @returns True for what a KDC would not send that works and knows our key.
 */
export function isUntrue(error: unknown): boolean {
  return error instanceof KerberosError && UNTRUE.includes(error.code)
}

/**
 * Whether another KDC may let us in that refused us, or give a better ticket.
 *
 * @param error - How the AS exchange ended.
 * @param repeats - How many other KDCs have been asked.
 * @returns True for a key or account that it may not know yet, for an untrue reply, and for a read-only one.
 */
export function othersMayLetUsIn(error: unknown, repeats: number): boolean {
  if (error instanceof ReadOnlyTicket) return repeats < MOST_READ_ONLY
  if (!(error instanceof KerberosError) || repeats >= MOST_PROOFS) return false
  const refused = error.code === 'ERR_KRB_PREAUTH_FAILED' || error.code === 'ERR_KRB_CLIENT_UNKNOWN'
  return refused || isUntrue(error)
}

/**
 * Whether another KDC may tell the truth, or have the key that we have.
 *
 * @param error - How an exchange ended.
 * @param repeats - How many other KDCs have been asked.
 * @returns True once, for untrue replies.
 */
export function othersMayBeTrue(error: unknown, repeats: number): boolean {
  return isUntrue(error) && repeats === 0
}
