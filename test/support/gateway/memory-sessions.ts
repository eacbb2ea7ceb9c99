/** Browser sessions in memory, as the store keeps them. */

import type { SessionRecord, SessionRepository } from '../../../src/gateway/index.ts'

/** A repository whose queries can be counted and held back. */
export class MemorySessions implements SessionRepository {
  readonly rows: Map<string, SessionRecord> = new Map()
  finds = 0
  touches = 0
  /** While set, `find` waits for it after it has read. */
  held: Promise<void> | undefined
  /** While set, `insert` waits for it after it has written. */
  insertHeld: Promise<void> | undefined
  /** While set, whatever deletes fails with it. */
  fault: Error | undefined

  async insert(record: SessionRecord): Promise<void> {
    this.rows.set(record.idHash, record)
    await this.insertHeld
  }
  async find(idHash: string): Promise<SessionRecord | undefined> {
    this.finds++
    const row = this.rows.get(idHash)
    await this.held
    return row
  }
  touch(idHash: string, seenMs: number): Promise<void> {
    this.touches++
    return this.#change(idHash, { seenMs })
  }
  reseal(idHash: string, sealed: Uint8Array): Promise<void> {
    return this.#change(idHash, { sealed })
  }
  async delete(idHash: string): Promise<void> {
    await this.#deleteWhere((row) => row.idHash === idHash)
  }
  deleteByUser(user: string): Promise<readonly string[]> {
    return this.#deleteWhere((row) => row.user === user)
  }
  deleteByProvider(
    whose: Parameters<SessionRepository['deleteByProvider']>[0],
  ): Promise<readonly string[]> {
    const { issuer, subject, sid } = whose
    const isTheirs = (row: SessionRecord) => {
      if (row.issuer !== issuer) return false
      if (subject === undefined) return sid !== undefined && row.sid === sid
      return row.subject === subject && (sid === undefined || (row.sid ?? sid) === sid)
    }
    return this.#deleteWhere(isTheirs)
  }
  deleteExpired(idleBeforeMs: number, createdBeforeMs: number): Promise<readonly string[]> {
    const over = (row: SessionRecord) =>
      row.seenMs < idleBeforeMs || row.createdMs < createdBeforeMs
    return this.#deleteWhere(over)
  }
  list(): Promise<readonly SessionRecord[]> {
    return Promise.resolve([...this.rows.values()])
  }

  #change(idHash: string, change: Partial<SessionRecord>): Promise<void> {
    const row = this.rows.get(idHash)
    if (row) this.rows.set(idHash, { ...row, ...change })
    return Promise.resolve()
  }
  #deleteWhere(over: (row: SessionRecord) => boolean): Promise<readonly string[]> {
    if (this.fault) return Promise.reject(this.fault)
    const gone = [...this.rows.values()].filter(over).map((row) => row.idHash)
    for (const idHash of gone) this.rows.delete(idHash)
    return Promise.resolve(gone)
  }
}
