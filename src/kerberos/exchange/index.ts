/**
 * Exchanges with a KDC, as generators: AS, TGS, S4U2Self, S4U2Proxy (RFC 4120 section 3; MS-SFU 3.1.5).
 *
 * @module
 */

export type { AsRequester } from './as-request.ts'
export { asExchange } from './as.ts'
export {
  changePassword,
  PASSWORD_SERVICE,
  type PasswordChange,
  type PasswordServerWord,
} from './change-password.ts'
export { diagnoseExchange, type DelegationFinding, type DiagnosisQuestion } from './diagnosis.ts'
export { checkForwardable } from './forwardable-tgt.ts'
export { newKeysExchange, type NewKeys } from './new-keys.ts'
export { evidenceFromTicket, type EvidencePorts } from './evidence.ts'
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
export { tgsRealm, ticketGrantingService } from './realm-names.ts'
export {
  REFUSALS,
  refusalMeaning,
  type DelegationFindingKind,
  type ExchangeName,
  type Meaning,
  type MendCommands,
  type RefusalContext,
  type RefusalMeaning,
  type RefusedQuestion,
} from './refusal-catalogue.ts'
export { realmTgtExchange, serviceTicketExchange } from './referral.ts'
export { renewExchange } from './renew.ts'
export { s4u2proxyExchange, type S4u2ProxyQuestion } from './s4u2proxy.ts'
export { s4u2selfExchange, userPrincipal, type S4u2SelfQuestion } from './s4u2self.ts'
export { STRING_TO_KEY_LIMITS } from './string-to-key-limits.ts'
export { tgsExchange, type TgsClient, type TgsQuestion, type TgsReply } from './tgs.ts'
export { userRealmExchange } from './user-realm.ts'
export type {
  Evidence,
  Exchange,
  ExchangePorts,
  FastMode,
  KdcRequest,
  RealmClocks,
  ImpersonatedUser,
  S4uUser,
  S4uUserPadata,
  ServiceTicket,
  StringToKeyLimits,
} from './types.ts'
