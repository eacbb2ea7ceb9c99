/**
 * What the gateway remembers, as repositories. ./io/database.ts keeps it in SQLite;
 * test/conformance/gateway holds the suite that every implementation has to pass.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes of the store. */
export type StoreErrorCode = 'ERR_GATEWAY_STORE_OPEN' | 'ERR_GATEWAY_STORE_NEWER'

/** The store cannot be opened. */
export class StoreError extends SallyportError {
  declare readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A browser session. Nothing in it is of use without the cookie. */
export interface SessionRecord {
  /** Hex SHA-256 of the session id, which only the cookie holds. */
  readonly idHash: string
  /** The identity provider. */
  readonly issuer: string
  /** The provider's `sub`. */
  readonly subject: string
  /** The provider's own session (`sid`), where its tokens name it: it may end it from afar. */
  readonly sid?: string
  /** The login name that is shown and revoked by. */
  readonly user: string
  readonly createdMs: number
  readonly seenMs: number
  /** Tokens and claims, AES-256-GCM under a key that only the cookie yields. */
  readonly sealed: Uint8Array
}

/** A session as lists show it. */
export type SessionSummary = Omit<SessionRecord, 'sealed'>

/** Browser sessions, by the hash of their id. */
export interface SessionRepository {
  /** Keeps a new session; rejects when the id is taken. */
  insert(record: SessionRecord): Promise<void>
  find(idHash: string): Promise<SessionRecord | undefined>
  /** Moves the time the session was last used; a session that is gone stays gone. */
  touch(idHash: string, seenMs: number): Promise<void>
  /** Replaces the sealed tokens; a session that is gone stays gone. */
  reseal(idHash: string, sealed: Uint8Array): Promise<void>
  delete(idHash: string): Promise<void>
  /** Ends every session of a login name. Returns their id hashes. */
  deleteByUser(user: string): Promise<readonly string[]>
  /**
   * Ends the sessions of one issuer's user, session, or both: with both named, a session that has no sid counts as that one.
   * Returns their id hashes.
   */
  deleteByProvider(whose: {
    readonly issuer: string
    readonly subject: string | undefined
    readonly sid: string | undefined
  }): Promise<readonly string[]>
  /** Ends sessions last used before the first time or created before the second. Returns their id hashes. */
  deleteExpired(idleBeforeMs: number, createdBeforeMs: number): Promise<readonly string[]>
  /** Every session, oldest first. */
  list(): Promise<readonly SessionSummary[]>
}

/** A one-time permission to register a connector. */
export interface RegistrationTokenRecord {
  /** Hex SHA-256 of the secret; the secret itself is never stored. */
  readonly secretHash: string
  /** The connector group that whoever redeems it joins. */
  readonly group: string
  readonly createdMs: number
  /** The first moment at which it is refused. */
  readonly expiresMs: number
  /** When it was redeemed. */
  readonly usedMs?: number
  /** Id of the connector that redeemed it. */
  readonly usedBy?: string
}

/** A certificate that the gateway's CA issued to a connector. */
export interface ConnectorCertificateRecord {
  /** Lower-case hex, no leading zero octets. */
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A connector that registered. */
export interface ConnectorRecord {
  /** UUID; also in its certificate's URI name. */
  readonly id: string
  /** What the administrator called it. */
  readonly name: string
  readonly group: string
  readonly registeredMs: number
  /** When it was revoked; absent while it is welcome. */
  readonly revokedMs?: number
}

/** Who redeems a token, at what time, with which first certificate. */
export interface Redemption {
  readonly nowMs: number
  readonly connector: Pick<ConnectorRecord, 'id' | 'name'>
  readonly certificate: ConnectorCertificateRecord
}

/** What came of an attempt to redeem. */
export type RedemptionOutcome =
  | { readonly outcome: 'redeemed'; readonly connector: ConnectorRecord }
  | { readonly outcome: 'unknown' | 'used' | 'expired' }

/** Registration tokens, by the hash of their secret. */
export interface RegistrationTokenRepository {
  insert(record: RegistrationTokenRecord): Promise<void>
  find(secretHash: string): Promise<RegistrationTokenRecord | undefined>
  /** Marks the token used and keeps connector and certificate, all or nothing: of two at once one wins. */
  redeem(secretHash: string, redemption: Redemption): Promise<RedemptionOutcome>
  /** Forgets tokens, used or not, that expired before this time. Returns how many. */
  deleteExpired(expiredBeforeMs: number): Promise<number>
}

/** Registered connectors and their certificates. */
export interface ConnectorRepository {
  find(id: string): Promise<ConnectorRecord | undefined>
  /** The connector to which the certificate with this serial number was issued. */
  findByCertificate(serial: string): Promise<ConnectorRecord | undefined>
  /** Keeps a further certificate of a known connector (renewal). */
  addCertificate(id: string, certificate: ConnectorCertificateRecord): Promise<void>
  /** The certificates of a connector, newest first. */
  certificates(id: string): Promise<readonly ConnectorCertificateRecord[]>
  /** Every connector, oldest first. */
  list(): Promise<readonly ConnectorRecord[]>
  /** Revokes once: a later call keeps the first time. Returns false when there is no such connector. */
  revoke(id: string, nowMs: number): Promise<boolean>
}

/** All that the gateway remembers. */
export interface GatewayStore {
  readonly registrationTokens: RegistrationTokenRepository
  readonly connectors: ConnectorRepository
  readonly sessions: SessionRepository
  close(): Promise<void>
}
