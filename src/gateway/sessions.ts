/**
 * Browser sessions: begun by a sign-in, opened by their cookie, ended by sign-out, revocation, refusal or time.
 *
 * Sessions in use are kept open in memory, so that a request costs neither a query nor a decryption. Whatever ends a
 * session takes it out of memory in the same turn of the event loop in which the store has forgotten it.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { errorCode, type Clock, type Logger, type Random } from '../platform/index.ts'
import { GatewayError } from './errors.ts'
import { OpenSession, openSecrets, sealSecrets, SessionTokens } from './open-session.ts'
import type { StepUp, TokenSet } from './oidc.ts'
import { createSessionCookie, parseSessionCookie } from './session-cookie.ts'
import type { SessionRepository, SessionSummary } from './store.ts'

/** How long sessions live. */
export interface SessionLimits {
  /** Longest time between two uses. */
  readonly idleMs: number
  /** Longest life. */
  readonly absoluteMs: number
  /** Most sessions held open in memory. */
  readonly cached: number
  /** The store hears of a session's use at most this often. */
  readonly touchMs: number
  /** How long before an ID token's end a fresh one is fetched. */
  readonly refreshAheadMs: number
}

/** What sessions need of the outside. */
export interface SessionPorts {
  readonly repository: SessionRepository
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Told of every session that has ended, by id hash: proofs are forgotten, streams reset. */
  readonly onEnded: (idHashes: readonly string[]) => void
}

/** Who signed in, where. */
export interface SignedIn {
  readonly host: string
  readonly issuer: string
  readonly subject: string
  /** The provider's own session, where the token names it. */
  readonly sid?: string | undefined
  /** Login name. */
  readonly user: string
  readonly tokens: Pick<TokenSet, 'idToken' | 'refreshToken'>
  /** The connector whose assertion the ID token is. */
  readonly acceptedBy?: string
  /** What the provider was asked for in a row because the policy inside wanted more. */
  readonly askedFor?: readonly StepUp[] | undefined
}

/** A session that has just begun. */
export interface BegunSession {
  readonly session: OpenSession
  /** For Set-Cookie. */
  readonly cookieValue: string
}

/** All browser sessions of this gateway. */
export class Sessions {
  readonly #limits: SessionLimits
  readonly #ports: SessionPorts
  readonly #open: LRUCache<string, OpenSession>
  /** Cookie values of open sessions by id hash. */
  readonly #cookieOf = new Map<string, string>()
  readonly #opening = new Map<string, Promise<OpenSession | undefined>>()
  /** Rises whenever sessions were ended: an opening that overlapped has to look again. */
  #endings = 0

  constructor(limits: SessionLimits, ports: SessionPorts) {
    this.#limits = limits
    this.#ports = ports
    this.#open = new LRUCache({
      max: limits.cached,
      dispose: (session) => this.#cookieOf.delete(session.idHash),
    })
  }

  /**
   * Begins a session.
   *
   * @param signedIn - Who, and the tokens.
   * @returns The session and its cookie's value.
   * @throws GatewayError ERR_GATEWAY_SESSION_ENDED when it was revoked in the meantime.
   */
  async begin(signedIn: SignedIn): Promise<BegunSession> {
    const cookie = createSessionCookie(this.#ports.random)
    const nowMs = this.#ports.clock.nowMs()
    const { host, tokens, acceptedBy, askedFor } = signedIn
    const { idToken, refreshToken } = tokens
    const secrets = { host, idToken, refreshToken, acceptedBy, askedFor }
    const record = {
      idHash: cookie.idHash,
      issuer: signedIn.issuer,
      subject: signedIn.subject,
      ...(signedIn.sid !== undefined && { sid: signedIn.sid }),
      user: foldUser(signedIn.user),
      createdMs: nowMs,
      seenMs: nowMs,
      sealed: sealSecrets(secrets, cookie, this.#ports.random),
    }
    const endings = this.#endings
    await this.#ports.repository.insert(record)
    await this.#requireKept(cookie.idHash, endings)
    const opened = {
      host,
      acceptedBy,
      askedFor,
      tokens: new SessionTokens(cookie.idHash, secrets, this.#limits.refreshAheadMs),
    }
    const session = new OpenSession(record, cookie, opened)
    this.#keep(cookie.value, session)
    return { session, cookieValue: cookie.value }
  }

  /**
   * The session of a cookie, when it is open in memory. The way of nearly every request.
   *
   * @param cookieValue - What the browser sent.
   * @param host - External host of the request.
   * @returns The session, marked as used; undefined when `open` has to look.
   */
  cached(cookieValue: string, host: string): OpenSession | undefined {
    const session = this.#open.get(cookieValue)
    if (session?.host !== host || session.ended) return undefined
    const nowMs = this.#ports.clock.nowMs()
    if (!this.#alive(session, nowMs)) return undefined
    this.use(session, nowMs)
    return session
  }

  /**
   * The session of a cookie.
   *
   * @param cookieValue - What the browser sent.
   * @param host - External host of the request.
   * @returns The session, marked as used; undefined when there is none, it has ended or belongs to another host.
   */
  async open(cookieValue: string, host: string): Promise<OpenSession | undefined> {
    let opening = this.#opening.get(cookieValue)
    if (!opening) {
      opening = this.#load(cookieValue).finally(() => this.#opening.delete(cookieValue))
      this.#opening.set(cookieValue, opening)
    }
    const session = await opening
    if (session?.host !== host) return undefined
    const nowMs = this.#ports.clock.nowMs()
    // One that has ended is only found where the store could not forget it: it is told again.
    if (session.ended || !this.#alive(session, nowMs)) {
      await this.end(session.idHash)
      return undefined
    }
    this.use(session, nowMs)
    return session
  }

  /**
   * Marks a session as used.
   *
   * @param session - Which.
   * @param nowMs - When.
   */
  use(session: OpenSession, nowMs: number): void {
    session.seenMs = nowMs
    if (nowMs - session.writtenMs < this.#limits.touchMs) return
    session.writtenMs = nowMs
    this.#ports.repository.touch(session.idHash, nowMs).catch((error: unknown) => {
      this.#ports.logger.warn('session use not written', { code: errorCode(error) })
    })
  }

  /**
   * Keeps a session open in memory before others: what runs in it refreshes its tokens, and read anew it would have the old ones.
   *
   * @param session - Which.
   */
  keepOpen({ idHash }: OpenSession): void {
    this.#open.get(this.#cookieOf.get(idHash) ?? '')
  }

  /**
   * Gives a session fresh tokens; harmless when it ended in the meantime.
   *
   * @param session - Which.
   * @param fresh - From the provider.
   */
  async replaceTokens(
    session: OpenSession,
    fresh: Pick<TokenSet, 'idToken' | 'refreshToken'>,
  ): Promise<void> {
    const refreshToken = fresh.refreshToken ?? session.tokens.refreshToken
    const secrets = { host: session.host, idToken: fresh.idToken, refreshToken }
    session.tokens = new SessionTokens(session.idHash, secrets, this.#limits.refreshAheadMs)
    const sealed = sealSecrets(secrets, session.cookie, this.#ports.random)
    await this.#ports.repository.reseal(session.idHash, sealed)
  }

  /**
   * Ends one session.
   *
   * @param idHash - Which. It is over here also where the store fails, which rejects.
   */
  async end(idHash: string): Promise<void> {
    try {
      await this.#ports.repository.delete(idHash)
    } catch (error) {
      this.#close([idHash])
      throw error
    }
    this.#ended([idHash])
  }

  /**
   * Ends every session of a login name.
   *
   * @param user - The name, in any case.
   * @returns How many there were.
   */
  async revokeUser(user: string): Promise<number> {
    const idHashes = await this.#ports.repository.deleteByUser(foldUser(user))
    this.#ended(idHashes)
    return idHashes.length
  }

  /**
   * Ends the sessions that the provider has ended.
   *
   * @param whose - Its user, its session, or both.
   * @returns How many there were.
   */
  async endByProvider(
    whose: Parameters<SessionRepository['deleteByProvider']>[0],
  ): Promise<number> {
    if (whose.subject === undefined && whose.sid === undefined) return 0
    const idHashes = await this.#ports.repository.deleteByProvider(whose)
    this.#ended(idHashes)
    return idHashes.length
  }

  /** Ends the sessions whose time is over. */
  async sweep(): Promise<void> {
    const nowMs = this.#ports.clock.nowMs()
    const { idleMs, absoluteMs, touchMs } = this.#limits
    // The store may lag behind by the time between two touches.
    const idleBeforeMs = nowMs - idleMs - touchMs
    const { repository } = this.#ports
    this.#ended(await repository.deleteExpired(idleBeforeMs, nowMs - absoluteMs))
  }

  /** Every session, without what is sealed. */
  list(): Promise<readonly SessionSummary[]> {
    return this.#ports.repository.list()
  }

  async #load(cookieValue: string): Promise<OpenSession | undefined> {
    const known = this.#open.get(cookieValue)
    if (known) return known
    const cookie = parseSessionCookie(cookieValue)
    if (!cookie) return undefined
    for (;;) {
      const endings = this.#endings
      const record = await this.#ports.repository.find(cookie.idHash)
      if (endings !== this.#endings) continue
      const secrets = record && openSecrets(record, cookie)
      if (!secrets) return undefined
      const tokens = new SessionTokens(cookie.idHash, secrets, this.#limits.refreshAheadMs)
      const session = new OpenSession(record, cookie, { ...secrets, tokens })
      this.#keep(cookieValue, session)
      return session
    }
  }

  #keep(cookieValue: string, session: OpenSession): void {
    this.#open.set(cookieValue, session)
    this.#cookieOf.set(session.idHash, cookieValue)
  }

  #alive(session: OpenSession, nowMs: number): boolean {
    return (
      nowMs - session.seenMs <= this.#limits.idleMs &&
      nowMs - session.createdMs <= this.#limits.absoluteMs
    )
  }

  /** Whatever ended sessions while the store took this one has not found it in memory. */
  async #requireKept(idHash: string, endings: number): Promise<void> {
    for (let seen = endings; seen !== this.#endings;) {
      seen = this.#endings
      if (await this.#ports.repository.find(idHash)) continue
      throw new GatewayError('ERR_GATEWAY_SESSION_ENDED', 'the session was ended as it began')
    }
  }

  #ended(idHashes: readonly string[]): void {
    if (idHashes.length === 0) return
    this.#close(idHashes)
    for (const idHash of idHashes) {
      const cookieValue = this.#cookieOf.get(idHash)
      if (cookieValue !== undefined) this.#open.delete(cookieValue)
    }
  }

  /** Nothing runs in them any more. */
  #close(idHashes: readonly string[]): void {
    this.#endings++
    for (const idHash of idHashes) {
      const session = this.#open.peek(this.#cookieOf.get(idHash) ?? '')
      if (session) session.ended = true
    }
    this.#ports.onEnded(idHashes)
  }
}

/** Login names are compared without regard to case, as directories do. */
function foldUser(user: string): string {
  return user.toLowerCase()
}
