/**
 * Pre-authentication data types (RFC 4120 section 7.5.2, RFC 6806, RFC 6113, MS-SFU 2.2, MS-KILE 2.2.8).
 *
 * @module
 */

/** padata-type of a PA-DATA. */
export const PaType = {
  PA_TGS_REQ: 1,
  PA_ENC_TIMESTAMP: 2,
  PA_PW_SALT: 3,
  PA_ETYPE_INFO: 11,
  PA_ETYPE_INFO2: 19,
  PA_PAC_REQUEST: 128,
  PA_FOR_USER: 129,
  PA_S4U_X509_USER: 130,
  PA_FX_COOKIE: 133,
  PA_FX_FAST: 136,
  PA_FX_ERROR: 137,
  PA_ENCRYPTED_CHALLENGE: 138,
  PA_REQ_ENC_PA_REP: 149,
  PA_SUPPORTED_ENCTYPES: 165,
  PA_PAC_OPTIONS: 167,
} as const
