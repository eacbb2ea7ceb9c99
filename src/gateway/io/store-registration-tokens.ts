/**
 * One-time registration tokens in the database.
 *
 * @module
 */

import type {
  ConnectorRecord,
  Redemption,
  RedemptionOutcome,
  RegistrationTokenRecord,
  RegistrationTokenRepository,
} from '../store.ts'
import type { GatewayDatabase, GatewayTables } from './store-schema.ts'

function toRecord(row: GatewayTables['registration_tokens']): RegistrationTokenRecord {
  const { usedMs, usedBy, ...rest } = row
  return {
    ...rest,
    ...(usedMs === null ? {} : { usedMs }),
    ...(usedBy === null ? {} : { usedBy }),
  }
}

async function find(
  db: GatewayDatabase,
  secretHash: string,
): Promise<RegistrationTokenRecord | undefined> {
  const query = db.selectFrom('registration_tokens').selectAll()
  const row = await query.where('secretHash', '=', secretHash).executeTakeFirst()
  return row && toRecord(row)
}

/** The condition is part of the update, so of two at once, even in two processes, one finds the token unused. */
async function claim(
  db: GatewayDatabase,
  secretHash: string,
  { nowMs, connector }: Redemption,
): Promise<string | undefined> {
  const row = await db
    .updateTable('registration_tokens')
    .set({ usedMs: nowMs, usedBy: connector.id })
    .where('secretHash', '=', secretHash)
    .where('usedMs', 'is', null)
    .where('expiresMs', '>', nowMs)
    .returning('group')
    .executeTakeFirst()
  return row?.group
}

async function whyNot(db: GatewayDatabase, secretHash: string): Promise<RedemptionOutcome> {
  const token = await find(db, secretHash)
  if (token === undefined) return { outcome: 'unknown' }
  return { outcome: token.usedMs === undefined ? 'expired' : 'used' }
}

async function redeem(
  db: GatewayDatabase,
  secretHash: string,
  redemption: Redemption,
): Promise<RedemptionOutcome> {
  const group = await claim(db, secretHash, redemption)
  if (group === undefined) return whyNot(db, secretHash)
  const connector: ConnectorRecord = {
    ...redemption.connector,
    group,
    registeredMs: redemption.nowMs,
  }
  await db
    .insertInto('connectors')
    .values({ ...connector, revokedMs: null })
    .execute()
  await db
    .insertInto('connector_certificates')
    .values({ ...redemption.certificate, connectorId: connector.id })
    .execute()
  return { outcome: 'redeemed', connector }
}

/**
 * The repository of registration tokens.
 *
 * @param db - The open database.
 * @returns The port.
 */
export function registrationTokenRepository(db: GatewayDatabase): RegistrationTokenRepository {
  return {
    async insert(record) {
      await db
        .insertInto('registration_tokens')
        .values({ ...record, usedMs: record.usedMs ?? null, usedBy: record.usedBy ?? null })
        .execute()
    },
    find: (secretHash) => find(db, secretHash),
    redeem: (secretHash, redemption) =>
      db.transaction().execute((transaction) => redeem(transaction, secretHash, redemption)),
    async deleteExpired(expiredBeforeMs) {
      const query = db.deleteFrom('registration_tokens').where('expiresMs', '<', expiredBeforeMs)
      return Number((await query.executeTakeFirst()).numDeletedRows)
    },
  }
}
