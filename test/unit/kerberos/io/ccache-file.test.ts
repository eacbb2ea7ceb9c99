import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { newCcache } from '../../../../src/kerberos/files/index.ts'
import { readCcacheFile, writeCcacheFile } from '../../../../src/kerberos/io/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

describe('credential cache files', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-ccache-'))
  })
  after(() => rm(folder, { recursive: true }))

  const ccache = newCcache([
    {
      client: { nameType: 1, nameString: ['alice'] },
      clientRealm: 'CORP.EXAMPLE',
      server: { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] },
      serverRealm: 'CORP.EXAMPLE',
      ticket: Uint8Array.of(1),
      sessionKey: { etype: 18, value: new Uint8Array(32).fill(7) },
      flags: 0,
      authTimeMs: 1000,
      startTimeMs: 1000,
      endTimeMs: 2000,
    },
  ])

  it('come back as they were written, for the owner alone, with nothing left beside them', async () => {
    const path = join(folder, 'good')
    const logger = new MemoryLogger()
    await writeFile(path, 'an older file that others may read', { mode: 0o644 })
    await writeCcacheFile(`FILE:${path}`, ccache)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readCcacheFile(path, { logger }), ccache)
    assert.deepEqual(await readCcacheFile(`FILE:${path}`), ccache)
    assert.deepEqual(logger.lines, [])
    assert.deepEqual(await readdir(folder), ['good'])
  })

  it('leave a warning when others may read them', async () => {
    const path = join(folder, 'open')
    const logger = new MemoryLogger()
    await writeCcacheFile(path, ccache)
    await chmod(path, 0o640)
    await readCcacheFile(path, { logger })
    assert.match(logger.lines[0]?.message ?? '', /credential cache is open to others: chmod 600/)
  })

  it('say what is wrong with them', async () => {
    const garbage = join(folder, 'garbage')
    const huge = join(folder, 'huge')
    await writeFile(garbage, 'not a cache', { mode: 0o600 })
    await writeFile(huge, '')
    await truncate(huge, 2 ** 31)
    for (const [path, message] of [
      [join(folder, 'missing'), /missing: .*ENOENT/],
      [folder, /EISDIR/],
      [garbage, /garbage: credential cache: .* \(at octet 0\)/],
      [huge, /too many for a credential cache/],
      ['KCM:0', /type KCM are not supported/],
      ['KEYRING:persistent:0', /type KEYRING/],
    ] as const) {
      await assert.rejects(readCcacheFile(path), { code: 'ERR_KRB_CCACHE', message })
    }
  })

  it('say why they cannot be written, and leave nothing behind', async () => {
    const before = await readdir(folder)
    const refused = { code: 'ERR_KRB_CCACHE' }
    await assert.rejects(writeCcacheFile(join(folder, 'no', 'folder'), ccache), refused)
    await assert.rejects(writeCcacheFile(folder, ccache), refused)
    await assert.rejects(writeCcacheFile('API:0', ccache), refused)
    assert.deepEqual(await readdir(folder), before)
  })
})
