import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import type { Page, Visitor } from '../../docker/demo/visitor.ts'
import { adminRequest } from '../../src/gateway/io/index.ts'
import { KerberosClient, parsePrincipal } from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { errorCode } from '../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { honest, KdcProxy } from '../support/kdc-proxy.ts'
import { recorder, splicer, SPLICES, type Recording } from '../support/kdc-splices.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()
/** How long a KDC may stay silent in these tests, milliseconds. */
const SILENCE = { timeoutMs: 5000, totalTimeoutMs: 90_000 }
/** Guards against hangs; below the total limit, so that silence is seen to cost less. */
const PATIENCE_MS = 80_000

describe('a client behind a KDC that lies', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, kdc, connectors } = lab
  let proxy: KdcProxy
  let client: KerberosClient
  let bob: Recording | undefined
  const impersonate = (name: string) => client.impersonate({ name, realm })

  before(async () => {
    proxy = await KdcProxy.start({ realm, kdc })
    const { principal } = parsePrincipal(connectors.CONN1.principal)
    const keys = await readKeytabFile(connectors.CONN1.keytab)
    client = new KerberosClient({
      identity: { principal, realm, keys },
      transport: new NetworkKdcTransport({
        kdcs: { [realm]: [proxy.address] },
        ...SILENCE,
      }),
      clock: systemClock,
      random: systemRandom,
      // Under armour (FAST) there would be nothing to splice: kerberos-fast.test.ts.
      fast: 'off',
    })
    proxy.wiretap = recorder('S4U2Self', (recording) => (bob = recording))
    await impersonate('bob')
  })
  beforeEach(() => {
    proxy.wiretap = honest
  })
  after(() => proxy.stop())

  it('gets alice her ticket while nobody interferes', async () => {
    const evidence = await impersonate('alice')
    assert.equal(evidence.accountName, 'alice')
  })

  for (const { name, splice, codes } of SPLICES) {
    it(`finds out ${name}`, { timeout: PATIENCE_MS }, async () => {
      assert.ok(bob)
      proxy.wiretap = splicer('S4U2Self', splice, bob)
      await assert.rejects(impersonate('alice'), (error) => codes.includes(errorCode(error)))
      proxy.wiretap = honest
      assert.equal((await impersonate('alice')).accountName, 'alice')
    })
  }

  it('finds out an old reply of her own', async () => {
    let old: Uint8Array | undefined
    proxy.wiretap = recorder('S4U2Self', ({ reply }) => (old = reply))
    await impersonate('alice')
    assert.ok(old)
    const reply = old
    proxy.wiretap = () => Promise.resolve(reply)
    await assert.rejects(impersonate('alice'), { code: 'ERR_KRB_REPLY_MISMATCH' })
  })

  it('finds out a reply for another service, and one to another request', async () => {
    const evidence = await impersonate('alice')
    let bound: Recording | undefined
    proxy.wiretap = recorder('S4U2Proxy', (recording) => (bound = recording))
    await client.delegate(evidence, 'HTTP/bound.corp.example')
    assert.ok(bound)
    const recording = bound
    const wanted = { code: 'ERR_KRB_REPLY_MISMATCH' }
    proxy.wiretap = () => Promise.resolve(recording.reply)
    await assert.rejects(client.delegate(evidence, 'HTTP/iwa.corp.example'), wanted)
    proxy.wiretap = (now) => now.ask(recording.request.octets)
    await assert.rejects(client.delegate(evidence, 'HTTP/iwa.corp.example'))
  })
})

describe('a connector behind a KDC that lies', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let proxy: KdcProxy
  let stack: Stack
  let alice: Visitor
  const bob: Partial<Record<'S4U2Self' | 'S4U2Proxy', Recording>> = {}
  const visit = (app: string): Promise<Page> => alice.visit(stack.url(app, '/whoami'))
  /** Over the admin socket: the command would start a process each time. */
  const flush = () =>
    adminRequest(join(stack.directory, 'gateway'), {
      method: 'POST',
      path: '/cache/flush',
      body: {},
    })

  before(async () => {
    proxy = await KdcProxy.start(lab)
    stack = await startStack(lab, {
      editConnector: ({ kerberos }) =>
        Object.assign(kerberos as object, {
          kdcs: [proxy.address],
          ...SILENCE,
          fast: 'off',
        }),
    })
    proxy.wiretap = async (request) => {
      const reply = await request.ask()
      const { exchange } = request
      if (exchange === 'S4U2Self' || exchange === 'S4U2Proxy') bob[exchange] = { request, reply }
      return reply
    }
    const other = await signIn({ lab, stack }, 'bob')
    await other.visitor.close()
    assert.equal(remoteUser(other.page), `bob@${lab.realm}`)
    proxy.wiretap = honest
    const { visitor, page } = await signIn({ lab, stack }, 'alice')
    alice = visitor
    await alice.open(stack.url('epa', '/whoami'))
    assert.equal(remoteUser(page), `alice@${lab.realm}`)
  })
  after(async () => {
    await alice.close()
    await stack.stop()
    await proxy.stop()
  })

  for (const { name, splice, codes } of SPLICES) {
    it(`refuses alice's request for ${name}, and keeps nothing of it`, async () => {
      assert.ok(bob.S4U2Self)
      await flush()
      proxy.wiretap = splicer('S4U2Self', splice, bob.S4U2Self)
      const delegations = proxy.count('S4U2Proxy')
      const refused = await visit('intranet')
      assert.ok(refused.status >= 500, `${refused.status}`)
      assert.ok(codes.includes(pageCode(refused) ?? ''), pageCode(refused))
      assert.equal(proxy.count('S4U2Proxy'), delegations, 'nothing was asked with the evidence')
      proxy.wiretap = honest
      const impersonations = proxy.count('S4U2Self')
      // Another service: what was refused for the first is remembered for a moment.
      const page = await visit('epa')
      assert.deepEqual([page.status, remoteUser(page)], [200, `alice@${lab.realm}`])
      assert.equal(proxy.count('S4U2Self'), impersonations + 1, 'no evidence was kept')
    })
  }

  it("never shows the backend bob when his service ticket stands in alice's reply", async () => {
    const splice = SPLICES.find(({ name }) => name === "bob's ticket under alice's name")?.splice
    assert.ok(splice !== undefined && bob.S4U2Proxy !== undefined)
    await flush()
    proxy.wiretap = splicer('S4U2Proxy', splice, bob.S4U2Proxy)
    const refused = await visit('intranet')
    assert.deepEqual(
      [refused.status, pageCode(refused)],
      [502, 'ERR_SSO_BACKEND_KEY_MISMATCH'],
      refused.body,
    )
    proxy.wiretap = honest
    await flush()
    assert.equal(remoteUser(await visit('intranet')), `alice@${lab.realm}`)
  })
})
