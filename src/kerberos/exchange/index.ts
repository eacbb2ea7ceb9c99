/**
 * Exchanges with a KDC, as generators: AS, TGS, S4U2Self, S4U2Proxy (RFC 4120 section 3; MS-SFU 3.1.5).
 *
 * @module
 */

export { asExchange, type AsRequester } from './as.ts'
export { diagnoseExchange, type DelegationFinding, type DiagnosisQuestion } from './diagnosis.ts'
export { ownKeys, secretsOf } from './own-keys.ts'
export type {
  ClientIdentity,
  JoinedSecrets,
  KeyOwner,
  OwnKeys,
  OwnKeysSource,
  OwnSecrets,
  PasswordSecret,
  TicketSecret,
} from './own-secrets.ts'
export { ticketGrantingService } from './realm-names.ts'
export {
  REFUSALS,
  refusalMeaning,
  type DelegationFindingKind,
  type ExchangeName,
  type Meaning,
  type MendCommands,
  type RefusalMeaning,
} from './refusal-catalogue.ts'
export { realmTgtExchange, serviceTicketExchange } from './referral.ts'
export { renewExchange } from './renew.ts'
export { s4u2proxyExchange, type S4u2ProxyQuestion } from './s4u2proxy.ts'
export { s4u2selfExchange, userPrincipal, type S4u2SelfQuestion } from './s4u2self.ts'
export { tgsExchange, type TgsQuestion } from './tgs.ts'
export type {
  Evidence,
  Exchange,
  ExchangePorts,
  KdcRequest,
  RealmClocks,
  S4uUser,
  ServiceTicket,
} from './types.ts'
