/**
 * Back-channel logout: the provider itself says that somebody has signed out, and the sessions end, whatever the browser does
 * (OpenID Connect Back-Channel Logout 1.0).
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import {
  errorCode,
  errorText,
  type Clock,
  type Logger,
  type SecurityLog,
} from '../platform/index.ts'
import { GatewayError } from './errors.ts'
import { readLogoutToken, type Logout } from './logout-token.ts'
import type { OidcProvider } from './oidc.ts'
import { jsonPage, type Page } from './pages.ts'
import type { Sessions } from './sessions.ts'

/** Bounds of back-channel logout. */
export interface LogoutLimits {
  /** Longest time since a logout token was made, seconds. */
  readonly maxAgeSeconds: number
  /** Tokens that do not verify, from one address within a minute; more are not looked at. */
  readonly failuresPerMinute: number
  /** Ids of tokens that are remembered, so that none counts twice. */
  readonly remembered: number
}

/** What the endpoint needs. */
export interface LogoutPorts {
  readonly provider: Pick<OidcProvider, 'verifyLogoutToken'>
  readonly sessions: Pick<Sessions, 'endByProvider'>
  readonly clock: Clock
  readonly logger: Logger
  readonly security: Pick<SecurityLog, 'report'>
}

/** A request to the endpoint. */
export interface LogoutRequest {
  readonly method: string
  readonly contentType: string
  /** Undefined: longer than allowed. */
  readonly body: string | undefined
  readonly address: string
  readonly requestId: string
}

const MINUTE_MS = 60_000
/** Addresses whose failures are counted at once; those beyond are still bounded by their cost, a signature each. */
const MAX_ADDRESSES = 10_000

function refused(reason: string): GatewayError {
  return new GatewayError('ERR_GATEWAY_LOGOUT_TOKEN', reason)
}

function tokenOf({ method, contentType, body }: LogoutRequest): string {
  if (method !== 'POST') throw new GatewayError('ERR_GATEWAY_METHOD', 'only POST is accepted here')
  if (body === undefined) throw refused('the form is too long')
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType)) {
    throw refused('expected application/x-www-form-urlencoded')
  }
  const tokens = new URLSearchParams(body).getAll('logout_token')
  const [token] = tokens
  if (token === undefined || tokens.length > 1) throw refused('expected one logout_token')
  return token
}

/** The endpoint. */
export class BackchannelLogout {
  readonly #limits: LogoutLimits
  readonly #ports: LogoutPorts
  /** Ids of tokens that came, with their issuer. */
  readonly #seen: LRUCache<string, true>
  readonly #failures = new Map<string, number>()
  #windowMs = -Infinity

  constructor(limits: LogoutLimits, ports: LogoutPorts) {
    this.#limits = limits
    this.#ports = ports
    // Twice: iat may lie as far ahead as it may lie back.
    const ttl = 2 * limits.maxAgeSeconds * 1000
    const perf = { now: () => ports.clock.monotonicMs() }
    this.#seen = new LRUCache({ max: limits.remembered, ttl, ttlResolution: 0, perf })
  }

  /**
   * Answers the provider. Never rejects.
   *
   * @param request - What it sent.
   * @returns 200 when the sessions have ended, 400 for a token that is refused, 429 after too many of those, 503 when the
   *   provider's keys cannot be had.
   */
  async answer(request: LogoutRequest): Promise<Page> {
    if (this.#failuresOf(request.address) >= this.#limits.failuresPerMinute) {
      return jsonPage(429, { error: 'invalid_request', error_description: 'too many of them' })
    }
    try {
      await this.#logout(tokenOf(request), request)
      return jsonPage(200, {})
    } catch (error) {
      return this.#fault(request, error)
    }
  }

  async #logout(token: string, { requestId }: LogoutRequest): Promise<void> {
    const { provider, sessions, clock, logger } = this.#ports
    const signed = await provider.verifyLogoutToken(token)
    const logout = readLogoutToken(signed, clock.nowMs(), this.#limits.maxAgeSeconds * 1000)
    const count = await this.#once(logout, () => sessions.endByProvider(logout))
    logger.info('signed out by the provider', { requestId, sessions: count })
  }

  /** A token counts once. Where the store failed it has not counted: the provider may send it again. */
  async #once<T>({ issuer, jti }: Logout, act: () => Promise<T>): Promise<T> {
    const key = `${issuer}\n${jti}`
    if (this.#seen.has(key)) throw refused('the logout token was used before')
    this.#seen.set(key, true)
    try {
      return await act()
    } catch (error) {
      this.#seen.delete(key)
      throw error
    }
  }

  #failuresOf(address: string): number {
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs - this.#windowMs >= MINUTE_MS) {
      this.#windowMs = nowMs
      this.#failures.clear()
    }
    return this.#failures.get(address) ?? 0
  }

  #fault({ address, requestId }: LogoutRequest, error: unknown): Page {
    const code = errorCode(error)
    const fields = { requestId, address, reason: errorText(error) }
    if (code === 'ERR_GATEWAY_METHOD') return jsonPage(405, { error: 'invalid_request' })
    if (code === 'ERR_GATEWAY_LOGOUT_TOKEN') {
      if (this.#failures.size < MAX_ADDRESSES || this.#failures.has(address)) {
        this.#failures.set(address, this.#failuresOf(address) + 1)
      }
      this.#ports.security.report({ code, what: 'logout-token-invalid', fields })
      return jsonPage(400, { error: 'invalid_request', error_description: errorText(error) })
    }
    this.#ports.logger.error('back-channel logout failed', { ...fields, code })
    return jsonPage(503, { error: 'temporarily_unavailable' })
  }
}
