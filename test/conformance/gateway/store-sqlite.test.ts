import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '../../../src/gateway/io/database.ts'
import { gatewayStoreSuite } from './store-suite.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
let files = 0

after(() => {
  rmSync(directory, { recursive: true })
})

gatewayStoreSuite('SQLite in memory', () => openStore(':memory:'))
gatewayStoreSuite('SQLite in a file', () => openStore(join(directory, `${(files += 1)}.db`)))
