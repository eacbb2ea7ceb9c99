import assert from 'node:assert/strict'
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  encodeCcache,
  encodeKeytab,
  newCcache,
  type ClientIdentity,
  type ServiceTicket,
} from '../../../../src/kerberos/index.ts'
import {
  ccacheIdentity,
  keytabIdentity,
  passwordFileIdentity,
  readPasswordFile,
} from '../../../../src/kerberos/io/index.ts'
import { newWorld, REALM, SPN, type World } from '../../../support/kerberos-world.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const INTERVAL_MS = 5000
const HOUR_MS = 3_600_000
const alice = { name: 'alice', realm: REALM }
const CONN1 = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: REALM }

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-identity-'))
})
after(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** As ktutil and our own writer do it: whole or not at all. */
async function replace(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

function levels(logger: MemoryLogger): string[] {
  return logger.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level)
}

describe('a keytab as identity', () => {
  async function start(name: string) {
    const world = newWorld()
    const path = join(directory, name)
    const logger = new MemoryLogger()
    await replace(path, encodeKeytab(world.kdc.keytab('CONN1$')))
    const identity = await keytabIdentity(path, CONN1, { clock: world.clock, logger })
    return { ...world, path, logger, connector: world.client('CONN1$', { identity, logger }) }
  }

  it('takes a new version over at the next look, with a new ticket-granting ticket', async () => {
    const { kdc, clock, path, logger, connector } = await start('a.keytab')
    await connector.impersonate(alice)
    const old = kdc.keytab('CONN1$')
    kdc.directory.changeKey('CONN1$')
    await replace(path, encodeKeytab([...kdc.keytab('CONN1$'), ...old]))
    await clock.advance(INTERVAL_MS)
    await connector.impersonate(alice)
    assert.deepEqual([kdc.counts.AS, levels(logger)], [4, ['info']])
    await clock.advance(INTERVAL_MS)
    await connector.impersonate(alice)
    assert.deepEqual([kdc.counts.AS, levels(logger)], [4, ['info']])
  })

  it('looks before its time when the KDC refuses the keys', async () => {
    const { kdc, clock, path, connector } = await start('b.keytab')
    kdc.directory.changeKey('CONN1$')
    await replace(path, encodeKeytab(kdc.keytab('CONN1$')))
    // A rotation may be over so soon after a look.
    await clock.advance(20)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
  })

  it('keeps the old keys while the file is half written, gone or unreadable, and says so once', async () => {
    const { kdc, clock, path, logger, connector } = await start('c.keytab')
    await connector.impersonate(alice)
    const whole = encodeKeytab(kdc.keytab('CONN1$'))
    const states = [
      () => writeFile(path, whole.subarray(0, whole.length - 3)),
      () => writeFile(path, ''),
      () => rm(path),
      () => replace(path, encodeKeytab(kdc.keytab('CONN2$'))),
    ]
    for (const state of states) {
      await state()
      await clock.advance(INTERVAL_MS)
      await connector.impersonate(alice)
      await clock.advance(INTERVAL_MS)
      await connector.impersonate(alice)
    }
    assert.deepEqual(levels(logger), ['warn', 'warn', 'warn', 'info', 'error'])
    for (const { fields } of logger.lines.filter(({ level }) => level === 'warn')) {
      assert.ok(String(fields['reason']).startsWith(path), String(fields['reason']))
    }
    await replace(path, whole)
    await clock.advance(INTERVAL_MS)
    await connector.impersonate(alice)
    assert.equal(levels(logger).at(-1), 'info')
    assert.equal(kdc.counts.AS, 4)
  })

  it('refuses to start with a file that cannot be used, or an interval that is none', async () => {
    const { clock } = newWorld()
    await assert.rejects(keytabIdentity(join(directory, 'none'), CONN1, { clock }), {
      code: 'ERR_KRB_KEYTAB',
    })
    await assert.rejects(
      keytabIdentity(join(directory, 'a.keytab'), CONN1, { clock, checkIntervalMs: 0 }),
      RangeError,
    )
  })
})

describe('a password file as identity', () => {
  it('reads one line, and uses the next password when it comes, beside the one before', async () => {
    const { kdc, clock, client } = newWorld()
    const path = join(directory, 'password')
    kdc.directory.changeKey('CONN1$', 'first €')
    await replace(path, 'first €\n')
    const identity = await passwordFileIdentity(path, CONN1, { clock })
    const connector = client('CONN1$', { identity })
    await connector.impersonate(alice)
    for (const password of [' second', 'third']) {
      await replace(path, `${password}\r\n`)
      await clock.advance(INTERVAL_MS)
      // The KDC has not changed yet: the password before is tried after the new one.
      await connector.impersonate(alice)
      kdc.directory.changeKey('CONN1$', password)
      await connector.impersonate(alice)
    }
    await replace(path, 'third')
    await clock.advance(INTERVAL_MS)
    await connector.impersonate(alice)
  })

  it('warns of a file that others may read', async () => {
    const logger = new MemoryLogger()
    const path = join(directory, 'open-password')
    await writeFile(path, 'secret')
    await chmod(path, 0o644)
    assert.equal(await readPasswordFile(path, { logger }), 'secret')
    assert.match(logger.lines[0]?.message ?? '', /open to others: chmod 600/)
  })

  for (const [what, content] of [
    ['nothing', ''],
    ['an empty line', '\n'],
    ['two lines', 'hunter\ntwo\n'],
    ['a NUL', 'hunter\0b'],
    ['octets that are not UTF-8', Uint8Array.of(0xff, 0xfe)],
    ['too much', 'x'.repeat(4097)],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const path = join(directory, 'bad-password')
      await replace(path, content)
      await assert.rejects(readPasswordFile(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_KRB_PASSWORD')
        assert.ok(error.message.startsWith(path))
        return !error.message.includes('hunter')
      })
    })
  }
})

describe('a credential cache file as identity', () => {
  async function kinit({ client }: World, name = 'CONN1$'): Promise<ServiceTicket> {
    return client(name).ownTicket(`krbtgt/${REALM}`)
  }

  async function start(name: string) {
    const world = newWorld()
    const path = join(directory, name)
    const logger = new MemoryLogger()
    await replace(path, encodeCcache(newCcache([await kinit(world)])))
    const identity = await ccacheIdentity(`FILE:${path}`, { clock: world.clock, logger })
    return { ...world, world, path, logger, identity }
  }

  it('is whose the cache is, and sees a newer ticket', async () => {
    const { world, path, logger, identity } = await start('cc-a')
    const connector = world.client('CONN1$', { identity })
    assert.equal(connector.name, 'CONN1$@CORP.EXAMPLE')
    await connector.ownTicket(SPN)
    await world.clock.advance(11 * HOUR_MS)
    await assert.rejects(connector.ownTicket(SPN), { code: 'ERR_KRB_TGT_EXPIRED' })
    await replace(path, encodeCcache(newCcache([await kinit(world)])))
    await world.clock.advance(INTERVAL_MS)
    await connector.ownTicket(SPN)
    assert.deepEqual(levels(logger), ['info'])
  })

  it('takes the ticket that ends last, even one that has ended', async () => {
    const { world, path } = await start('cc-b')
    const older = await kinit(world)
    await world.clock.advance(60_000)
    const newer = await kinit(world)
    const service = await world.client('CONN1$').ownTicket(SPN)
    await replace(path, encodeCcache(newCcache([older, service, newer, older])))
    await world.clock.advance(20 * HOUR_MS)
    const { keys } = await ccacheIdentity(path, { clock: world.clock })
    assert.equal(tgtOf(keys).endTimeMs, newer.endTimeMs)
  })

  it('stays with its owner when the cache becomes another’s', async () => {
    const { world, path, logger, identity } = await start('cc-c')
    const connector = world.client('CONN1$', { identity })
    await replace(path, encodeCcache(newCcache([await kinit(world, 'CONN2$')])))
    await world.clock.advance(INTERVAL_MS)
    assert.deepEqual((await connector.ownTicket(SPN)).client.nameString, ['CONN1$'])
    assert.match(
      String(logger.lines.at(-1)?.fields['reason']),
      /CONN1\$@CORP\.EXAMPLE’s and is now CONN2\$@/,
    )
  })

  it('refuses a cache without a ticket-granting ticket, and other types of caches', async () => {
    const { world, path } = await start('cc-d')
    const service = await world.client('CONN1$').ownTicket(SPN)
    await replace(path, encodeCcache(newCcache([service])))
    const { clock } = world
    await assert.rejects(ccacheIdentity(path, { clock }), {
      code: 'ERR_KRB_TGT_EXPIRED',
      mend: 'Run kinit CONN1$@CORP.EXAMPLE.',
    })
    await assert.rejects(ccacheIdentity('KCM:1000', { clock }), { code: 'ERR_KRB_CCACHE' })
  })
})

function tgtOf(keys: ClientIdentity['keys']): ServiceTicket {
  const secrets = 'refresh' in keys ? keys.secrets : keys
  assert.ok('tgt' in secrets)
  return secrets.tgt
}
