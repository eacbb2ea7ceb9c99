/**
 * The connector's outside: tunnels, files, name servers, and the whole service put together.
 *
 * @module
 */

export { askGateway, type AskGatewayOptions, type GatewayAnswer } from './ask-gateway.ts'
export { openIdentity, type Identity, type IdentityOptions } from './identity.ts'
export { issuerKeysOptions } from './named-proxy.ts'
export { createNameResolver, type NameResolver } from './name-resolver.ts'
export { openOwnDirectory, openSearches, type OwnDirectory } from './own-directory.ts'
export { readRegistration, registrationFiles } from './register-files.ts'
export { registrationTransport, type RegistrationTransportOptions } from './register-transport.ts'
export { rotateOwnPassword } from './rotate-own-password.ts'
export { createConnectorRuntime, type ConnectorRuntimeOptions } from './runtime.ts'
export type { KerberosPorts } from './kdc-way.ts'
export { createKerberosClient, ldapBinder, type DirectoryOf } from './kerberos-identity.ts'
