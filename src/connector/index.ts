/**
 * Floor 4: the connector. Pure: tunnels, files and name servers are in ./io.
 *
 * @module
 */

export {
  connectorConfigSchema,
  resolveConnectorLimits,
  type ConnectorConfig,
  type ConnectorLimits,
  type DnsConfig,
} from './config.ts'
export {
  catalogServers,
  domainSettings,
  domainsOf,
  type AnyDirectoryConfig,
  type DirectoryConfig,
  type DomainSettings,
  type ForestConfig,
} from './config-directory.ts'
export type {
  ForwardProxyConfig,
  IssuerKeysConfig,
  IssuerProxyConfig,
} from './config-forward-proxy.ts'
export type { ClientCertificateConfig, KdcProxyConfig } from './config-kdcs.ts'
export type { KerberosConfig } from './config-kerberos.ts'
export { splitHostPort } from './config-fields.ts'
export { createConnector, type Connector, type ConnectorOptions } from './connector.ts'
export { ConnectorError, type ConnectorErrorCode } from './errors.ts'
export {
  managedIdentity,
  type ManagedIdentityOptions,
  type ManagedIdentityPorts,
} from './managed-identity.ts'
export {
  PasswordRotation,
  type KeytabState,
  type PasswordRotationPorts,
} from './password-rotation.ts'
export type { RotatePasswordConfig } from './config-rotation.ts'
export type { ConnectorPorts, KerberosStatus, TunnelDialler } from './ports.ts'
export {
  registerConnector,
  type Registered,
  type RegisterOptions,
  type RegisterPorts,
  type RegistrationRecord,
} from './register.ts'
export { statisticsFields, type KdcFigures, type KdcTotals } from './statistics.ts'
export type { RegisterErrorCode } from './register-errors.ts'
