/**
 * Registered connectors and their certificates in the database.
 *
 * @module
 */

import type { ConnectorRecord, ConnectorRepository } from '../store.ts'
import type { GatewayDatabase, GatewayTables } from './store-schema.ts'

function toRecord(row: GatewayTables['connectors']): ConnectorRecord {
  const { revokedMs, ...rest } = row
  return revokedMs === null ? rest : { ...rest, revokedMs }
}

async function revoke(db: GatewayDatabase, id: string, nowMs: number): Promise<boolean> {
  const result = await db
    .updateTable('connectors')
    .set((row) => ({ revokedMs: row.fn.coalesce('revokedMs', row.val(nowMs)) }))
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/**
 * The connector repository.
 *
 * @param db - The open database.
 * @returns The port.
 */
export function connectorRepository(db: GatewayDatabase): ConnectorRepository {
  const connectors = db.selectFrom('connectors').selectAll('connectors')
  return {
    async find(id) {
      const row = await connectors.where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    async findByCertificate(serial) {
      const row = await connectors
        .innerJoin('connector_certificates', 'connectorId', 'id')
        .where('serial', '=', serial)
        .executeTakeFirst()
      return row && toRecord(row)
    },
    async addCertificate(id, certificate) {
      const values = { ...certificate, connectorId: id }
      await db.insertInto('connector_certificates').values(values).execute()
    },
    certificates: (id) =>
      db
        .selectFrom('connector_certificates')
        .select(['serial', 'notBeforeMs', 'notAfterMs'])
        .where('connectorId', '=', id)
        .orderBy('notAfterMs', 'desc')
        .execute(),
    async list() {
      const rows = await connectors.orderBy('registeredMs').orderBy('id').execute()
      return rows.map(toRecord)
    },
    revoke: (id, nowMs) => revoke(db, id, nowMs),
  }
}
