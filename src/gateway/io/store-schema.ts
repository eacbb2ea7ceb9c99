/**
 * The tables as Kysely sees them.
 *
 * @module
 */

import type { Kysely } from 'kysely'

interface SessionTable {
  idHash: string
  issuer: string
  subject: string
  sid: string | null
  user: string
  createdMs: number
  seenMs: number
  sealed: Uint8Array
}

interface ConnectorTable {
  id: string
  name: string
  group: string
  registeredMs: number
  revokedMs: number | null
}

interface ConnectorCertificateTable {
  serial: string
  connectorId: string
  notBeforeMs: number
  notAfterMs: number
}

interface RegistrationTokenTable {
  secretHash: string
  group: string
  createdMs: number
  expiresMs: number
  usedMs: number | null
  usedBy: string | null
}

/** Every table; ./store-migrations.ts creates them. */
export interface GatewayTables {
  sessions: SessionTable
  connectors: ConnectorTable
  connector_certificates: ConnectorCertificateTable
  registration_tokens: RegistrationTokenTable
}

/** The database, or a transaction in it. */
export type GatewayDatabase = Kysely<GatewayTables>
