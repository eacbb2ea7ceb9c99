/**
 * Floor 4: the gateway, where people sign in and connectors dial in.
 *
 * @module
 */

export {
  type ConnectorCertificateRecord,
  type ConnectorRecord,
  type ConnectorRepository,
  type GatewayStore,
  type RegistrationTokenRecord,
  type RegistrationTokenRepository,
  type SessionRecord,
  type SessionRepository,
  type SessionSummary,
} from './store.ts'
export { Apps, type AppRoute } from './apps.ts'
export type { AllowRule, AppConfig } from './app-config.ts'
export {
  gatewayConfigSchema,
  type BrowserLimits,
  type GatewayConfig,
  type OidcConfig,
  type SessionConfig,
} from './config.ts'
export { GatewayError, type GatewayErrorCode } from './errors.ts'
export type { ConnectedTunnel, LiveTunnel } from './live-connector.ts'
export { LiveConnectors, type ConnectorStatus } from './live-connectors.ts'
export type { OidcProvider, TokenSet } from './oidc.ts'
export {
  createAdminOperations,
  type AdminOperations,
  type AdminPorts,
  type ConnectorSummary,
} from './admin.ts'
export type { FlushAnswer, FlushReport } from './cache-flushes.ts'
export type { CacheFilter, CacheReport } from './cache-reports.ts'
export type { ConnectorAnswer } from './connector-answers.ts'
export {
  createRegistrationToken,
  Registration,
  type CreatedToken,
  type RegistrationOptions,
  type RegistrationPorts,
  type RegistrationReply,
  type TokenOrder,
} from './registration.ts'
export type { RegistrationErrorCode } from './registration-errors.ts'
