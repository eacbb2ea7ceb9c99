/**
 * The seam between finding out whom to ask (kdc-transport.ts) and asking: one question put to one KDC, once.
 *
 * tcp-attempt.ts, udp-attempt.ts and direct-attempt.ts (which chooses between them) fit it, and so does whatever asks a KDC
 * proxy over HTTPS. An attempt knows nothing of other KDCs, of their health or of time limits: it asks, and stops when
 * its signal fires.
 *
 * @module
 */

import type { KdcAddress } from './kdc-address.ts'

/** One request. */
export interface KdcQuestion {
  /** Whose KDC is asked: MS-KKDCP sends it along. */
  readonly realm: string
  /** DER of the request, without the length that TCP and MS-KKDCP put before it. */
  readonly request: Uint8Array
  /** True: not sent anew where a connection ends under it, which a request for a ticket always may be. Default false. */
  readonly once?: boolean
}

/** An attempt that failed before there was a connection: certainly nothing was sent. */
export class NotSentError extends Error {}

/**
 * Puts a question to one KDC.
 *
 * @param address - Which KDC; of the kind that this attempt is for.
 * @param question - What is asked.
 * @param signal - Gives up: out of time, overtaken by another KDC, or the caller left. The promise rejects at once, and
 *   sockets are destroyed.
 * @returns DER of the reply, whole, at most as large as the attempt's own limit; whatever it says.
 * @throws Error whose message says what went wrong, without naming the KDC; a NotSentError where nothing was sent.
 */
export type KdcAttempt<Address extends KdcAddress = KdcAddress> = (
  address: Address,
  question: KdcQuestion,
  signal: AbortSignal,
) => Promise<Uint8Array>
