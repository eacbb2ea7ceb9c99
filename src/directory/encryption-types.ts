/**
 * msDS-SupportedEncryptionTypes: which keys of an account tickets may be under (MS-KILE 2.2.7).
 *
 * @module
 */

/** What the attribute says. */
export interface EncryptionTypes {
  /** The number, 0 where the attribute is absent. */
  readonly value: number
  /** Whether it says nothing about encryption, so that the domain controller's default counts. */
  readonly isDefault: boolean
  readonly des: boolean
  readonly rc4: boolean
  readonly aes128: boolean
  readonly aes256: boolean
  /** In words, e.g. `AES256, AES128`. */
  readonly text: string
}

const DES = 0x1 | 0x2
const RC4 = 0x4
const AES128 = 0x8
const AES256 = 0x10
/** AES256-SK: session keys may be AES although the ticket is not. */
const AES_SESSION_KEY = 0x20
/** FAST, compound identity, claims and SID compression are about other things. */
const ABOUT_ENCRYPTION = DES | RC4 | AES128 | AES256 | AES_SESSION_KEY

/** AES-128 and AES-256, what Sallyport wants to see on every account. */
export const AES_ONLY: number = AES128 | AES256

/**
 * Reads the attribute.
 *
 * @param value - The number; undefined where the attribute is absent.
 * @returns What it says. With a default the domain controller decides: RC4 and AES session keys on Windows before 2026 and on
 *   Samba, AES alone on Windows since.
 */
export function encryptionTypes(value: number | undefined): EncryptionTypes {
  const bits = value ?? 0
  const isDefault = (bits & ABOUT_ENCRYPTION) === 0
  const has = (bit: number): boolean => (bits & bit) !== 0
  const names = [
    has(AES256) ? 'AES256' : '',
    has(AES128) ? 'AES128' : '',
    has(RC4) ? 'RC4' : '',
    has(DES) ? 'DES' : '',
  ].filter((name) => name !== '')
  return {
    value: bits,
    isDefault,
    des: has(DES),
    rc4: has(RC4),
    aes128: has(AES128),
    aes256: has(AES256),
    text: isDefault
      ? "not set, the domain controller's default counts"
      : names.join(', ') || 'none',
  }
}
