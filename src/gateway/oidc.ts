/**
 * The OpenID provider as a port; ./io/oidc.ts has the real one.
 *
 * @module
 */

/** Claims of an ID token that was verified. */
export type Claims = Readonly<Record<string, unknown>>

/** What the provider gave for a code or a refresh token; verified. */
export interface TokenSet {
  readonly idToken: string
  readonly claims: Claims
  /** Absent: the provider gave none (on a refresh: the old one stays good). */
  readonly refreshToken?: string
}

/** A JWT of the provider that was verified: signature, issuer, audience, times. */
export interface SignedToken {
  readonly claims: Claims
  /** The header's `typ`. */
  readonly type: string | undefined
}

/** What ties a callback to the request that began it. */
export interface SignInChecks {
  readonly state: string
  readonly nonce: string
  /** PKCE, RFC 7636; 43 to 128 characters. */
  readonly codeVerifier: string
}

/** What an app wants of a sign-in. */
export interface StepUp {
  /** Authentication contexts, one of which must be in the token; undefined: any. */
  readonly acr: readonly string[] | undefined
  /** Longest time since the user typed a password, minutes; undefined: as for every app. */
  readonly maxAgeMinutes: number | undefined
}

/** A sign-in to begin. */
export interface AuthorizationRequest extends SignInChecks {
  readonly redirectUri: string
  /** Ask for the password even when the provider still knows the user. */
  readonly forced: boolean
  /** What the app wants of the sign-in. */
  readonly stepUp?: StepUp | undefined
}

/**
 * The provider. Every method rejects with a GatewayError: ERR_GATEWAY_PROVIDER_UNREACHABLE when trying again later may
 * help, ERR_GATEWAY_PROVIDER_REFUSED when the provider said no or its answer did not verify.
 */
export interface OidcProvider {
  /** Where to send the browser. */
  authorizationUrl(request: AuthorizationRequest): Promise<string>
  /** Redeems the code of a callback; checks state, nonce, issuer, signature, times and auth_time. */
  redeem(callbackUrl: string, checks: SignInChecks): Promise<TokenSet>
  /** A fresh ID token; undefined when the provider gives none on refresh. */
  refresh(refreshToken: string): Promise<TokenSet | undefined>
  /**
   * Verifies signature, issuer, audience and end of a logout token; what is in it is for the caller to judge. Rejects with
   * ERR_GATEWAY_LOGOUT_TOKEN where it does not verify.
   */
  verifyLogoutToken(token: string): Promise<SignedToken>
  /** Where a browser ends its session at the provider, if it offers that. */
  endSessionUrl(idToken: string): Promise<string | undefined>
}

/**
 * Reads a claim that holds one text.
 *
 * @param claims - The claims.
 * @param name - The claim.
 * @returns Its text, or undefined when it is absent, empty or of another kind.
 */
export function textClaim(claims: Claims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Reads a claim that holds texts.
 *
 * @param claims - The claims.
 * @param name - The claim.
 * @returns The texts of a list, or the one text; other kinds give none.
 */
export function textsClaim(claims: Claims, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

/**
 * The payload of an ID token that was verified when it was received.
 *
 * @param idToken - Compact JWS.
 * @returns Its claims, or undefined when it cannot be read.
 */
export function claimsOf(idToken: string): Claims | undefined {
  const payload = idToken.split('.')[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
  } catch {
    return undefined
  }
}
