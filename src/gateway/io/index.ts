/**
 * The gateway's adapters: database, listeners, admin socket.
 *
 * @module
 */

export { openStore, type StoreOptions } from './database.ts'
