import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { openStore } from '../../../../src/gateway/io/database.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-database-'))

after(() => {
  rmSync(directory, { recursive: true })
})

const token = { secretHash: 't1', group: 'default', createdMs: 1, expiresMs: 1000 }

/** SQLite blocks its thread while it waits for a lock, so each contender has a thread. */
async function redeemInThread(path: string, id: string): Promise<unknown> {
  const certificate = { serial: id, notBeforeMs: 1, notAfterMs: 2 }
  const redemption = { nowMs: 5, connector: { id, name: id }, certificate }
  const code = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { openStore } = await import(workerData.module)
    const store = openStore(workerData.path)
    const { outcome } = await store.registrationTokens.redeem('t1', workerData.redemption)
    await store.close()
    parentPort.postMessage(outcome)`
  const module = import.meta.resolve('../../../../src/gateway/io/database.ts')
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const worker = new Worker(url, { workerData: { module, path, redemption } })
  const [outcome] = (await once(worker, 'message')) as unknown[]
  return outcome
}

describe('openStore', () => {
  it('creates files that their owner alone can read, log files too', async () => {
    const path = join(directory, 'mode.db')
    const store = openStore(path)
    await store.registrationTokens.insert(token)
    const files = readdirSync(directory).filter((name) => name.startsWith('mode.db'))
    assert.deepEqual(files.sort(), ['mode.db', 'mode.db-shm', 'mode.db-wal'])
    for (const name of files) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
    await store.close()
  })

  it('closes the mode of a file that stood open', async () => {
    const path = join(directory, 'open.db')
    await openStore(path).close()
    chmodSync(path, 0o644)
    await openStore(path).close()
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('finds again what it kept, without migrating twice', async () => {
    const path = join(directory, 'again.db')
    const first = openStore(path)
    await first.registrationTokens.insert(token)
    await first.close()
    const second = openStore(path)
    assert.equal((await second.registrationTokens.find('t1'))?.group, 'default')
    await second.close()
  })

  it('redeems a token once though two threads with connections of their own try', async () => {
    const path = join(directory, 'two.db')
    const store = openStore(path)
    await store.registrationTokens.insert(token)
    const outcomes = await Promise.all(['c0', 'c1'].map((id) => redeemInThread(path, id)))
    assert.deepEqual(outcomes.sort(), ['redeemed', 'used'])
    assert.equal((await store.connectors.list()).length, 1)
    await store.close()
  })

  it('refuses a file of a newer version and leaves it as it is', () => {
    const path = join(directory, 'newer.db')
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 999')
    newer.close()
    assert.throws(() => openStore(path), { code: 'ERR_GATEWAY_STORE_NEWER' })
    const after = new DatabaseSync(path)
    assert.equal(after.prepare('PRAGMA user_version').get()?.['user_version'], 999)
    after.close()
  })

  it('refuses a file that is no database and a directory that is not there', () => {
    const path = join(directory, 'text.db')
    writeFileSync(path, 'not a database at all, but long enough to hold a header of SQLite')
    assert.throws(() => openStore(path), { code: 'ERR_GATEWAY_STORE_OPEN' })
    const missing = join(directory, 'missing', 'x.db')
    assert.throws(() => openStore(missing), { code: 'ERR_GATEWAY_STORE_OPEN' })
  })
})
