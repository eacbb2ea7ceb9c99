/**
 * A session whose sealed part was opened by its cookie: who the user is, and the tokens. Lives in memory only.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Random } from '../platform/index.ts'
import { claimsOf, type Claims, type StepUp } from './oidc.ts'
import { seal, unseal } from './seal.ts'
import type { SessionCookie } from './session-cookie.ts'
import type { SessionRecord } from './store.ts'

/** What is sealed. */
export interface SessionSecrets {
  /** External host the session belongs to: a cookie of one app opens nothing at another. */
  readonly host: string
  readonly idToken: string
  readonly refreshToken?: string | undefined
  /** The connector whose assertion stands for an ID token: only it can verify that. */
  readonly acceptedBy?: string | undefined
  /** What the provider was asked for in a row because the policy inside wanted more. */
  readonly askedFor?: readonly StepUp[] | undefined
}

/** A proof of sign-in as connectors know it. */
export interface Proof {
  /** Names the token: the same token of the same session always has the same id. */
  readonly id: string
  readonly idToken: string
  /** Absent: an ID token. */
  readonly kind?: 'assertion'
  /** When the ID token expires. */
  readonly expiresMs: number
}

function labelOf(idHash: string): string {
  return `sallyport session ${idHash}`
}

/**
 * Seals what only the cookie may open.
 *
 * @param secrets - Host and tokens.
 * @param cookie - Whose key is used.
 * @param random - Gives the nonce.
 * @returns What the store keeps.
 */
export function sealSecrets(
  secrets: SessionSecrets,
  cookie: SessionCookie,
  random: Random,
): Uint8Array {
  const plaintext = Buffer.from(JSON.stringify(secrets), 'utf8')
  return seal(plaintext, { key: cookie.key, label: labelOf(cookie.idHash) }, random)
}

function readSecrets(plaintext: Buffer): SessionSecrets | undefined {
  // Only this process can have sealed it, so its shape is known.
  return JSON.parse(plaintext.toString('utf8')) as SessionSecrets
}

/**
 * Opens what the store kept.
 *
 * @param record - The store's row.
 * @param cookie - What the browser sent.
 * @returns Host and tokens, or undefined when the cookie's key does not fit.
 */
export function openSecrets(
  record: SessionRecord,
  cookie: SessionCookie,
): SessionSecrets | undefined {
  const plaintext = unseal(record.sealed, { key: cookie.key, label: labelOf(cookie.idHash) })
  return plaintext && readSecrets(plaintext)
}

function proofId(idHash: string, idToken: string): string {
  const hash = createHash('sha256').update(idHash).update('\0').update(idToken).digest()
  return hash.subarray(0, 16).toString('base64url')
}

function secondsClaim(claims: Claims, name: string): number | undefined {
  const value = claims[name]
  return typeof value === 'number' && Number.isFinite(value) ? value * 1000 : undefined
}

/** The tokens of a session, with what is derived from them once. */
export class SessionTokens {
  readonly claims: Claims
  readonly proof: Proof
  readonly refreshToken: string | undefined
  /** From when on a fresh token is fetched. */
  readonly refreshAtMs: number

  /**
   * Takes the tokens apart.
   *
   * @param idHash - Of the session.
   * @param secrets - Its tokens.
   * @param aheadMs - How long before the ID token's end a new one is wanted, at most a quarter of its life.
   */
  constructor(idHash: string, secrets: SessionSecrets, aheadMs: number) {
    this.claims = claimsOf(secrets.idToken) ?? {}
    const expiresMs = secondsClaim(this.claims, 'exp') ?? 0
    const lifeMs = expiresMs - (secondsClaim(this.claims, 'iat') ?? expiresMs)
    this.refreshAtMs = expiresMs - Math.min(aheadMs, Math.max(lifeMs, 0) / 4)
    this.refreshToken = secrets.refreshToken
    const { idToken, acceptedBy } = secrets
    const kind = acceptedBy === undefined ? {} : ({ kind: 'assertion' } as const)
    this.proof = { id: proofId(idHash, idToken), idToken, ...kind, expiresMs }
  }
}

/** A session in use. */
export class OpenSession {
  readonly cookie: SessionCookie
  readonly host: string
  /** Signed in with Kerberos: the connector that every request has to go to. */
  readonly acceptedBy: string | undefined
  /** What the provider was asked for in a row because the policy inside wanted more. */
  readonly askedFor: readonly StepUp[] | undefined
  readonly issuer: string
  readonly subject: string
  readonly user: string
  readonly createdMs: number
  /** Last use. */
  seenMs: number
  /** Last use that the store knows of. */
  writtenMs: number
  tokens: SessionTokens
  /** The ID token under which `verdicts` were reached. */
  verdictsFor: SessionTokens | undefined
  /** Per app id: may this user use it? */
  readonly verdicts: Map<string, boolean> = new Map()
  /** The refresh under way: one at a time. */
  refreshing: Promise<void> | undefined
  /** No further refresh before this time, after one that failed. */
  refreshNotBeforeMs = 0
  /** Signed out, revoked or expired. */
  ended = false

  constructor(
    record: SessionRecord,
    cookie: SessionCookie,
    opened: Pick<SessionSecrets, 'host' | 'acceptedBy' | 'askedFor'> & { tokens: SessionTokens },
  ) {
    this.cookie = cookie
    this.host = opened.host
    this.acceptedBy = opened.acceptedBy
    this.askedFor = opened.askedFor
    this.tokens = opened.tokens
    this.issuer = record.issuer
    this.subject = record.subject
    this.user = record.user
    this.createdMs = record.createdMs
    this.seenMs = record.seenMs
    this.writtenMs = record.seenMs
  }

  get idHash(): string {
    return this.cookie.idHash
  }
}
