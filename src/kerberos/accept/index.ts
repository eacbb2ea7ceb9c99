/**
 * Accepting Kerberos tokens: our own acceptor, its replay cache, and the signatures of PACs.
 *
 * @module
 */

export { Acceptor } from './acceptor.ts'
export type { AcceptorContext } from './acceptor-context.ts'
export { octetsForTicketChecksum, verifyPac } from './pac-signatures.ts'
export type { PacKeys, PacVerdict, SignatureVerdict } from './pac-signatures.ts'
export { AcceptError, type Refusal } from './refusal.ts'
export { ReplayCache, type ReplayCacheOptions, type ReplayVerdict } from './replay-cache.ts'
export { sealedAuthenticator } from './sealed-authenticator.ts'
export type { AcceptChannel, Accepted, AcceptorOptions, AcceptStep } from './types.ts'
