/**
 * Floor 2: the gateway's certificate authority, connector certificates, registration tokens.
 *
 * @module
 */

export {
  createAuthority,
  issueConnectorCertificate,
  issueServerCertificate,
  openAuthority,
  type Authority,
  type ConnectorCertificateOptions,
  type Credential,
  type IssuedCertificate,
  type IssuePorts,
  type ServerCertificateOptions,
} from './authority.ts'
export { certificateUris, loadCertificate, serialOf } from './certificate.ts'
export { PkiError, type PkiErrorCode } from './errors.ts'
export { ipOctets } from './ip.ts'
export { createKey, privateKeyFromPem, privateKeyToPem, publicKeyPin } from './keys.ts'
export { UUID } from './oids.ts'
export { createSigningRequest, readSigningRequest } from './request.ts'
export {
  createRegistrationSecret,
  decodeRegistrationToken,
  encodeRegistrationToken,
  hashRegistrationSecret,
  parseAddress,
  type HostPort,
  type RegistrationToken,
} from './token.ts'
export {
  judgeConnectorCertificate,
  judgeGatewayChain,
  type ConnectorIdentity,
  type ExpectedGateway,
} from './verify.ts'
