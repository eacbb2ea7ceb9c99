/**
 * Browser sessions in the database.
 *
 * @module
 */

import type { SessionRecord, SessionRepository } from '../store.ts'
import type { GatewayDatabase, GatewayTables } from './store-schema.ts'

const SUMMARY = ['idHash', 'issuer', 'subject', 'user', 'createdMs', 'seenMs'] as const

function toRecord({ sid, ...rest }: GatewayTables['sessions']): SessionRecord {
  return sid === null ? rest : { ...rest, sid }
}

/**
 * The session repository.
 *
 * @param db - The open database.
 * @returns The port.
 */
export function sessionRepository(db: GatewayDatabase): SessionRepository {
  return {
    async insert(record) {
      await db
        .insertInto('sessions')
        .values({ ...record, sid: record.sid ?? null })
        .execute()
    },
    async find(idHash) {
      const query = db.selectFrom('sessions').selectAll().where('idHash', '=', idHash)
      const row = await query.executeTakeFirst()
      return row && toRecord(row)
    },
    async touch(idHash, seenMs) {
      await db.updateTable('sessions').set({ seenMs }).where('idHash', '=', idHash).execute()
    },
    async reseal(idHash, sealed) {
      await db.updateTable('sessions').set({ sealed }).where('idHash', '=', idHash).execute()
    },
    async delete(idHash) {
      await db.deleteFrom('sessions').where('idHash', '=', idHash).execute()
    },
    async deleteByUser(user) {
      const query = db.deleteFrom('sessions').where('user', '=', user).returning('idHash')
      return (await query.execute()).map((row) => row.idHash)
    },
    async deleteByProvider({ issuer, subject, sid }) {
      let query = db.deleteFrom('sessions').where('issuer', '=', issuer)
      if (subject !== undefined) query = query.where('subject', '=', subject)
      if (sid !== undefined && subject === undefined) query = query.where('sid', '=', sid)
      if (sid !== undefined && subject !== undefined) {
        query = query.where((row) => row.or([row('sid', '=', sid), row('sid', 'is', null)]))
      }
      return (await query.returning('idHash').execute()).map((row) => row.idHash)
    },
    async deleteExpired(idleBeforeMs, createdBeforeMs) {
      const query = db
        .deleteFrom('sessions')
        .where((row) =>
          row.or([row('seenMs', '<', idleBeforeMs), row('createdMs', '<', createdBeforeMs)]),
        )
        .returning('idHash')
      return (await query.execute()).map((row) => row.idHash)
    },
    list: () =>
      db.selectFrom('sessions').select(SUMMARY).orderBy('createdMs').orderBy('idHash').execute(),
  }
}
