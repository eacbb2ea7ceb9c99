/**
 * Why a backend refused a ticket: its 401 may hold a KRB-ERROR behind `Negotiate` (RFC 4559 section 4.1), and IIS falls back to
 * NTLM.
 *
 * @module
 */

import { ApRefusedError, KerberosError, parseNegotiate, readApRefusal } from '../kerberos/index.ts'
import type { LogFields } from '../platform/index.ts'
import { SsoError } from './errors.ts'

/** Whose ticket was refused, and how. */
export interface RefusedTicket {
  /** Origin of the backend. */
  readonly origin: string
  /** Service principal name of the ticket. */
  readonly spn: string
  /** What happened besides, for the message. */
  readonly how: string
}

/**
 * What the backend says of its refusal.
 *
 * @param challenge - `Negotiate` with what follows it.
 * @returns The KRB-ERROR; undefined where there is none, or what follows is malformed.
 */
export function refusalBehind(challenge: string): ApRefusedError | undefined {
  try {
    return readApRefusal(parseNegotiate(challenge) ?? new Uint8Array(0))
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}

/**
 * Fields of a log line about a refusal.
 *
 * @param refusal - What the backend said, if anything.
 * @returns Error number, meaning, mend, and how far its clock is off.
 */
export function refusalFields(refusal: ApRefusedError | undefined): LogFields {
  if (refusal === undefined) return { reason: 'the backend does not say why' }
  const { krbErrorCode, message, mend, aheadMs } = refusal
  return { krbErrorCode, reason: message, mend, aheadMs }
}

/**
 * The error that ends the request.
 *
 * @param refused - Whose ticket was refused.
 * @param refusal - What the backend said, if anything.
 * @returns The error, with the backend's as its cause.
 */
export function refusedTicketError(
  { origin, spn, how }: RefusedTicket,
  refusal: ApRefusedError | undefined,
): SsoError {
  const what = `${origin} answered 401 to a ticket for ${spn}, ${how}`
  if (refusal === undefined) {
    return new SsoError('ERR_SSO_BACKEND_REFUSED_TICKET', what, {
      mend: `Check that the service behind ${origin} holds the key of ${spn}, and that the user may use it.`,
    })
  }
  const { mend } = refusal
  return new SsoError('ERR_SSO_BACKEND_REFUSED_TICKET', `${what}: ${refusal.message}`, {
    cause: refusal,
    ...(mend === undefined ? {} : { mend }),
  })
}
