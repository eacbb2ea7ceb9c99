/**
 * AES-256-GCM boxes: nonce (12 octets), ciphertext, tag (16 octets). NIST SP 800-38D.
 *
 * @module
 */

import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../platform/index.ts'

const NONCE_OCTETS = 12
const TAG_OCTETS = 16

/** What a box is bound to: the key, and a label that says which box it is. */
export interface SealKey {
  /** 32 octets. */
  readonly key: Uint8Array
  /** Authenticated, not encrypted. */
  readonly label: string
}

/**
 * Encrypts and authenticates.
 *
 * @param plaintext - What to hide.
 * @param by - Key and label.
 * @param random - Gives the nonce.
 * @returns The box, 28 octets longer than the plaintext.
 */
export function seal(plaintext: Uint8Array, by: SealKey, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_OCTETS)
  const cipher = createCipheriv('aes-256-gcm', by.key, nonce)
  cipher.setAAD(Buffer.from(by.label, 'utf8'))
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/**
 * Opens a box.
 *
 * @param box - What `seal` gave.
 * @param by - The same key and label.
 * @returns The plaintext, or undefined when box, key or label is another one.
 */
export function unseal(box: Uint8Array, by: SealKey): Buffer | undefined {
  if (box.length < NONCE_OCTETS + TAG_OCTETS) return undefined
  const options = { authTagLength: TAG_OCTETS }
  const decipher = createDecipheriv('aes-256-gcm', by.key, box.subarray(0, NONCE_OCTETS), options)
  decipher.setAAD(Buffer.from(by.label, 'utf8'))
  decipher.setAuthTag(box.subarray(box.length - TAG_OCTETS))
  try {
    const body = decipher.update(box.subarray(NONCE_OCTETS, box.length - TAG_OCTETS))
    return Buffer.concat([body, decipher.final()])
  } catch {
    return undefined
  }
}
