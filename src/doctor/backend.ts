/**
 * How checks ask a backend, and what its Negotiate tokens say: for those of apps and those of users.
 *
 * @module
 */

import {
  KerberosError,
  KrbErrorCode,
  parseNegotiate,
  readApRefusal,
  type ApRefusedError,
} from '../kerberos/index.ts'
import type { BackendTarget, Route } from '../sso/index.ts'
import { ticketChallenge } from '../tunnel/index.ts'

/** What is asked. */
export interface BackendPlace {
  readonly target: BackendTarget
  /** What the Host field says. */
  readonly host: string
  readonly path: string
}

/** What a backend answered. */
export interface BackendAnswer {
  readonly status: number
  /** Values of a field by lower-case name. */
  field(name: string): readonly string[]
}

/** What is sent to a backend, over a connection of its own. */
export interface BackendQuestion {
  /** Makes the Authorization value, given the certificate of the very connection (undefined without TLS). */
  readonly authorize?: (certificate: Uint8Array | undefined) => string
  /** A further field with that many octets, name and all. */
  readonly fieldOctets?: number
}

/** A token for the backend. */
export interface ProbeToken {
  /** Value of Authorization. */
  readonly authorization: string
  /** Checks what came back behind Negotiate. Throws unless the backend proved itself. */
  verify(reply: Uint8Array): void
}

/**
 * The first page of an app.
 *
 * @param route - Where the app leads.
 * @returns For a question.
 */
export function firstPage({ target, host, app }: Route): BackendPlace {
  return { target, host, path: new URL(app.internalUrl).pathname }
}

/**
 * The token behind Negotiate in an answer.
 *
 * @param answer - Of the backend.
 * @returns Its octets; none where there is none, or none that can be read.
 */
export function replyOf(answer: BackendAnswer): Uint8Array {
  const [challenge = ''] = answer
    .field('www-authenticate')
    .flatMap((value) => ticketChallenge(value, 'negotiate') ?? [])
  try {
    return parseNegotiate(challenge) ?? new Uint8Array(0)
  } catch (error) {
    if (error instanceof KerberosError) return new Uint8Array(0)
    throw error
  }
}

/**
 * What the backend itself says of a token.
 *
 * @param answer - Of the backend.
 * @returns The refusal; undefined where it says nothing.
 */
export function refusalOf(answer: BackendAnswer): ApRefusedError | undefined {
  try {
    return readApRefusal(replyOf(answer))
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}

const KEY_ERRORS: ReadonlySet<number> = new Set([
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
  KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
  KrbErrorCode.KRB_AP_ERR_BADKEYVER,
  KrbErrorCode.KRB_AP_ERR_NOKEY,
  KrbErrorCode.KRB_AP_ERR_NOT_US,
])

/**
 * Whose fault a refusal is.
 *
 * @param refusal - As the backend said it.
 * @returns The backend's key, its clock, or something else.
 */
export function faultOf({ krbErrorCode }: ApRefusedError): 'key' | 'clock' | 'other' {
  if (KEY_ERRORS.has(krbErrorCode)) return 'key'
  return krbErrorCode === KrbErrorCode.KRB_AP_ERR_SKEW ? 'clock' : 'other'
}
