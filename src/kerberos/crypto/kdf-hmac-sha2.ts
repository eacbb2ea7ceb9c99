/**
 * Key derivation by HMAC (RFC 8009 section 3; one round of NIST SP 800-108 in counter mode).
 *
 * @module
 */

import { createHmac, createSecretKey } from 'node:crypto'
import type { EtypeProfile } from './etype.ts'

/** What is derived. */
export interface KdfWanted {
  /** What the derived octets are for. */
  readonly label: Uint8Array
  /** What they depend on besides; only PRF has it. */
  readonly context?: Uint8Array
  /** How many octets, at most as many as the hash gives. */
  readonly octets: number
}

/**
 * KDF-HMAC-SHA2: the first octets of HMAC(key, 00000001 | label | 00 | context | length in bits). RFC 8009 section 3.
 *
 * @param hash - SHA-256 for etype 19, SHA-384 for etype 20.
 * @param key - The key to derive from.
 * @param wanted - Label, context and length.
 * @returns The derived octets.
 * @throws RangeError when one round of the hash does not give so many octets.
 */
export function kdfHmacSha2(
  hash: EtypeProfile['hash'],
  key: Uint8Array,
  { label, context, octets }: KdfWanted,
): Uint8Array {
  const head = Uint8Array.of(0, 0, 0, 1)
  const tail = new Uint8Array(4)
  new DataView(tail.buffer).setUint32(0, octets * 8)
  const hmac = createHmac(hash, createSecretKey(key))
    .update(head)
    .update(label)
    .update(Uint8Array.of(0))
  if (context !== undefined) hmac.update(context)
  const whole = hmac.update(tail).digest()
  if (octets > whole.length) throw new RangeError(`${hash} gives at most ${whole.length} octets`)
  return new Uint8Array(whole.subarray(0, octets))
}
