/**
 * Authorization data types (RFC 4120 section 7.5.4; MS-KILE 2.2; MS-PAC 2.2).
 *
 * @module
 */

/** ad-type of an AuthorizationData element. */
export const AdType = {
  AD_IF_RELEVANT: 1,
  AD_KDC_ISSUED: 4,
  AD_MANDATORY_FOR_KDC: 8,
  /** RFC 4556 section 3.2.4: certificates by which the client signed in. */
  AD_INITIAL_VERIFIED_CAS: 9,
  /** RFC 6113 section 5.4.3: the client used FAST. */
  AD_FX_FAST_USED: 71,
  /** RFC 7751: elements with a signature for service and KDC. */
  AD_CAMMAC: 96,
  AD_WIN2K_PAC: 128,
  KERB_AUTH_DATA_TOKEN_RESTRICTIONS: 141,
  AD_AUTH_DATA_AP_OPTIONS: 143,
  AD_TARGET_PRINCIPAL: 144,
} as const

/** Values of AD-AUTH-DATA-AP-OPTIONS (MS-KILE 2.2.7). */
export const AdApOption = {
  /** The initiator sends channel bindings where it has them. */
  KERB_AP_OPTIONS_CBT: 0x00004000,
} as const
