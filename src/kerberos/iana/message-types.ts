/**
 * Protocol version, message types and APPLICATION tags (RFC 4120 sections 5.10 and 7.5.7).
 *
 * @module
 */

/** pvno of every message. */
export const PVNO = 5

/** msg-type of a message; equal to its APPLICATION tag. */
export const MessageType = {
  AS_REQ: 10,
  AS_REP: 11,
  TGS_REQ: 12,
  TGS_REP: 13,
  AP_REQ: 14,
  AP_REP: 15,
  KRB_PRIV: 21,
  KRB_ERROR: 30,
} as const

/** APPLICATION tags of the types that are not messages. */
export const ApplicationTag = {
  Ticket: 1,
  Authenticator: 2,
  EncTicketPart: 3,
  EncASRepPart: 25,
  EncTGSRepPart: 26,
  EncAPRepPart: 27,
  EncKrbPrivPart: 28,
} as const
