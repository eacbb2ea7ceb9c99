/**
 * A Kerberos V5 client library that can delegate (S4U2Self, S4U2Proxy). Pure: network and disk are in ./io.
 *
 * @module
 */

export {
  errorCode,
  errorText,
  SallyportError,
  type Clock,
  type LogFields,
  type Logger,
  type Random,
  type SallyportErrorOptions,
  type Timer,
} from '../platform/index.ts'
export { KerberosClient } from './client.ts'
export type { ArmorSource, KdcTransport, KerberosClientOptions } from './client-options.ts'
export { KERBEROS_ERRORS, type ErrorMeaning } from './error-catalogue.ts'
export {
  KdcReplyError,
  KerberosError,
  type KdcReplyDetails,
  type KerberosErrorCode,
} from './errors.ts'
export * from './accept/index.ts'
export {
  passwordAge,
  rotatePassword,
  type PasswordAge,
  type RotatedPassword,
  type PasswordServers,
  type RotationOptions,
  type RotationStore,
} from './rotate-password.ts'
export { computerSalt } from './computer-salt.ts'
export {
  RefreshedSecrets,
  type RefreshedSecretsOptions,
  type RefreshedSecretsPorts,
  type SecretsLook,
} from './refreshed-secrets.ts'
export * from './crypto/index.ts'
export * from './exchange/index.ts'
export type { TgsClient, TgsReply } from './exchange/tgs.ts'
export * from './files/index.ts'
export * from './gss/index.ts'
export * from './iana/index.ts'
export {
  decodeAnyPac,
  decodePac,
  type AnyPac,
  type Pac,
  type PacAttributes,
  type PacClientInfo,
  type PacDelegationInfo,
  type PacGroup,
  type PacLimits,
  type PacLogonInfo,
  type PacSignature,
  type PacTimes,
  type PacUpnDnsInfo,
} from './messages/pac.ts'
export {
  formatPrincipal,
  parsePrincipal,
  sameName,
  sameNameIgnoringCase,
  type AuthorizationData,
  type AuthorizationDataElement,
  type EncKdcRepPart,
  type EncryptedData,
  type EncTicketPart,
  type EtypeInfo2Entry,
  type HostAddress,
  type KdcRep,
  type KdcRepType,
  type KrbError,
  type LastReqEntry,
  type PaData,
  type ParsedPrincipal,
  type PrincipalName,
  type Ticket,
  type TransitedEncoding,
} from './messages/index.ts'
export type { ChangePasswordAnswer } from './messages/change-password.ts'
