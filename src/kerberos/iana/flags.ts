/**
 * Bits of KerberosFlags as unsigned 32-bit masks: bit 0 is the highest (RFC 4120 section 5.2.8).
 *
 * @module
 */

/** KDCOptions (RFC 4120 section 5.4.1; bit 14 MS-SFU, bit 15 RFC 6806). */
export const KdcOption = {
  FORWARDABLE: 0x40000000,
  FORWARDED: 0x20000000,
  PROXIABLE: 0x10000000,
  RENEWABLE: 0x00800000,
  /** MS-SFU 2.2.3: additional-tickets holds the evidence of an S4U2Proxy. */
  CNAME_IN_ADDL_TKT: 0x00020000,
  CANONICALIZE: 0x00010000,
  RENEWABLE_OK: 0x00000010,
  ENC_TKT_IN_SKEY: 0x00000008,
  RENEW: 0x00000002,
  VALIDATE: 0x00000001,
} as const

/** TicketFlags (RFC 4120 section 5.3; bit 15 RFC 6806). */
export const TicketFlag = {
  FORWARDABLE: 0x40000000,
  FORWARDED: 0x20000000,
  PROXIABLE: 0x10000000,
  PROXY: 0x08000000,
  MAY_POSTDATE: 0x04000000,
  POSTDATED: 0x02000000,
  INVALID: 0x01000000,
  RENEWABLE: 0x00800000,
  INITIAL: 0x00400000,
  PRE_AUTHENT: 0x00200000,
  HW_AUTHENT: 0x00100000,
  TRANSITED_POLICY_CHECKED: 0x00080000,
  OK_AS_DELEGATE: 0x00040000,
  ENC_PA_REP: 0x00010000,
} as const

/** APOptions (RFC 4120 section 5.5.1). */
export const ApOption = {
  USE_SESSION_KEY: 0x40000000,
  MUTUAL_REQUIRED: 0x20000000,
} as const

/** PA-PAC-OPTIONS (MS-KILE 2.2.10; bit 3 MS-SFU 2.2.5). */
export const PacOption = {
  CLAIMS: 0x80000000,
  BRANCH_AWARE: 0x40000000,
  FORWARD_TO_FULL_DC: 0x20000000,
  RESOURCE_BASED_CONSTRAINED_DELEGATION: 0x10000000,
} as const

/** S4UUserID options (MS-SFU 2.2.2). */
export const S4uOption = {
  /** The reply's checksum is to be made with key usage 27. */
  USE_REPLY_KEY_USAGE: 0x20000000,
  CHECK_LOGON_HOURS: 0x40000000,
} as const
