/**
 * Why a backend refused a ticket: its 401 may hold a KRB-ERROR behind `Negotiate` (RFC 4559 section 4.1), and IIS falls back to
 * NTLM. Nothing protects a KRB-ERROR: it chooses a code and a mend, never what is done.
 *
 * @module
 */

import { ApRefusedError, KerberosError, readApRefusal } from '../kerberos/index.ts'
import type { LogFields } from '../platform/index.ts'
import { SsoError, type SsoErrorCode } from './errors.ts'
import { tokenBehind } from './ticket-header.ts'

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
 * @param challenge - `Negotiate` or `Kerberos` with what follows it.
 * @returns The KRB-ERROR; undefined where there is none, or what follows is malformed.
 */
export function refusalBehind(challenge: string): ApRefusedError | undefined {
  try {
    return readApRefusal(tokenBehind(challenge))
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

/** RFC 4120 section 7.5.9 error numbers, as the codes that pages, logs and `doctor` switch on. */
const CODES: Readonly<Record<number, SsoErrorCode>> = {
  31: 'ERR_SSO_BACKEND_KEY_MISMATCH',
  32: 'ERR_SSO_BACKEND_TICKET_EXPIRED',
  33: 'ERR_SSO_BACKEND_TICKET_NOT_YET_VALID',
  34: 'ERR_SSO_BACKEND_REPLAY',
  36: 'ERR_SSO_BACKEND_BAD_MATCH',
  37: 'ERR_SSO_BACKEND_CLOCK_SKEW',
  41: 'ERR_SSO_BACKEND_KEY_MISMATCH',
  44: 'ERR_SSO_BACKEND_NO_KEY',
  45: 'ERR_SSO_BACKEND_NO_KEY',
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
  const { mend, krbErrorCode } = refusal
  const code = CODES[krbErrorCode] ?? 'ERR_SSO_BACKEND_REFUSED_TICKET'
  return new SsoError(code, `${what}: ${refusal.message}`, { cause: refusal, mend })
}
