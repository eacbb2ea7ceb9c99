/** An OpenID provider that says what a test wants; its tokens are unsigned. */

import { GatewayError, type OidcProvider, type TokenSet } from '../../../src/gateway/index.ts'

/** Claims of an ID token. */
export type TestClaims = Readonly<Record<string, unknown>>

/** An ID token nobody signed: the gateway reads it after the provider port has verified it. */
export function unsignedToken(claims: TestClaims): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}

type AuthorizationRequest = Parameters<OidcProvider['authorizationUrl']>[0]

/** The provider. */
export class FakeProvider implements OidcProvider {
  readonly nowMs: () => number
  claims: TestClaims
  /** Life of ID tokens, seconds. */
  lifeSeconds = 3600
  refreshTokens = true
  /** Thrown by every method while set. */
  fault: Error | undefined
  /** While set, `refresh` waits for it. */
  held: Promise<void> | undefined
  refreshes = 0
  endSession: string | undefined = 'https://idp.example/logout'
  readonly asked: AuthorizationRequest[] = []
  #serial = 0

  constructor(nowMs: () => number, claims: TestClaims) {
    this.nowMs = nowMs
    this.claims = claims
  }

  tokens(): TokenSet {
    const iat = Math.floor(this.nowMs() / 1000)
    const times = { iat, exp: iat + this.lifeSeconds, jti: String(++this.#serial) }
    const claims = { iss: 'https://idp.example', ...this.claims, ...times }
    const refresh = this.refreshTokens ? { refreshToken: `refresh-${this.#serial}` } : {}
    return { idToken: unsignedToken(claims), claims, ...refresh }
  }
  authorizationUrl(request: AuthorizationRequest): Promise<string> {
    if (this.fault) return Promise.reject(this.fault)
    this.asked.push(request)
    const { state, redirectUri } = request
    const query = new URLSearchParams({ state, redirect_uri: redirectUri })
    return Promise.resolve(`https://idp.example/authorize?${query.toString()}`)
  }
  redeem(): Promise<TokenSet> {
    return this.fault ? Promise.reject(this.fault) : Promise.resolve(this.tokens())
  }
  async refresh(): Promise<TokenSet | undefined> {
    this.refreshes++
    await this.held
    if (this.fault) throw this.fault
    return this.tokens()
  }
  /** Takes an unsigned token for a verified one. */
  verifyLogoutToken(token: string): ReturnType<OidcProvider['verifyLogoutToken']> {
    if (this.fault) return Promise.reject(this.fault)
    const [header = '', claims = ''] = token
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString())
    try {
      const { typ } = JSON.parse(header) as { typ?: string }
      return Promise.resolve({ claims: JSON.parse(claims) as TestClaims, type: typ })
    } catch {
      return Promise.reject(new GatewayError('ERR_GATEWAY_LOGOUT_TOKEN', 'not verified'))
    }
  }
  endSessionUrl(): Promise<string | undefined> {
    return this.fault ? Promise.reject(this.fault) : Promise.resolve(this.endSession)
  }
}
