/**
 * The gateway's store in one SQLite file, by Kysely over node:sqlite.
 *
 * Write-ahead log, so that readers never wait; the file and its companions are readable by their owner alone.
 *
 * @module
 */

import { closeSync, fchmodSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely'
import { errorText } from '../../platform/index.ts'
import { StoreError, type GatewayStore } from '../store.ts'
import { connectorRepository } from './store-connectors.ts'
import { MIGRATIONS } from './store-migrations.ts'
import { registrationTokenRepository } from './store-registration-tokens.ts'
import type { GatewayTables } from './store-schema.ts'
import { sessionRepository } from './store-sessions.ts'

/** How the file is opened. */
export interface StoreOptions {
  /** How long a statement waits for another process's lock, milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number
}

const IN_MEMORY = ':memory:'

/** SQLite gives its -wal and -shm files the mode of the database, so the mode is set before it opens. */
function createPrivately(path: string): void {
  const descriptor = openSync(path, 'a', 0o600)
  try {
    fchmodSync(descriptor, 0o600)
  } finally {
    closeSync(descriptor)
  }
}

function schemaVersion(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get()
  return Number(row?.['user_version'])
}

/** Runs under the write lock: a second process that opens the same file waits and then finds nothing to do. */
function migrate(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = schemaVersion(database)
    if (version > MIGRATIONS.length) {
      throw new StoreError(
        'ERR_GATEWAY_STORE_NEWER',
        `${path} has schema version ${version}, this program knows up to ${MIGRATIONS.length}`,
        { mend: 'Run the version of Sallyport that wrote the file, or a newer one.' },
      )
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function open(path: string, busyTimeoutMs: number): DatabaseSync {
  if (path !== IN_MEMORY) createPrivately(path)
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA foreign_keys = ON')
    database.exec('PRAGMA secure_delete = ON')
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Kysely binds only what SQLite can hold: the tables in ./store-schema.ts have no other types. */
function wrapStatement(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql)
  const bound = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bound(parameters)),
    run: (parameters) => statement.run(...bound(parameters)),
    iterate: (parameters) => statement.iterate(...bound(parameters)),
  }
}

/** Kysely has no dialect for node:sqlite; the four methods it needs are the same. */
function wrapDatabase(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => {
      database.close()
    },
    prepare: (sql) => wrapStatement(database, sql),
  }
}

/**
 * Opens the store, creating the file (mode 0600) and bringing its schema up to date.
 *
 * @param path - The database file, or `:memory:`.
 * @param options - Settings.
 * @returns The repositories; close() them at the end.
 * @throws StoreError ERR_GATEWAY_STORE_OPEN when the file cannot be used, ERR_GATEWAY_STORE_NEWER when a newer version wrote it.
 */
export function openStore(path: string, options: StoreOptions = {}): GatewayStore {
  let database
  try {
    database = open(path, options.busyTimeoutMs ?? 5000)
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('ERR_GATEWAY_STORE_OPEN', `cannot open ${path}: ${errorText(error)}`, {
      cause: error,
      mend: 'Check that stateDirectory exists, is writable and that the file is a Sallyport database.',
    })
  }
  const dialect = new SqliteDialect({ database: wrapDatabase(database) })
  const db = new Kysely<GatewayTables>({ dialect })
  return {
    registrationTokens: registrationTokenRepository(db),
    connectors: connectorRepository(db),
    sessions: sessionRepository(db),
    async close() {
      await db.destroy()
      // Kysely does not close a database that it never queried.
      if (database.isOpen) database.close()
    },
  }
}
