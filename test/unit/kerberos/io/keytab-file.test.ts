import assert from 'node:assert/strict'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodeKeytab } from '../../../../src/kerberos/files/index.ts'
import { readKeytabFile } from '../../../../src/kerberos/io/keytab-file.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

describe('readKeytabFile', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-keytab-'))
  })
  after(() => rm(folder, { recursive: true }))

  const entry = {
    principal: { nameType: 1, nameString: ['CONN1$'] },
    realm: 'CORP.EXAMPLE',
    kvno: 3,
    timestampMs: 0,
    key: { etype: 18, value: new Uint8Array(32).fill(7) },
  }
  const write = async (name: string, octets: Uint8Array, mode = 0o600): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, octets, { mode })
    return path
  }

  it('reads the entries, without a word when only owner and group may read', async () => {
    const logger = new MemoryLogger()
    const path = await write('good', encodeKeytab([entry]), 0o640)
    const [read, ...more] = await readKeytabFile(path, { logger })
    assert.deepEqual([read?.kvno, read?.principal.nameString, more.length], [3, ['CONN1$'], 0])
    assert.deepEqual(logger.lines, [])
  })

  it('warns when others may read it', async () => {
    const logger = new MemoryLogger()
    const path = await write('open', encodeKeytab([entry]), 0o644)
    await readKeytabFile(path, { logger })
    assert.equal(logger.lines.length, 1)
    assert.match(logger.lines[0]?.message ?? '', /chmod 600/)
  })

  it('says which file is missing, is a folder, is empty or garbage', async () => {
    const empty = await write('empty', encodeKeytab([]))
    const garbage = await write('garbage', Buffer.from('not a keytab'))
    const cases: readonly (readonly [string, RegExp])[] = [
      [join(folder, 'missing'), /ENOENT/],
      [folder, /EISDIR/],
      [empty, /holds no key/],
      [garbage, /keytab: /],
    ]
    for (const [path, says] of cases) {
      await assert.rejects(readKeytabFile(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_KRB_KEYTAB')
        assert.ok(error.message.startsWith(`${path}: `), error.message)
        assert.match(error.message, says)
        return true
      })
    }
  })

  it('reads no file that is too large for a keytab', async () => {
    const path = await write('huge', new Uint8Array(0))
    await truncate(path, 2 ** 31)
    await assert.rejects(readKeytabFile(path), { code: 'ERR_KRB_KEYTAB', message: /too many/ })
  })
})
