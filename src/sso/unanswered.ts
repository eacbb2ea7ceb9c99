/**
 * A 401 that no ticket answers: the backend offers other schemes than Negotiate and Kerberos, or none. The client could not
 * answer it either, since its Authorization never passes to apps with Kerberos.
 *
 * @module
 */

import { SsoError, type SsoErrorCode } from './errors.ts'

/** A 401 without a challenge for tickets. */
export interface Unanswered {
  /** Origin of the backend. */
  readonly origin: string
  /** Names in lower case. */
  readonly schemes: ReadonlySet<string>
  /** The request carried a ticket. */
  readonly ticketSent: boolean
  /** The backend has accepted tickets of this app: a 401 without any challenge is then its application's own. */
  readonly accepted: boolean
}

const TURN_ON =
  'On IIS turn Windows authentication with the provider Negotiate on; on Apache AuthType GSSAPI.'

/**
 * The error that such an answer is.
 *
 * @param answer - The 401.
 * @returns The error; undefined where the answer is the application's own and passes.
 */
export function unansweredError(answer: Unanswered): SsoError | undefined {
  const { origin, schemes, ticketSent, accepted } = answer
  const error = (code: SsoErrorCode, what: string, mend: string): SsoError =>
    new SsoError(code, `${origin} answered 401 and ${what}`, { mend })
  if (schemes.has('ntlm')) {
    const mend = `${TURN_ON} NTLM cannot be used on someone's behalf.`
    return error('ERR_SSO_BACKEND_NTLM_ONLY', 'offers NTLM without Negotiate', mend)
  }
  if (schemes.has('basic')) {
    const mend = `${TURN_ON} Or set singleSignOn: none for the app, so that its users sign in there.`
    return error('ERR_SSO_BACKEND_BASIC_ONLY', 'offers Basic without Negotiate', mend)
  }
  if (schemes.size > 0 || !ticketSent || accepted) return undefined
  const what = 'does not say how to sign in, though the request carried a ticket'
  return error('ERR_SSO_BACKEND_NO_CHALLENGE', what, TURN_ON)
}

/**
 * The error of a request that has to be sent once more and cannot be.
 *
 * @param origin - Origin of the backend.
 * @returns The error.
 */
export function bodyGone(origin: string): SsoError {
  const what = `${origin} asked for a ticket after the request's body had been sent, which is not kept`
  return new SsoError('ERR_SSO_BODY_NOT_REPLAYABLE', what, {
    mend: 'Set sendTicket: always for the app, or raise replayBodyOctets in connector.yaml.',
  })
}
