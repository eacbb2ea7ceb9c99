/**
 * The "checksum" 0x8003 of an authenticator: not a checksum but flags and channel bindings (RFC 4121 section 4.1.1).
 *
 * ```
 * field = uint32 16, Bnd (16 octets), uint32 Flags, [uint16 1, uint16 Dlgth, KRB-CRED], [extensions]   (little-endian)
 * ```
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** Context flags (RFC 4121 section 4.1.1.1; the last RFC 4757 section 7.1). */
export const GssFlag = {
  /** A KRB-CRED follows. We never set it: our tickets are not handed on. */
  DELEGATION: 1,
  MUTUAL: 2,
  REPLAY: 4,
  SEQUENCE: 8,
  CONFIDENTIALITY: 16,
  INTEGRITY: 32,
  /** A third leg: the initiator answers the AP-REP by one of its own. */
  DCE_STYLE: 0x1000,
} as const

/** What an authenticator's checksum field says. Octets are views of the input. */
export interface AuthenticatorChecksum {
  /** Bnd: 16 octets, zeros for no channel bindings. */
  readonly binding: Uint8Array
  /** {@link GssFlag} bits. */
  readonly flags: number
  /** DER of the KRB-CRED, where the client hands its ticket-granting ticket on. */
  readonly credential: Uint8Array | undefined
}

const BINDING_OCTETS = 16
const FIXED_OCTETS = 24
const DELEGATION_HEADER_OCTETS = 4
/** DlgOpt (RFC 4121 section 4.1.1). */
const DELEGATION_OPTION = 1

/**
 * Builds the checksum field, without delegation.
 *
 * @param bindingDigest - 16 octets, zeros for no channel bindings.
 * @param flags - {@link GssFlag} bits.
 * @returns 24 octets: the length of Bnd, Bnd, the flags, all little-endian.
 */
export function authenticatorChecksum(bindingDigest: Uint8Array, flags: number): Uint8Array {
  const field = Buffer.alloc(FIXED_OCTETS)
  field.writeUInt32LE(bindingDigest.length, 0)
  field.set(bindingDigest, 4)
  field.writeUInt32LE(flags, 20)
  return field
}

/**
 * Reads the checksum field.
 *
 * @param octets - The checksum of type 0x8003.
 * @returns Binding, flags and credential. Extensions behind them are stepped over (RFC 4121 section 4.1.1).
 * @throws KerberosError ERR_KRB_GSS.
 */
export function decodeAuthenticatorChecksum(octets: Uint8Array): AuthenticatorChecksum {
  const field = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  if (field.length < FIXED_OCTETS || field.readUInt32LE(0) !== BINDING_OCTETS) {
    throw new KerberosError('ERR_KRB_GSS', `a checksum 0x8003 of ${field.length} octets`)
  }
  const flags = field.readUInt32LE(20)
  const binding = field.subarray(4, 4 + BINDING_OCTETS)
  const delegates = (flags & GssFlag.DELEGATION) !== 0
  return { binding, flags, credential: delegates ? credentialIn(field) : undefined }
}

function credentialIn(field: Buffer): Uint8Array {
  const from = FIXED_OCTETS + DELEGATION_HEADER_OCTETS
  const there = field.length >= from && field.readUInt16LE(FIXED_OCTETS) === DELEGATION_OPTION
  const octets = there ? field.readUInt16LE(FIXED_OCTETS + 2) : 0
  if (octets === 0 || from + octets > field.length) {
    throw new KerberosError(
      'ERR_KRB_GSS',
      'a checksum 0x8003 whose delegated credential is cut off',
    )
  }
  return field.subarray(from, from + octets)
}
