import assert from 'node:assert/strict'
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { decodeKeytab, encodeKeytab } from '../../../../src/kerberos/index.ts'
import {
  KeytabFileStore,
  keytabIdentity,
  rotateKeytabFile,
} from '../../../../src/kerberos/io/index.ts'
import { newWorld, random, REALM } from '../../../support/kerberos-world.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { MemoryPasswordServer } from '../../../support/memory-password-server.ts'

const CONN1 = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: REALM }
const NAME = 'CONN1$@CORP.EXAMPLE'
const alice = { name: 'alice', realm: REALM }

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-rotation-'))
})
after(async () => {
  await rm(directory, { recursive: true, force: true })
})

async function start(name: string, mode = 0o640) {
  const world = newWorld()
  const server = new MemoryPasswordServer(world.kdc)
  const path = join(directory, name)
  await writeFile(path, encodeKeytab(world.kdc.keytab('CONN1$')))
  await chmod(path, mode)
  const { kdc: transport, clock } = world
  const options = { transport, clock, random, passwordServer: server, confirmDelayMs: 1 }
  return { ...world, server, path, options }
}

describe('rotateKeytabFile', () => {
  it('replaces the keytab in one step, keeps who may read it, and leaves nothing beside it', async () => {
    const { path, options } = await start('a.keytab')
    const before = await stat(path)
    assert.deepEqual(await rotateKeytabFile(path, CONN1, options), { kvno: 3, resumed: false })
    const now = await stat(path)
    assert.notEqual(now.ino, before.ino)
    assert.deepEqual([now.mode & 0o777, now.uid, now.gid], [0o640, before.uid, before.gid])
    const kvnos = decodeKeytab(await readFile(path)).map(({ kvno }) => kvno)
    assert.deepEqual(kvnos, [3, 2])
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.startsWith('a.')),
      ['a.keytab'],
    )
  })

  it('takes from others the right to read', async () => {
    const { path, options } = await start('b.keytab', 0o666)
    await rotateKeytabFile(path, CONN1, options)
    assert.equal((await stat(path)).mode & 0o777, 0o640)
  })

  it('replaces what a symbolic link leads to, not the link', async () => {
    const { path, options } = await start('c.keytab')
    const link = join(directory, 'link.keytab')
    await symlink(path, link)
    await rotateKeytabFile(link, CONN1, options)
    assert.ok((await lstat(link)).isSymbolicLink())
    assert.equal(decodeKeytab(await readFile(path))[0]?.kvno, 3)
  })

  it('waits in earnest for a KDC that is late', async () => {
    const { path, options, server } = await start('d.keytab')
    server.tricks = { loseRequest: new Error('cut') }
    await assert.rejects(rotateKeytabFile(path, CONN1, { ...options, confirmAttempts: 3 }), {
      code: 'ERR_KRB_PASSWORD_UNCONFIRMED',
    })
    server.tricks = {}
    assert.deepEqual(await rotateKeytabFile(path, CONN1, options), { kvno: 3, resumed: true })
  })

  it('serves a client that goes on working, before, between and after the steps', async () => {
    const { path, options, client, clock, kdc, server } = await start('e.keytab')
    const identity = await keytabIdentity(path, CONN1, { clock })
    const connector = client('CONN1$', { identity })
    await connector.impersonate(alice)
    server.tricks = { loseReply: new Error('cut') }
    kdc.tricks = {
      refuse: (kind) => (kind === 'AS' && server.passwords.length === 1 ? { code: 24 } : undefined),
    }
    await assert.rejects(rotateKeytabFile(path, CONN1, { ...options, confirmAttempts: 1 }))
    kdc.tricks = {}
    await clock.advance(1000)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.equal((await rotateKeytabFile(path, CONN1, options)).resumed, true)
    await clock.advance(5000)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
  })
})

describe('KeytabFileStore', () => {
  it('keeps a pending password for its owner alone, whole or not at all', async () => {
    const { path } = await start('f.keytab')
    const store = new KeytabFileStore(path)
    assert.equal(await store.readPending(NAME), undefined)
    await store.writePending(NAME, 'secret')
    assert.equal((await stat(`${path}.pending`)).mode & 0o777, 0o600)
    assert.equal(await store.readPending(NAME), 'secret')
    await assert.rejects(store.writePending(NAME, 'other'), {
      code: 'ERR_KRB_PASSWORD',
      message: /another rotation has just begun/,
    })
    await assert.rejects(store.readPending('CONN2$@CORP.EXAMPLE'), {
      code: 'ERR_KRB_PASSWORD',
      mend: /CONN1\$@CORP\.EXAMPLE/,
    })
    const whole = await readFile(`${path}.pending`)
    for (let end = 0; end < whole.length; end += 1) {
      await writeFile(`${path}.pending`, whole.subarray(0, end))
      assert.equal(await store.readPending(NAME), undefined)
    }
    await store.writePending(NAME, 'new')
    assert.equal(await store.readPending(NAME), 'new')
    await store.removePending()
    await store.removePending()
    await assert.rejects(store.writePending(NAME, 'a b'), /./)
  })

  it('names the file that cannot be written', async () => {
    const store = new KeytabFileStore(join(directory, 'none', 'x.keytab'))
    await assert.rejects(store.writePending(NAME, 'a'), { code: 'ERR_KRB_PASSWORD' })
    await assert.rejects(store.writeKeytab([]), { code: 'ERR_KRB_KEYTAB', message: /x\.keytab/ })
    await assert.rejects(store.removePending(), { code: 'ERR_KRB_PASSWORD' })
  })

  it('lets an identity do without a pending password that is not its own or not readable', async () => {
    const { path, client, clock } = await start('g.keytab')
    const logger = new MemoryLogger()
    await new KeytabFileStore(path).writePending('CONN2$@CORP.EXAMPLE', 'x')
    const identity = await keytabIdentity(path, CONN1, { clock })
    await client('CONN1$', { identity }).impersonate(alice)
    await writeFile(`${path}.pending`, 'x'.repeat(5000))
    const other = await keytabIdentity(path, CONN1, { clock, logger })
    await client('CONN1$', { identity: other }).impersonate(alice)
    assert.match(logger.lines[0]?.message ?? '', /pending password/)
  })
})
