/**
 * Errors of the gateway towards browsers and identity providers. ./error-codes.ts says which page each becomes.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes of the gateway's own faults. */
export type GatewayErrorCode =
  /** The request breaks a rule of HTTP or a limit. */
  | 'ERR_GATEWAY_BAD_REQUEST'
  /** More header fields, or larger ones, than `headerFields` and `headerOctets` allow. */
  | 'ERR_GATEWAY_FIELDS_TOO_LARGE'
  /** The request target is longer than `targetOctets`. */
  | 'ERR_GATEWAY_TARGET_TOO_LONG'
  /** No app is published under this host. */
  | 'ERR_GATEWAY_UNKNOWN_HOST'
  /** A page under /.sallyport/ that does not exist. */
  | 'ERR_GATEWAY_NOT_FOUND'
  /** A method that this page or gateway does not take. */
  | 'ERR_GATEWAY_METHOD'
  /** There is no session, or it has ended. */
  | 'ERR_GATEWAY_NOT_SIGNED_IN'
  /** The user is signed in, but not on the app's list. */
  | 'ERR_GATEWAY_NOT_ALLOWED'
  /** The app wants a stronger or fresher sign-in than this session's. */
  | 'ERR_GATEWAY_STEP_UP_NEEDED'
  /** A sign-in that was just made is not as strong as the app, or the connector's policy, wants. */
  | 'ERR_GATEWAY_STEP_UP_REFUSED'
  /** A sign-in that was not begun in this browser, has expired or was already used. */
  | 'ERR_GATEWAY_SIGN_IN_STATE'
  /** The provider refused the sign-in, or its answer did not verify. */
  | 'ERR_GATEWAY_PROVIDER_REFUSED'
  /** The provider cannot be reached. */
  | 'ERR_GATEWAY_PROVIDER_UNREACHABLE'
  /** The provider's token does not say who the user is. */
  | 'ERR_GATEWAY_LOGIN_CLAIM'
  /** A logout token that did not verify, or a request for back-channel logout that has none. */
  | 'ERR_GATEWAY_LOGOUT_TOKEN'
  /** A request from another site to a page that only our own pages may ask for, or to an app that does not list it. */
  | 'ERR_GATEWAY_CROSS_SITE'
  /** More sign-ins with Kerberos than can be remembered: the ordinary sign-in is the answer. */
  | 'ERR_GATEWAY_KERBEROS_FULL'
  /** No connector of the app's group is connected. */
  | 'ERR_GATEWAY_NO_CONNECTOR'
  /** The connector that signed the user in with Kerberos is gone: sign in again. */
  | 'ERR_GATEWAY_CONNECTOR_CHANGED'
  /** No connector of the app's group can switch protocols. */
  | 'ERR_GATEWAY_UPGRADE'
  /** The connector sent a response that must not be passed on. */
  | 'ERR_GATEWAY_BAD_RESPONSE'
  /** The connector took too long. */
  | 'ERR_GATEWAY_TIMEOUT'
  /** The browser went away. */
  | 'ERR_GATEWAY_CLIENT_ABORTED'
  /** The browser neither sent nor took data for too long. */
  | 'ERR_GATEWAY_CLIENT_STALLED'
  /** The session ended while the request ran. */
  | 'ERR_GATEWAY_SESSION_ENDED'
  /** The gateway is stopping. */
  | 'ERR_GATEWAY_STOPPING'
  /** Something that should not happen. */
  | 'ERR_GATEWAY_INTERNAL'

/** Anything that this part of the gateway throws on purpose. Messages never hold tokens or cookies. */
export class GatewayError extends SallyportError {
  declare readonly code: GatewayErrorCode

  constructor(code: GatewayErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}
