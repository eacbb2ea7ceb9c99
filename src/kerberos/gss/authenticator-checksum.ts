/**
 * The "checksum" 0x8003 of an authenticator: not a checksum but flags and channel bindings (RFC 4121 section 4.1.1).
 *
 * @module
 */

/** Context flags (RFC 4121 section 4.1.1.1). */
export const GssFlag = {
  MUTUAL: 2,
  REPLAY: 4,
  SEQUENCE: 8,
  CONFIDENTIALITY: 16,
  INTEGRITY: 32,
} as const

/**
 * Builds the checksum field, without delegation.
 *
 * @param bindingDigest - 16 octets, zeros for no channel bindings.
 * @param flags - {@link GssFlag} bits.
 * @returns 24 octets: the length of Bnd, Bnd, the flags, all little-endian.
 */
export function authenticatorChecksum(bindingDigest: Uint8Array, flags: number): Uint8Array {
  const field = Buffer.alloc(24)
  field.writeUInt32LE(bindingDigest.length, 0)
  field.set(bindingDigest, 4)
  field.writeUInt32LE(flags, 20)
  return field
}
