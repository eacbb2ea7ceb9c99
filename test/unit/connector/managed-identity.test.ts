import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { managedIdentity } from '../../../src/connector/index.ts'
import { DirectoryError, type ManagedAccount } from '../../../src/directory/index.ts'
import { computerSalt, secretsOf } from '../../../src/kerberos/index.ts'
import { newWorld, REALM } from '../../support/kerberos-world.ts'
import { MemoryLogger, settled } from '../../support/manual-clock.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const GMSA = { principal: { nameType: 1, nameString: ['gmsa1$'] }, realm: REALM }
const alice = { name: 'alice', realm: REALM }

interface Said {
  readonly current: string
  readonly previous?: string
  readonly queryIntervalMs: number
  readonly unchangedIntervalMs: number
}

async function start(first: Said) {
  const world = newWorld()
  world.kdc.add({ name: 'gmsa1$', password: first.current, trustedToAuth: true })
  const logger = new MemoryLogger()
  let said: Said | Error = first
  let reads = 0
  const directory = {
    readManagedAccount: (sAMAccountName: string): Promise<ManagedAccount> => {
      reads += 1
      if (said instanceof Error) return Promise.reject(said)
      return Promise.resolve({ sAMAccountName, domain: 'corp.example', password: said })
    },
  }
  const identity = await managedIdentity(GMSA, { directory, clock: world.clock, logger })
  return {
    ...world,
    logger,
    identity,
    connector: world.client('gmsa1$', { identity }),
    say: (next: Said | Error) => {
      said = next
    },
    reads: () => reads,
    passwords: () => {
      const secrets = secretsOf(identity)
      assert.ok('inOrder' in secrets)
      return secrets.inOrder.map((part) => ('password' in part ? part.password : ''))
    },
  }
}

const FIRST = {
  current: 'one\ud800',
  queryIntervalMs: 10 * DAY_MS,
  unchangedIntervalMs: DAY_MS / 2,
}

describe('managedIdentity', () => {
  it('acts with the password that the directory gives, with the salt of the account', async () => {
    const { connector, identity } = await start(FIRST)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    const secrets = secretsOf(identity)
    assert.ok('inOrder' in secrets)
    assert.deepEqual(secrets.inOrder, [
      { password: FIRST.current, salt: 'CORP.EXAMPLEhostgmsa1.corp.example' },
    ])
    assert.equal(computerSalt('GMSA1$', 'Corp.Example'), 'CORP.EXAMPLEhostgmsa1.corp.example')
  })

  it('reads again when the password may change, then every minute until it has, and waits for none of it', async () => {
    const { connector, clock, say, reads, passwords, kdc, logger } = await start(FIRST)
    await connector.impersonate(alice)
    await clock.advance(DAY_MS / 2 - 1)
    await connector.impersonate(alice)
    assert.equal(reads(), 1)
    say({ ...FIRST, unchangedIntervalMs: 0, queryIntervalMs: 5 * MINUTE_MS })
    await clock.advance(1)
    await connector.impersonate(alice)
    await settled()
    assert.equal(reads(), 2)
    await clock.advance(MINUTE_MS - 1)
    await connector.impersonate(alice)
    assert.equal(reads(), 2)
    say({ ...FIRST, current: 'two', previous: FIRST.current })
    await clock.advance(1)
    await connector.impersonate(alice)
    await settled()
    assert.deepEqual(passwords(), ['two', FIRST.current])
    // The KDC that is asked does not know the new password yet; then it does.
    await connector.impersonate(alice)
    kdc.directory.changeKey('gmsa1$', 'two')
    await connector.impersonate(alice)
    assert.equal(reads(), 3)
    assert.ok(!JSON.stringify(logger.lines).includes('two'))
  })

  it('keeps the password before where the directory does not name it', async () => {
    const { connector, clock, say, passwords } = await start(FIRST)
    for (const current of ['two', 'three']) {
      say({ ...FIRST, current })
      await clock.advance(DAY_MS)
      await connector.impersonate(alice).catch(() => undefined)
      await settled()
    }
    assert.deepEqual(passwords(), ['three', 'two'])
  })

  it('reads once a day at least, and every minute after a read that failed', async () => {
    const { connector, clock, say, reads, logger } = await start({
      ...FIRST,
      unchangedIntervalMs: 9 * DAY_MS,
    })
    await clock.advance(DAY_MS)
    await connector.impersonate(alice)
    await settled()
    assert.equal(reads(), 2)
    say(new DirectoryError('ERR_DIRECTORY_UNREACHABLE', 'no directory server'))
    await clock.advance(DAY_MS)
    for (let minute = 0; minute < 3; minute += 1) {
      await connector.impersonate(alice)
      await settled()
      await clock.advance(MINUTE_MS)
    }
    assert.equal(reads(), 5)
    const warnings = logger.lines.filter(({ level }) => level === 'warn')
    assert.deepEqual(
      warnings.map(({ fields }) => fields['code']),
      ['ERR_DIRECTORY_UNREACHABLE'],
    )
    assert.equal(warnings[0]?.fields['from'], 'msDS-ManagedPassword of gmsa1$')
  })

  it('reads at once where the KDC refuses the password, but not for every request', async () => {
    const { connector, clock, kdc, say, reads } = await start(FIRST)
    kdc.directory.changeKey('gmsa1$', 'two')
    say({ ...FIRST, current: 'two' })
    await assert.rejects(connector.impersonate(alice), { code: 'ERR_KRB_PREAUTH_FAILED' })
    await clock.advance(10_000)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.equal(reads(), 2)
  })

  it('waits for a directory that is silent at the start, and is there when it is needed', async () => {
    const world = newWorld()
    world.kdc.add({ name: 'gmsa1$', password: 'one', trustedToAuth: true })
    const logger = new MemoryLogger()
    let silent = true
    const password = { ...FIRST, current: 'one' }
    const directory = {
      readManagedAccount: (sAMAccountName: string): Promise<ManagedAccount> =>
        silent
          ? Promise.reject(new DirectoryError('ERR_DIRECTORY_UNREACHABLE', 'no directory server'))
          : Promise.resolve({ sAMAccountName, domain: 'corp.example', password }),
    }
    const identity = await managedIdentity(GMSA, { directory, clock: world.clock, logger })
    const connector = world.client('gmsa1$', { identity })
    await assert.rejects(connector.impersonate(alice), { code: 'ERR_KRB_NO_KEY' })
    silent = false
    await world.clock.advance(10_000)
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['warn', 'info'],
    )
  })

  it('is not to be had where the password may not be read', async () => {
    const refused = new DirectoryError('ERR_DIRECTORY_REFUSED', 'may not be read')
    const directory = { readManagedAccount: () => Promise.reject(refused) }
    const { clock } = newWorld()
    await assert.rejects(managedIdentity(GMSA, { directory, clock }), refused)
  })
})
