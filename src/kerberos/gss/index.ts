/**
 * GSS-API tokens for Kerberos: initial token, SPNEGO, Negotiate header, channel bindings (RFC 4121, 4178, 4559, 5929).
 *
 * @module
 */

export { AP_REFUSALS, apRefusalMeaning, type ApRefusalMeaning } from './ap-refusal-catalogue.ts'
export { ApRefusedError, readApRefusal } from './ap-refusal.ts'
export { GssFlag } from './authenticator-checksum.ts'
export { tlsServerEndPoint } from './channel-binding.ts'
export { Initiator, type InitiatorOptions, type InitiatorToken } from './initiator.ts'
export { formatNegotiate, parseNegotiate } from './negotiate-header.ts'
export type { InitiatorTicket } from './prepared-token.ts'
