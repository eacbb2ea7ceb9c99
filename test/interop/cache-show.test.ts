/** `sallyport cache show` on a real stack: real gateway, connector, Samba and Apache. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import type { CacheReport, FlushAnswer } from '../../src/gateway/index.ts'
import type { CacheContents } from '../../src/tunnel/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()

describe('what a connector keeps', { skip: lab === undefined ? NO_LAB : false }, () => {
  let stack: Stack
  before(async () => {
    stack = await startStack(lab as LabEnvironment, {
      editConnector: (config) => {
        config['sso'] = { ...(config['sso'] as object | undefined), cacheShowEntries: 2 }
      },
    })
    for (const name of ['alice', 'bob']) await visit(name)
    await visit('alice', 'bound')
    // CONN1 may not delegate to it.
    await visit('alice', 'other', 403)
  })
  after(() => stack.stop())

  async function visit(name: string, app = 'intranet', status = 200): Promise<void> {
    const { visitor, page } = await signIn({ lab: lab as LabEnvironment, stack }, name, { app })
    await visitor.close()
    assert.equal(page.status, status, page.body)
  }

  async function show(...args: string[]): Promise<CacheContents> {
    const { status, stdout, stderr } = await stack.admin('cache', 'show', '--json', ...args)
    assert.equal(status, 0, stderr)
    const [report, ...others] = JSON.parse(stdout) as CacheReport[]
    assert.equal(others.length, 0)
    assert.ok(report?.cache, stdout)
    return report.cache
  }

  it('is told in numbers', async () => {
    const { tickets, accounts, more } = await show()
    assert.ok(tickets && accounts)
    assert.deepEqual([tickets.kept, tickets.misses], [3, 4])
    assert.deepEqual([tickets.refusals.policy, tickets.evicted.refused], [1, 1])
    assert.ok(tickets.octets > 0 && accounts.kept >= 2)
    assert.deepEqual(tickets.queue, { running: 0, waiting: 0 })
    assert.equal(more, 1)
  })

  it('is listed by user and by service, with no key and no ticket in it', async () => {
    const { entries, more } = await show('--user', 'alice@corp.example')
    assert.equal(more, 0)
    assert.deepEqual(
      entries.map(({ user }) => user),
      ['alice@CORP.EXAMPLE', 'alice@CORP.EXAMPLE'],
    )
    for (const entry of entries) {
      const { user, servicePrincipalName, octets, ...times } = entry
      assert.ok(user.length + servicePrincipalName.length < 200 && octets > 500)
      assert.ok(Object.values(times).every((time) => typeof time === 'number'))
      assert.ok(entry.lastUsedMs <= Date.now() + 1000 && entry.expiresMs > entry.lastUsedMs)
    }
    const spn = entries[0]?.servicePrincipalName ?? ''
    const ofService = await show('--spn', spn, '--user', 'BOB')
    assert.ok(ofService.entries.every(({ servicePrincipalName }) => servicePrincipalName === spn))
    assert.deepEqual(await show('--user', 'nobody').then((found) => found.entries), [])
  })

  it('is a text for people, and empty after a flush', async () => {
    const before = await stack.admin('cache', 'show')
    assert.equal(before.status, 0, before.stderr)
    assert.match(before.stdout, /^connector .* \(group default, version /)
    assert.match(before.stdout, /USER +SPN +EXPIRES +REFRESH DUE +LAST USED +BYTES/)
    assert.match(before.stdout, /alice@CORP\.EXAMPLE +HTTP\//)
    assert.match(before.stdout, /and 1 more: choose with --user or --spn/)
    const flushed = await stack.admin('cache', 'flush')
    assert.equal(flushed.status, 0, flushed.stderr)
    assert.match(flushed.stdout, /^connector .* \(group default, version /)
    assert.match(
      flushed.stdout,
      /\n {2}dropped 3 tickets, 1 evidence ticket, 2 accounts, 1 KDC refusal, 0 directory ref/,
    )
    const after = await stack.admin('cache', 'show')
    assert.match(after.stdout, /tickets +0 tickets of 0 bytes/)
    assert.match(after.stdout, /KDC refusals +policy 0,/)
    assert.match(after.stdout, /no tickets to list/)
  })

  it('is dropped of one user, who is counted, or named where the name is not quite right', async () => {
    await visit('alice')
    const flush = (...args: string[]) => stack.admin('cache', 'flush', ...args)
    for (const wrong of ['alise@corp.example', 'alice@other.example', 'CORP\\alice']) {
      const { status, stdout } = await flush('--user', wrong)
      assert.equal(status, 0)
      assert.match(
        stdout,
        /dropped 0 tickets, 0 evidence tickets, 0 accounts, 0 KDC refusals, 0 dir/,
      )
      assert.ok(stdout.includes(`nothing matched ${wrong}\n`), stdout)
      assert.match(stdout, /looks alike:\n {2}alice@CORP\.EXAMPLE {2}HTTP\//)
    }
    const nobody = await flush('--spn', 'HTTP/nowhere.corp.example')
    assert.match(nobody.stdout, /nothing matched HTTP\/nowhere[\s\S]*cache show/)
    const { stdout } = await flush('--user', 'ALICE@corp.example', '--json')
    const { connectedTunnels, connectors } = JSON.parse(stdout) as FlushAnswer
    assert.equal(connectedTunnels, 1)
    const none = { kdcRefusals: 0, directoryRefusals: 0 }
    const dropped = { tickets: 1, evidence: 1, accounts: 1, ...none }
    assert.deepEqual(
      connectors.map((each) => each.dropped),
      [dropped],
    )
  })

  it('cannot be told without a connector', async () => {
    await stack.connector.stop()
    const { status, stderr } = await stack.admin('cache', 'show')
    assert.equal(status, 1)
    assert.match(stderr, /ERR_GATEWAY_NO_CONNECTOR[\s\S]*mend: .*connector run/)
    const flushed = await stack.admin('cache', 'flush')
    assert.deepEqual(
      [flushed.status, flushed.stdout],
      [0, 'no connector is connected, so nothing is cached\n'],
    )
  })
})
