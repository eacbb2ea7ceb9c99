/**
 * Browser sessions in the database.
 *
 * @module
 */

import type { SessionRepository } from '../store.ts'
import type { GatewayDatabase } from './store-schema.ts'

const SUMMARY = ['idHash', 'issuer', 'subject', 'user', 'createdMs', 'seenMs'] as const

/**
 * The session repository.
 *
 * @param db - The open database.
 * @returns The port.
 */
export function sessionRepository(db: GatewayDatabase): SessionRepository {
  return {
    async insert(record) {
      await db.insertInto('sessions').values(record).execute()
    },
    find: (idHash) =>
      db.selectFrom('sessions').selectAll().where('idHash', '=', idHash).executeTakeFirst(),
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
