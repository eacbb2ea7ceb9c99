/**
 * userAccountControl: what its bits mean (MS-ADTS 2.2.16, and 3.1.1.4.5.17 for the computed ones).
 *
 * @module
 */

/** Bits of userAccountControl. */
export const UserAccountControl = {
  ACCOUNTDISABLE: 0x2,
  DONT_EXPIRE_PASSWD: 0x10000,
  TRUSTED_FOR_DELEGATION: 0x80000,
  NOT_DELEGATED: 0x100000,
  USE_DES_KEY_ONLY: 0x200000,
  DONT_REQUIRE_PREAUTH: 0x400000,
  TRUSTED_TO_AUTH_FOR_DELEGATION: 0x1000000,
  NO_AUTH_DATA_REQUIRED: 0x2000000,
} as const

/** Bits that only msDS-User-Account-Control-Computed has. */
const COMPUTED_LOCKOUT = 0x10
const COMPUTED_PASSWORD_EXPIRED = 0x800000

/** The flags of an account that matter to Kerberos. */
export interface AccountControl {
  /** ACCOUNTDISABLE. */
  readonly disabled: boolean
  /** Locked out after wrong passwords, at this moment. */
  readonly lockedOut: boolean
  /** The password is too old, or must be changed. */
  readonly passwordExpired: boolean
  /** NOT_DELEGATED: "sensitive and cannot be delegated". */
  readonly notDelegated: boolean
  /** TRUSTED_FOR_DELEGATION: unconstrained delegation. */
  readonly trustedForDelegation: boolean
  /** TRUSTED_TO_AUTH_FOR_DELEGATION: protocol transition, "use any authentication protocol". */
  readonly trustedToAuthForDelegation: boolean
  /** USE_DES_KEY_ONLY. */
  readonly useDesKeyOnly: boolean
  /** NO_AUTH_DATA_REQUIRED: tickets for it have no PAC. */
  readonly noPac: boolean
}

/**
 * Reads the bits.
 *
 * @param control - userAccountControl.
 * @param computed - msDS-User-Account-Control-Computed; 0 where it may not be read.
 * @returns What they say.
 */
export function accountControl(control: number, computed: number): AccountControl {
  const has = (bit: number): boolean => (control & bit) !== 0
  return {
    disabled: has(UserAccountControl.ACCOUNTDISABLE),
    lockedOut: (computed & COMPUTED_LOCKOUT) !== 0,
    passwordExpired: (computed & COMPUTED_PASSWORD_EXPIRED) !== 0,
    notDelegated: has(UserAccountControl.NOT_DELEGATED),
    trustedForDelegation: has(UserAccountControl.TRUSTED_FOR_DELEGATION),
    trustedToAuthForDelegation: has(UserAccountControl.TRUSTED_TO_AUTH_FOR_DELEGATION),
    useDesKeyOnly: has(UserAccountControl.USE_DES_KEY_ONLY),
    noPac: has(UserAccountControl.NO_AUTH_DATA_REQUIRED),
  }
}
