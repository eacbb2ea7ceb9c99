/**
 * Key usage numbers (RFC 4120 section 7.5.1; MS-SFU 2.2; MS-PAC 2.8; RFC 4121 section 2; RFC 6113 section 7.3).
 *
 * @module
 */

/** For which purpose a key is used; each purpose has its own derived keys. */
export const KeyUsage = {
  AS_REQ_PA_ENC_TIMESTAMP: 1,
  /** Ticket of an AS-REP or TGS-REP, under the service's key. */
  TICKET: 2,
  AS_REP_ENC_PART: 3,
  TGS_REQ_AUTH_DATA_SESSION_KEY: 4,
  TGS_REQ_AUTH_DATA_SUBKEY: 5,
  /** Checksum over the KDC-REQ-BODY in the authenticator of a TGS-REQ. */
  TGS_REQ_AUTHENTICATOR_CHECKSUM: 6,
  TGS_REQ_AUTHENTICATOR: 7,
  TGS_REP_ENC_PART_SESSION_KEY: 8,
  TGS_REP_ENC_PART_SUBKEY: 9,
  AP_REQ_AUTHENTICATOR_CHECKSUM: 10,
  AP_REQ_AUTHENTICATOR: 11,
  AP_REP_ENC_PART: 12,
  KRB_PRIV_ENC_PART: 13,
  /** PAC signatures and the checksum of PA-FOR-USER (KERB_NON_KERB_CKSUM_SALT). */
  KERB_NON_KERB_CKSUM: 17,
  GSS_ACCEPTOR_SEAL: 22,
  GSS_ACCEPTOR_SIGN: 23,
  GSS_INITIATOR_SEAL: 24,
  GSS_INITIATOR_SIGN: 25,
  PA_S4U_X509_USER_REQUEST: 26,
  PA_S4U_X509_USER_REPLY: 27,
  /** RFC 6113 section 7.3: over the KDC-REQ-BODY, in a TGS-REQ over the AP-REQ. */
  FAST_REQ_CHKSUM: 50,
  FAST_ENC: 51,
  FAST_REP: 52,
  /** Over the Ticket in the reply. */
  FAST_FINISHED: 53,
  ENC_CHALLENGE_CLIENT: 54,
  ENC_CHALLENGE_KDC: 55,
  /** RFC 6806 section 11: over the whole AS-REQ, in the reply's encrypted padata. */
  AS_REQ: 56,
} as const
