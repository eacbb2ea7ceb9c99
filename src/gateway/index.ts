/**
 * Floor 4: the gateway, where people sign in and connectors dial in.
 *
 * @module
 */

export {
  StoreError,
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
