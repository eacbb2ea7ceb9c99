/**
 * Keeps the ID token of a session fresh: it is the proof that connectors ask for, and they honour its end.
 *
 * One refresh per session at a time. A provider that refuses ends the session at once; one that cannot be reached
 * leaves it alive, and usable until the token's own end.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger } from '../platform/index.ts'
import type { OpenSession } from './open-session.ts'
import { textClaim, type OidcProvider, type TokenSet } from './oidc.ts'
import type { Sessions } from './sessions.ts'

/** Whether a session's token can be used now. */
export type Freshness = 'fresh' | 'ended' | 'unavailable'

/** What the keeper needs. */
export interface TokenKeeperPorts {
  readonly provider: OidcProvider
  readonly sessions: Sessions
  readonly clock: Clock
  readonly logger: Logger
  readonly loginClaim: string
}

/** Pause after a refresh that brought nothing, milliseconds. */
const RETRY_AFTER_MS = 5_000

/** Refreshes tokens ahead of their end. */
export class TokenKeeper {
  readonly #ports: TokenKeeperPorts

  constructor(ports: TokenKeeperPorts) {
    this.#ports = ports
  }

  /**
   * Sees that a session's token is good for a request.
   *
   * @param session - An open session.
   * @returns At once 'fresh' while the token lives (a refresh may then run beside the request); else what came of
   * the refresh.
   */
  ensure(session: OpenSession): 'fresh' | Promise<Freshness> {
    const nowMs = this.#ports.clock.nowMs()
    if (nowMs < session.tokens.refreshAtMs) return 'fresh'
    const mayTry = nowMs >= session.refreshNotBeforeMs
    if (nowMs < session.tokens.proof.expiresMs) {
      if (mayTry && session.tokens.refreshToken !== undefined) void this.#refresh(session)
      return 'fresh'
    }
    return this.#revive(session, mayTry)
  }

  async #revive(session: OpenSession, mayTry: boolean): Promise<Freshness> {
    if (session.tokens.refreshToken === undefined) {
      await this.#end(session)
      return 'ended'
    }
    if (session.refreshing !== undefined || mayTry) await this.#refresh(session)
    if (session.ended) return 'ended'
    return this.#ports.clock.nowMs() < session.tokens.proof.expiresMs ? 'fresh' : 'unavailable'
  }

  /** Never rejects. */
  #refresh(session: OpenSession): Promise<void> {
    session.refreshing ??= this.#fetch(session)
      .catch((error: unknown) => this.#failed(session, error))
      .finally(() => {
        session.refreshing = undefined
      })
    return session.refreshing
  }

  async #fetch(session: OpenSession): Promise<void> {
    const fresh = await this.#ports.provider.refresh(session.tokens.refreshToken ?? '')
    if (session.ended) return
    if (!fresh) {
      await this.#noneGiven(session)
      return
    }
    if (!this.#sameUser(session, fresh)) {
      this.#ports.logger.warn('refreshed token is not of the same user', { user: session.user })
      await this.#end(session)
      return
    }
    await this.#ports.sessions.replaceTokens(session, fresh)
    const nowMs = this.#ports.clock.nowMs()
    // A provider may answer with a token that is about to end too: do not ask at every request.
    if (nowMs >= session.tokens.refreshAtMs) session.refreshNotBeforeMs = nowMs + RETRY_AFTER_MS
  }

  /** Core section 12.2 lets a provider refresh without an ID token: the session then lasts as long as the one it has. */
  async #noneGiven(session: OpenSession): Promise<void> {
    const { expiresMs } = session.tokens.proof
    session.refreshNotBeforeMs = expiresMs
    if (this.#ports.clock.nowMs() >= expiresMs) await this.#end(session)
  }

  /** OpenID Connect Core section 12.2: issuer and subject stay; so must the login they stand for. */
  #sameUser(session: OpenSession, fresh: TokenSet): boolean {
    const user = textClaim(fresh.claims, this.#ports.loginClaim)?.toLowerCase()
    const { sub, iss } = fresh.claims
    return sub === session.subject && iss === session.issuer && user === session.user
  }

  async #failed(session: OpenSession, error: unknown): Promise<void> {
    const { clock, logger } = this.#ports
    const code = errorCode(error)
    logger.warn('token not refreshed', { user: session.user, code, reason: errorText(error) })
    session.refreshNotBeforeMs = clock.nowMs() + RETRY_AFTER_MS
    if (code === 'ERR_GATEWAY_PROVIDER_REFUSED') await this.#end(session)
  }

  async #end(session: OpenSession): Promise<void> {
    session.ended = true
    await this.#ports.sessions.end(session.idHash).catch((error: unknown) => {
      this.#ports.logger.error('session not deleted', { code: errorCode(error) })
    })
  }
}
