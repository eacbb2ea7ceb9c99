/**
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6): what must be in one whose signature, issuer and
 * audience have been verified.
 *
 * @module
 */

import { GatewayError } from './errors.ts'
import { textClaim, type SignedToken } from './oidc.ts'

/** Whose sessions end. At least one of subject and sid is there. */
export interface Logout {
  readonly issuer: string
  readonly subject: string | undefined
  readonly sid: string | undefined
  readonly jti: string
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Longer ids are not remembered, and so not taken. */
const MAX_JTI_LENGTH = 256

function refused(reason: string): GatewayError {
  return new GatewayError('ERR_GATEWAY_LOGOUT_TOKEN', `the logout token is refused: ${reason}`, {
    mend: "Look at the provider's back-channel logout settings for this client, and at both clocks.",
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkKind({ claims, type }: SignedToken): void {
  // Providers older than the final specification say JWT or nothing; the event tells the token from others then.
  if (type !== undefined && !/^(application\/)?(logout\+)?jwt$/i.test(type)) {
    throw refused('header typ (not a logout token)')
  }
  const { events } = claims
  if (!isObject(events) || !isObject(events[EVENT])) throw refused('claim events')
  // Section 2.4: prohibited, so that no logout token can pass for an ID token.
  if (Object.hasOwn(claims, 'nonce')) throw refused('claim nonce (must not be there)')
}

/**
 * Reads a logout token.
 *
 * @param token - Verified.
 * @param nowMs - The time.
 * @param maxAgeMs - Longest time since iat, and longest time iat may lie ahead.
 * @returns Whose sessions end.
 * @throws GatewayError ERR_GATEWAY_LOGOUT_TOKEN that names the claim.
 */
export function readLogoutToken(token: SignedToken, nowMs: number, maxAgeMs: number): Logout {
  checkKind(token)
  const { claims } = token
  const { iat } = claims
  if (typeof iat !== 'number' || !(Math.abs(nowMs - iat * 1000) <= maxAgeMs)) {
    throw refused('claim iat (missing, too old or in the future)')
  }
  const jti = textClaim(claims, 'jti')
  if (jti === undefined || jti.length > MAX_JTI_LENGTH) throw refused('claim jti')
  const issuer = textClaim(claims, 'iss')
  const subject = textClaim(claims, 'sub')
  const sid = textClaim(claims, 'sid')
  if (issuer === undefined || (subject === undefined && sid === undefined)) {
    throw refused('claims sub and sid (neither is there)')
  }
  return { issuer, subject, sid, jti }
}
