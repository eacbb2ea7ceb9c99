/**
 * The errors of the SSO room. No message holds a token, a ticket, a cookie or an Authorization value.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes: the gateway's error pages, tests and logs switch on these, never on messages. */
export type SsoErrorCode =
  /** The app wants a sign-in and the request names no proof. */
  | 'ERR_SSO_PROOF_MISSING'
  /** The ID token is not one that this connector's policy accepts. */
  | 'ERR_SSO_PROOF_INVALID'
  /** The ID token names an issuer that this connector's policy does not list. */
  | 'ERR_SSO_ISSUER_UNKNOWN'
  /** The ID token or the sign-in behind it is too old. */
  | 'ERR_SSO_PROOF_EXPIRED'
  /** The issuer no longer has the key that signed the ID token. */
  | 'ERR_SSO_PROOF_WITHDRAWN'
  /** The request names a proof that is not known here (any more): the gateway sends it again once. */
  | 'ERR_SSO_PROOF_UNKNOWN'
  /** The assertion of a sign-in with Kerberos is of an earlier run, of another connector, or was dropped: sign in again. */
  | 'ERR_SSO_ASSERTION_UNKNOWN'
  /** The assertion was made up or changed, or is used for another app than it was given for. */
  | 'ERR_SSO_ASSERTION_INVALID'
  /** The browser's Negotiate token proves nothing here: NTLM, another service's ticket, several steps. */
  | 'ERR_SSO_NEGOTIATE_UNFIT'
  /** The browser's Negotiate token was sent twice, changed, or is bound to another channel. */
  | 'ERR_SSO_NEGOTIATE_REFUSED'
  /** The policy's row wants a stronger or fresher sign-in than this one. */
  | 'ERR_SSO_STEP_UP_NEEDED'
  /** The issuer's keys could not be fetched: nobody's proof can be checked now. */
  | 'ERR_SSO_KEYS_UNREACHABLE'
  /** The connector's own policy does not allow this app, origin or SPN. */
  | 'ERR_SSO_POLICY_DENIED'
  /** The login is not one that this issuer may assert. */
  | 'ERR_SSO_LOGIN_REFUSED'
  | 'ERR_SSO_ACCOUNT_UNKNOWN'
  | 'ERR_SSO_ACCOUNT_DISABLED'
  | 'ERR_SSO_ACCOUNT_AMBIGUOUS'
  /** The account's own end (accountExpires) has come. */
  | 'ERR_SSO_ACCOUNT_EXPIRED'
  /** The account is locked after too many wrong passwords. */
  | 'ERR_SSO_ACCOUNT_LOCKED'
  /** The account is sensitive or in Protected Users. */
  | 'ERR_SSO_NOT_DELEGATABLE'
  /** The connector's policy forbids acting for this account. */
  | 'ERR_SSO_NEVER_IMPERSONATE'
  /** The ID token is for another audience than the policy says, or was issued to another party. */
  | 'ERR_SSO_PROOF_AUDIENCE'
  /** By our clock the ID token is not valid yet. */
  | 'ERR_SSO_PROOF_EARLY'
  /** The KDC refuses the connector's own account, or gives no tickets to it. */
  | 'ERR_SSO_OWN_ACCOUNT'
  /** The app wants Kerberos and this connector has none. */
  | 'ERR_SSO_KERBEROS_ABSENT'
  /** As many exchanges as may wait for a KDC do so already. */
  | 'ERR_SSO_KDC_QUEUE_FULL'
  /** The turn to ask a KDC did not come in time. */
  | 'ERR_SSO_KDC_QUEUE_TIMEOUT'
  /** As many look-ups as may wait for the directory do so already. */
  | 'ERR_SSO_DIRECTORY_QUEUE_FULL'
  /** The turn to ask the directory did not come in time. */
  | 'ERR_SSO_DIRECTORY_QUEUE_TIMEOUT'
  /** The backend's web server takes no Authorization field of that size: the user is in very many groups. */
  | 'ERR_SSO_TOKEN_TOO_LARGE'
  /** A claim that names the user in a header field is missing or does not fit. */
  | 'ERR_SSO_HEADER_CLAIM'
  /** The policy names a file that is no key to sign assertions with. */
  | 'ERR_SSO_SIGNING_KEY'
  /** The backend answered 401 to a fresh ticket, and what follows here does not say why. */
  | 'ERR_SSO_BACKEND_REFUSED_TICKET'
  /** It cannot open the ticket with its key (KRB_AP_ERR_MODIFIED, KRB_AP_ERR_BAD_INTEGRITY). */
  | 'ERR_SSO_BACKEND_KEY_MISMATCH'
  /** It has no key for the ticket, or not that version (KRB_AP_ERR_NOKEY, KRB_AP_ERR_BADKEYVER). */
  | 'ERR_SSO_BACKEND_NO_KEY'
  /** Its clock and ours differ too much (KRB_AP_ERR_SKEW). */
  | 'ERR_SSO_BACKEND_CLOCK_SKEW'
  /** By its clock the ticket has ended (KRB_AP_ERR_TKT_EXPIRED). */
  | 'ERR_SSO_BACKEND_TICKET_EXPIRED'
  /** By its clock the ticket has not begun (KRB_AP_ERR_TKT_NYV). */
  | 'ERR_SSO_BACKEND_TICKET_NOT_YET_VALID'
  /** It says that it has seen the token before (KRB_AP_ERR_REPEAT). */
  | 'ERR_SSO_BACKEND_REPLAY'
  /** Ticket and token name different clients (KRB_AP_ERR_BADMATCH). */
  | 'ERR_SSO_BACKEND_BAD_MATCH'
  /** It offers NTLM and no Negotiate. */
  | 'ERR_SSO_BACKEND_NTLM_ONLY'
  /** It offers Basic and no Negotiate. */
  | 'ERR_SSO_BACKEND_BASIC_ONLY'
  /** It answers 401 to a ticket and says nothing about how to sign in. */
  | 'ERR_SSO_BACKEND_NO_CHALLENGE'
  /** The request has to be sent once more, and its body is gone. */
  | 'ERR_SSO_BODY_NOT_REPLAYABLE'
  /** The user's session or sign-in ended while the request was under way. */
  | 'ERR_SSO_SESSION_ENDED'
  /** The connector is shutting down. */
  | 'ERR_SSO_CLOSED'
  /** The backend's name has no address. */
  | 'ERR_BACKEND_NAME'
  /** No address of the backend took the connection. */
  | 'ERR_BACKEND_UNREACHABLE'
  /** The backend's certificate or TLS is not what the policy row wants. */
  | 'ERR_BACKEND_TLS'
  /** Connecting, the first octet or the next octet took too long. */
  | 'ERR_BACKEND_TIMEOUT'
  /** The backend's name leads to an address that the policy does not allow. */
  | 'ERR_BACKEND_ADDRESS_REFUSED'
  /** The request cannot be sent, or the answer is not HTTP/1.1. */
  | 'ERR_BACKEND_PROTOCOL'
  /** The exchange was cut: by the backend, the client or a limit. */
  | 'ERR_BACKEND_ABORTED'

/** Anything the SSO room refuses on purpose. */
export class SsoError extends SallyportError {
  declare readonly code: SsoErrorCode

  constructor(code: SsoErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}
