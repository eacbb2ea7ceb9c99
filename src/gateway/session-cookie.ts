/**
 * The value of the session cookie: base64url of a 16-octet id and a 32-octet key. The store knows the id by its
 * SHA-256 alone, and what it keeps is sealed under the key: neither the database nor a list of sessions opens one.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Random } from '../platform/index.ts'

const ID_OCTETS = 16
const KEY_OCTETS = 32
const VALUE_PATTERN = /^[A-Za-z0-9_-]{64}$/

/** A session cookie taken apart. */
export interface SessionCookie {
  /** Hex SHA-256 of the id, under which the store knows the session. */
  readonly idHash: string
  /** 32 octets that open the sealed part. */
  readonly key: Uint8Array
}

/** A cookie that was just made. */
export interface NewSessionCookie extends SessionCookie {
  /** 64 characters for Set-Cookie. */
  readonly value: string
}

function takeApart(octets: Buffer): SessionCookie {
  const idHash = createHash('sha256').update(octets.subarray(0, ID_OCTETS)).digest('hex')
  return { idHash, key: octets.subarray(ID_OCTETS) }
}

/**
 * Makes a new id and key.
 *
 * @param random - 48 octets are drawn.
 * @returns The cookie's value and its parts.
 */
export function createSessionCookie(random: Random): NewSessionCookie {
  const octets = Buffer.from(random.bytes(ID_OCTETS + KEY_OCTETS))
  return { ...takeApart(octets), value: octets.toString('base64url') }
}

/**
 * Reads a cookie's value.
 *
 * @param value - What the browser sent.
 * @returns Its parts, or undefined when it is not 64 characters of base64url.
 */
export function parseSessionCookie(value: string): SessionCookie | undefined {
  return VALUE_PATTERN.test(value) ? takeApart(Buffer.from(value, 'base64url')) : undefined
}
