/**
 * Key derivation: of the simplified profile (RFC 3961 sections 5.1 and 5.3), and by HMAC-SHA2 (RFC 8009 section 3).
 *
 * Derived keys are remembered per key object: a session key serves many messages.
 *
 * @module
 */

import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { KerberosError } from '../errors.ts'
import { etypeName, etypeProfile, type EncryptionKey } from './etype.ts'
import { createMacKey, type MacKey } from './hmac.ts'
import { kdfHmacSha2 } from './kdf-hmac-sha2.ts'
import { nFold } from './n-fold.ts'

/** Which of the three derived keys is wanted: Kc, Ke or Ki. */
export type DerivedKeyKind = 'checksum' | 'encryption' | 'integrity'

const KIND_OCTET = { checksum: 0x99, encryption: 0xaa, integrity: 0x55 } as const

const BLOCK_OCTETS = 16
const ZERO_IV = new Uint8Array(BLOCK_OCTETS)

/** Key usages are few; a peer cannot choose them, so this bound only guards against our own mistakes. */
const MAX_REMEMBERED_USAGES = 32

/** The keys of one usage, each derived when it is first wanted. */
interface KeysOfUsage {
  readonly usage: number
  encryption?: KeyObject
  integrity?: MacKey
  checksum?: MacKey
}

/** A few per key, so that a list is searched faster than a map, and takes a tenth of its memory. */
const remembered = new WeakMap<EncryptionKey, KeysOfUsage[]>()

/**
 * Builds the constant that key derivation depends on. RFC 3961 section 5.3, RFC 8009 section 5.
 *
 * @param usage - Key usage number, unsigned 32-bit.
 * @param kind - Which derived key the constant is for.
 * @returns 5 octets: the usage big-endian, then the octet of the kind.
 * @throws RangeError when usage is not an unsigned 32-bit integer.
 */
export function usageConstant(usage: number, kind: DerivedKeyKind): Uint8Array {
  if (!Number.isInteger(usage) || usage < 0 || usage > 0xffffffff) {
    throw new RangeError(`key usage must be an unsigned 32-bit integer, got ${usage}`)
  }
  const constant = new Uint8Array(5)
  new DataView(constant.buffer).setUint32(0, usage)
  constant[4] = KIND_OCTET[kind]
  return constant
}

/**
 * Refuses a key whose type we do not speak or whose length does not fit its type.
 *
 * @param key - Any key, perhaps from a peer.
 * @throws KerberosError ERR_KRB_ETYPE.
 */
export function checkKey(key: EncryptionKey): void {
  const { keyOctets } = etypeProfile(key.etype)
  if (key.value.length !== keyOctets) {
    throw new KerberosError(
      'ERR_KRB_ETYPE',
      `a key of ${etypeName(key.etype)} has ${keyOctets} octets, this one has ${key.value.length}`,
    )
  }
}

/**
 * Derives a key from a base key and a constant. For AES, random-to-key is the identity (RFC 3962 section 6).
 *
 * @param key - The base key.
 * @param constant - The label; for etypes 17 and 18 it is folded to one block.
 * @param octets - Wanted length, for etypes 19 and 20 alone. Default as many octets as the base key has.
 * @returns The derived key.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function deriveKey(
  key: EncryptionKey,
  constant: Uint8Array,
  octets: number = key.value.length,
): Uint8Array {
  checkKey(key)
  const { family, hash } = etypeProfile(key.etype)
  if (family === 'hmac-sha2') return kdfHmacSha2(hash, key.value, { label: constant, octets })
  return simplifiedDerivation(key, constant)
}

/** DK(key, constant): RFC 3961 section 5.1. Each block is the encryption of the one before: CBC over zeros does just that. */
function simplifiedDerivation(key: EncryptionKey, constant: Uint8Array): Uint8Array {
  const { cipher, keyOctets } = etypeProfile(key.etype)
  const blocks = new Uint8Array(keyOctets)
  blocks.set(constant.length === BLOCK_OCTETS ? constant : folded(constant))
  const aes = createCipheriv(cipher, createSecretKey(key.value), ZERO_IV)
  aes.setAutoPadding(false)
  return new Uint8Array(aes.update(blocks))
}

/** Constants of key usages and "kerberos", folded: few, no secrets, and folding one costs more than the derivation. */
const foldedConstants = new Map<string, Uint8Array>()
const MAX_FOLDED_CONSTANTS = 128

function folded(constant: Uint8Array): Uint8Array {
  const name = Buffer.from(constant).toString('latin1')
  let block = foldedConstants.get(name)
  if (block === undefined) {
    if (foldedConstants.size >= MAX_FOLDED_CONSTANTS) foldedConstants.clear()
    block = nFold(constant, BLOCK_OCTETS)
    foldedConstants.set(name, block)
  }
  return block
}

/**
 * Derives a key of a usage.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param kind - Kc, Ke or Ki.
 * @returns The derived key: what the etype's profile says of its length.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function deriveUsageKey(
  key: EncryptionKey,
  usage: number,
  kind: DerivedKeyKind,
): Uint8Array {
  const { keyOctets, integrityKeyOctets } = etypeProfile(key.etype)
  const octets = kind === 'encryption' ? keyOctets : integrityKeyOctets
  return deriveKey(key, usageConstant(usage, kind), octets)
}

/**
 * Ke of a usage, from memory where this key object was used before.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @returns The derived key as OpenSSL holds it (node:crypto, given octets, first makes an error to see that they are no key object: 10 µs).
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function derivedCipherKey(key: EncryptionKey, usage: number): KeyObject {
  return (keysOfUsage(key, usage).encryption ??= createSecretKey(
    deriveUsageKey(key, usage, 'encryption'),
  ))
}

/**
 * Kc or Ki of a usage, from memory where this key object was used before.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param kind - Which of both.
 * @returns The derived key, ready for the HMAC of its etype.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function derivedMacKey(
  key: EncryptionKey,
  usage: number,
  kind: 'checksum' | 'integrity',
): MacKey {
  const { hash } = etypeProfile(key.etype)
  return (keysOfUsage(key, usage)[kind] ??= createMacKey(hash, deriveUsageKey(key, usage, kind)))
}

function keysOfUsage(key: EncryptionKey, usage: number): KeysOfUsage {
  let usages = remembered.get(key)
  if (usages === undefined || usages.length >= MAX_REMEMBERED_USAGES) {
    usages = []
    remembered.set(key, usages)
  }
  let keys = usages.find((candidate) => candidate.usage === usage)
  if (keys === undefined) {
    keys = { usage }
    usages.push(keys)
  }
  return keys
}
