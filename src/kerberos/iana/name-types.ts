/**
 * Principal name types (RFC 4120 section 6.2; RFC 6806 section 5; MS-KILE 3.2.5.7 uses the same).
 *
 * @module
 */

/** What kind of name a PrincipalName holds. Never part of a comparison of names. */
export const NameType = {
  NT_UNKNOWN: 0,
  NT_PRINCIPAL: 1,
  NT_SRV_INST: 2,
  NT_SRV_HST: 3,
  NT_SRV_XHST: 4,
  NT_UID: 5,
  NT_X500_PRINCIPAL: 6,
  NT_SMTP_NAME: 7,
  NT_ENTERPRISE: 10,
  NT_WELLKNOWN: 11,
} as const
