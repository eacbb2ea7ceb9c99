/**
 * Which failed requests are sent a second time. A request is delivered to a backend at most once, unless it is
 * idempotent or was never started.
 *
 * @module
 */

/** A request that failed before its response began. */
export interface FailedAttempt {
  /** Why. */
  readonly code: string
  readonly method: string
  /** There is no body, or all of it is still here. */
  readonly replayable: boolean
  /** How often it has been sent. */
  readonly attempts: number
}

const MAX_ATTEMPTS = 2

/** The connector refused before it began: whatever the method, nothing has happened. */
const NEVER_STARTED = new Set([
  'ERR_SSO_PROOF_UNKNOWN',
  'ERR_TUNNEL_DRAINING',
  'ERR_TUNNEL_STREAM_LIMIT',
])

/** Tunnel or connector went away: the request may have reached the backend. */
const GONE = new Set([
  'ERR_TUNNEL_LOST',
  'ERR_TUNNEL_CLOSED',
  'ERR_TUNNEL_TIMEOUT',
  'ERR_SSO_CLOSED',
  'ERR_CONNECTOR_STOPPED',
])

/** RFC 9110 section 9.2.1: safe methods, whose repetition changes nothing. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH'])

/**
 * Decides.
 *
 * @param attempt - What failed.
 * @returns True when it may be sent again.
 */
export function mayTryAgain(attempt: FailedAttempt): boolean {
  if (!attempt.replayable || attempt.attempts >= MAX_ATTEMPTS) return false
  if (NEVER_STARTED.has(attempt.code)) return true
  return GONE.has(attempt.code) && SAFE.has(attempt.method)
}
