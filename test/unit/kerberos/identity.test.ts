import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KrbErrorCode as Krb, TicketFlag } from '../../../src/kerberos/iana/index.ts'
import type {
  ClientIdentity,
  KeytabEntry,
  OwnKeysSource,
  OwnSecrets,
  ServiceTicket,
} from '../../../src/kerberos/index.ts'
import { newWorld, REALM, SPN } from '../../support/kerberos-world.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'

const HOUR_MS = 3_600_000
const alice = { name: 'alice', realm: REALM }
const owner = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: REALM }

/** Secrets that a test changes; `found` is what a look brings to light. */
class TestSource implements OwnKeysSource {
  secrets: OwnSecrets
  found: OwnSecrets | undefined
  readonly looks: string[] = []

  constructor(secrets: OwnSecrets) {
    this.secrets = secrets
  }

  refresh(why: 'due' | 'refused'): Promise<void> | undefined {
    this.looks.push(why)
    if (why === 'due') return undefined
    this.secrets = this.found ?? this.secrets
    return Promise.resolve()
  }
}

function identityOf(keys: ClientIdentity['keys']): ClientIdentity {
  return { ...owner, keys }
}

function withKvno(entries: readonly KeytabEntry[], kvno: number): readonly KeytabEntry[] {
  return entries.map((entry) => ({ ...entry, kvno }))
}

describe('key versions side by side', () => {
  it('proves with the one before the newest where the KDC has not learnt of that, and opens its tickets', async () => {
    const { kdc, client } = newWorld()
    const strange = { ...kdc.keytab('CONN2$')[0], ...owner, kvno: 3 } as KeytabEntry
    const connector = client('CONN1$', {
      identity: identityOf([...kdc.keytab('CONN1$'), strange]),
    })
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.equal(kdc.counts.AS, 3)
  })

  it('opens evidence of either version while the account’s password changes', async () => {
    const { kdc, client } = newWorld()
    const old = kdc.keytab('CONN1$')
    kdc.directory.changeKey('CONN1$')
    const both = client('CONN1$', { identity: identityOf([...old, ...kdc.keytab('CONN1$')]) })
    assert.equal((await both.impersonate(alice)).accountName, 'alice')
    assert.equal(kdc.counts.AS, 2)
  })

  it('takes a version’s best key that the KDC offers, the newest version first', async () => {
    const { kdc, client } = newWorld()
    const [present] = kdc.keytab('CONN1$')
    assert.ok(present)
    const other = { ...present, key: { etype: 17, value: new Uint8Array(16) } }
    const keytab = [
      { ...present, kvno: 1, key: { etype: 18, value: new Uint8Array(32) } },
      other,
      present,
    ]
    await client('CONN1$', { identity: identityOf(keytab) }).ownTicket(SPN)
    assert.equal(kdc.counts.AS, 2)
  })

  it('tries a password, then the one before it, and says so when neither is right', async () => {
    const { kdc, client } = newWorld()
    const keys = (...passwords: string[]) =>
      identityOf({ inOrder: passwords.map((password) => ({ password })) })
    kdc.directory.changeKey('CONN1$', 'new')
    const connector = client('CONN1$', { identity: keys('newer', 'new') })
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    await assert.rejects(client('CONN1$', { identity: keys('a', 'b') }).ownTicket(SPN), {
      code: 'ERR_KRB_PREAUTH_FAILED',
    })
    await assert.rejects(client('CONN1$', { identity: keys() }).ownTicket(SPN), {
      code: 'ERR_KRB_NO_KEY',
      message: 'CONN1$@CORP.EXAMPLE has no key yet',
    })
  })

  it('takes what it needs from whichever part has it', async () => {
    const { kdc, client } = newWorld()
    kdc.directory.changeKey('CONN1$', 'new')
    const weak = withKvno(kdc.keytab('CONN1$'), 1).map((entry) => ({
      ...entry,
      key: { etype: 17, value: new Uint8Array(16) },
    }))
    const identity = identityOf({ inOrder: [weak, { password: 'new' }] })
    const connector = client('CONN1$', { identity })
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    const none = client('CONN1$', { identity: identityOf({ inOrder: [weak] }) })
    await assert.rejects(none.ownTicket(SPN), { code: 'ERR_KRB_NO_KEY' })
  })
})

describe('keys that change while a client lives', () => {
  it('looks for newer keys when evidence does not open, and repeats the exchange', async () => {
    const { kdc, client } = newWorld()
    const source = new TestSource(kdc.keytab('CONN1$'))
    const connector = client('CONN1$', { identity: identityOf(source) })
    await connector.impersonate(alice)
    kdc.directory.changeKey('CONN1$')
    await assert.rejects(connector.impersonate(alice), { code: 'ERR_KRB_INTEGRITY' })
    source.found = kdc.keytab('CONN1$')
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.deepEqual(
      source.looks.filter((why) => why === 'refused'),
      ['refused', 'refused'],
    )
  })

  it('looks for newer keys when the KDC refuses the present ones', async () => {
    const { kdc, client } = newWorld()
    const source = new TestSource(kdc.keytab('CONN1$'))
    kdc.directory.changeKey('CONN1$')
    source.found = kdc.keytab('CONN1$')
    await client('CONN1$', { identity: identityOf(source) }).ownTicket(SPN)
    assert.equal(kdc.counts.AS, 4)
  })

  it('gets a new ticket-granting ticket when keys have changed, once', async () => {
    const { kdc, client } = newWorld()
    const source = new TestSource(kdc.keytab('CONN1$'))
    const connector = client('CONN1$', { identity: identityOf(source) })
    await connector.impersonate(alice)
    source.secrets = kdc.keytab('CONN1$')
    await connector.impersonate(alice)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.AS, 4)
  })

  it('goes on with the old ticket-granting ticket while the new keys get none', async () => {
    const { kdc, client, clock } = newWorld()
    const logger = new MemoryLogger()
    const source = new TestSource(kdc.keytab('CONN1$'))
    const connector = client('CONN1$', { identity: identityOf(source), logger })
    await connector.impersonate(alice)
    source.secrets = kdc.keytab('CONN1$')
    kdc.tricks = { refuse: (kind) => (kind === 'AS' ? { code: Krb.KRB_ERR_GENERIC } : undefined) }
    await connector.impersonate(alice)
    await connector.impersonate(alice)
    assert.deepEqual([kdc.counts.AS, logger.lines.filter((l) => l.level === 'warn').length], [3, 1])
    kdc.tricks = {}
    await clock.advance(30_000)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.AS, 5)
  })

  it('keeps the old keys where the new ones are not ours, and says so once', async () => {
    const { kdc, client } = newWorld()
    const logger = new MemoryLogger()
    const source = new TestSource(kdc.keytab('CONN1$'))
    const connector = client('CONN1$', { identity: identityOf(source), logger })
    await connector.impersonate(alice)
    source.secrets = kdc.keytab('CONN2$')
    await connector.impersonate(alice)
    await connector.impersonate(alice)
    assert.deepEqual(
      logger.lines.filter((line) => line.level === 'error').map(({ fields }) => fields['code']),
      ['ERR_KRB_NO_KEY'],
    )
  })
})

describe('evidence that outlives our keys', () => {
  async function start() {
    const world = newWorld()
    const source = new TestSource(world.kdc.keytab('CONN1$'))
    const connector = world.client('CONN1$', { identity: identityOf(source) })
    const evidence = await connector.impersonate(alice)
    world.kdc.directory.changeKey('CONN1$')
    source.secrets = world.kdc.keytab('CONN1$')
    return { ...world, connector, evidence }
  }

  it('is got anew, once, where the KDC cannot open it any more', async () => {
    const { kdc, connector, evidence } = await start()
    for (let request = 0; request < 2; request += 1) {
      assert.deepEqual((await connector.delegate(evidence, SPN)).client.nameString, ['alice'])
    }
    assert.equal(kdc.counts.S4U2Self, 2)
  })

  it('is not got anew for a user who is in other groups by now: what was decided was decided for the old ones', async () => {
    const { kdc, connector, evidence } = await start()
    const refused = { code: 'ERR_KRB_KDC_REPLY', krbErrorCode: Krb.KRB_AP_ERR_MODIFIED }
    for (const groupIds of [[512], [512, 513], []]) {
      kdc.tricks = { pac: (content) => ({ ...content, groupIds }) }
      await assert.rejects(connector.delegate(evidence, SPN), refused)
    }
    kdc.tricks = {}
    await connector.delegate(evidence, SPN)
  })

  it('is refused for good where nobody knows whom it was got for', async () => {
    const { kdc, connector, evidence } = await start()
    await assert.rejects(connector.delegate({ ...evidence }, SPN), { krbErrorCode: 41 })
    assert.equal(kdc.counts.S4U2Self, 1)
  })

  it('is not got anew for any other refusal', async () => {
    const { kdc, connector, evidence } = await start()
    await assert.rejects(connector.delegate(evidence, 'HTTP/none.corp.example'))
    kdc.tricks = { refuse: () => ({ code: Krb.KDC_ERR_POLICY }) }
    await assert.rejects(connector.delegate(evidence, SPN))
    assert.equal(kdc.counts.S4U2Self, 2)
  })
})

/** A cache's ticket, as kinit would have written it. */
async function kinit(world: ReturnType<typeof newWorld>): Promise<ServiceTicket> {
  const { kdc } = world
  const tgt = await world.client().ownTicket(`krbtgt/${REALM}`)
  kdc.counts.AS = 0
  kdc.counts.TGS = 0
  return tgt
}

describe('a credential cache as identity', () => {
  it('gets tickets and delegates without any key of its own', async () => {
    const world = newWorld()
    const { kdc, client } = world
    const evidence = await client().impersonate(alice)
    const identity = identityOf({ tgt: await kinit(world) })
    const connector = client('CONN1$', { identity })
    assert.deepEqual((await connector.ownTicket(SPN)).client.nameString, ['CONN1$'])
    assert.deepEqual((await connector.delegate(evidence, SPN)).client.nameString, ['alice'])
    assert.equal(kdc.counts.AS, 0)
  })

  it('refuses to act for a user before anything is sent', async () => {
    const world = newWorld()
    const identity = identityOf({ tgt: await kinit(world) })
    await assert.rejects(world.client('CONN1$', { identity }).impersonate(alice), {
      code: 'ERR_KRB_NO_LONG_TERM_KEY',
      message: /CONN1\$@CORP\.EXAMPLE .*S4U2Self/,
      mend: /keytab/,
    })
    assert.equal(world.kdc.counts.S4U2Self, 0)
  })

  it('says why a ticket that is not forwardable delegates nothing', async () => {
    const world = newWorld()
    const evidence = await world.client().impersonate(alice)
    const tgt = await kinit(world)
    const identity = identityOf({ tgt: { ...tgt, flags: tgt.flags & ~TicketFlag.FORWARDABLE } })
    await assert.rejects(world.client('CONN1$', { identity }).delegate(evidence, SPN), {
      code: 'ERR_KRB_NOT_FORWARDABLE',
      mend: /kinit -f CONN1\$@CORP\.EXAMPLE/,
    })
    assert.equal(world.kdc.counts.S4U2Proxy, 0)
  })

  it('is refused as another’s identity', async () => {
    const world = newWorld()
    const tgt = await kinit(world)
    const identity = { principal: { nameType: 1, nameString: ['CONN2$'] }, realm: REALM }
    assert.throws(() => world.client('CONN2$', { identity: { ...identity, keys: { tgt } } }), {
      code: 'ERR_KRB_CCACHE',
      mend: 'Run kinit CONN2$@CORP.EXAMPLE.',
    })
  })

  it('says when the ticket ended and what to run; a newer one is found without a restart', async () => {
    const world = newWorld()
    const { client, clock } = world
    const source = new TestSource({ tgt: await kinit(world) })
    const connector = client('CONN1$', { identity: identityOf(source) })
    await connector.ownTicket(SPN)
    await clock.advance(11 * HOUR_MS)
    await assert.rejects(connector.ownTicket(SPN), {
      code: 'ERR_KRB_TGT_EXPIRED',
      message: /ended at 2023-/,
      mend: /Run kinit CONN1\$@CORP\.EXAMPLE/,
    })
    source.found = { tgt: await kinit(world) }
    await connector.ownTicket(SPN)
  })

  it('is told ahead of its end that a ticket cannot be renewed', async () => {
    const world = newWorld()
    const logger = new MemoryLogger()
    const identity = identityOf({ tgt: await kinit(world) })
    const connector = world.client('CONN1$', { identity, logger })
    await connector.ownTicket(SPN)
    await world.clock.advance(9.9 * HOUR_MS)
    await connector.ownTicket('HTTP/rbcd.corp.example')
    await world.clock.advance(1)
    const warnings = logger.lines.filter((line) => line.level === 'warn')
    assert.deepEqual(
      warnings.map(({ fields }) => fields['code']),
      ['ERR_KRB_TGT_EXPIRED'],
    )
    assert.match(String(warnings[0]?.fields['reason']), /cannot be renewed/)
  })

  it('renews a renewable ticket ahead of its end', async () => {
    const world = newWorld()
    const { kdc, client, clock } = world
    const renewTillMs = clock.nowMs() + 48 * HOUR_MS
    const tgt = { ...(await kinit(world)), renewTillMs }
    const identity = identityOf({ tgt: { ...tgt, flags: tgt.flags | TicketFlag.RENEWABLE } })
    const connector = client('CONN1$', { identity })
    await connector.ownTicket(SPN)
    await clock.advance(9.9 * HOUR_MS)
    await connector.ownTicket('HTTP/rbcd.corp.example')
    await clock.advance(5 * HOUR_MS)
    await connector.ownTicket(SPN)
    assert.deepEqual([kdc.counts.AS, kdc.counts.TGS], [0, 4])
  })

  it('keeps the ticket it has where the renewed one does not last longer', async () => {
    const world = newWorld()
    const { kdc, client, clock } = world
    const logger = new MemoryLogger()
    const tgt = { ...(await kinit(world)), renewTillMs: clock.nowMs() + 48 * HOUR_MS }
    const identity = identityOf({ tgt: { ...tgt, flags: tgt.flags | TicketFlag.RENEWABLE } })
    const connector = client('CONN1$', { identity, logger })
    await connector.ownTicket(SPN)
    await clock.advance(9.9 * HOUR_MS)
    kdc.tricks = { replyPart: (part) => ({ ...part, endTimeMs: tgt.endTimeMs }) }
    await connector.ownTicket('HTTP/rbcd.corp.example')
    await clock.advance(1)
    assert.deepEqual(
      logger.lines.filter((line) => line.level === 'warn').map(({ fields }) => fields['code']),
      ['ERR_KRB_REPLY_MISMATCH'],
    )
  })
})
