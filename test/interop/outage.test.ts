/**
 * The whole stack while the connector reaches neither KDC nor LDAP: real gateway, connector, Samba and Apache. A lab of its own, for
 * an account of it is disabled. What holds to the millisecond is in test/scenario/sso/outage.test.ts.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { remoteUser } from '../../docker/demo/proof.ts'
import type { LogLine } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import type { Page, Visitor } from '../../docker/demo/visitor.ts'
import { labAvailability, startLab, type Lab, type LabEnvironment } from '../../docker/lab.ts'
import { CutRelay } from '../support/cut-relay.ts'
import { NameServer } from '../support/name-server.ts'
import { pageCode, signIn } from '../support/people.ts'

const availability = labAvailability()

/** Longest use of a ticket. */
const TICKET_MS = 25_000
/** How long an account is used before the directory is asked again. */
const IDENTITY_MS = 500
/** What lies between a log line and what it tells of, and between the clocks of two processes. */
const SLACK_MS = 2000

const seen = (page: Page): readonly [number, string | undefined] =>
  page.status === 200 ? [200, remoteUser(page)] : [page.status, pageCode(page)]

/** The ways from the connector to the domain controller, all of which can be cut at once. */
class Ways {
  readonly #kdc: CutRelay
  readonly #ldap: CutRelay
  readonly #names: NameServer

  constructor(kdc: CutRelay, ldap: CutRelay, names: NameServer) {
    this.#kdc = kdc
    this.#ldap = ldap
    this.#names = names
  }

  static async start(lab: LabEnvironment): Promise<Ways> {
    const host = lab.dnsServer
    const kdc = await CutRelay.start({ host, port: 88 })
    const ldap = await CutRelay.start({ host, port: 636 })
    const names = await NameServer.start()
    const iwa = { address: lab.backends.iwa.address, ttl: 3600 }
    for (const { origin } of [lab.backends.iwa, lab.backends.other])
      names.records.set(new URL(origin).hostname, [iwa])
    for (const { name } of lab.domainControllers)
      names.records.set(name, [{ address: '127.0.0.1', ttl: 3600 }])
    return new Ways(kdc, ldap, names)
  }

  /** Leads a connector over them. */
  edit(config: Record<string, unknown>, lab: LabEnvironment): void {
    const { kerberos, directory } = config as Record<string, object>
    const servers = lab.domainControllers.map(({ name }) => `${name}:${this.#ldap.port}`)
    config['kerberos'] = { ...kerberos, kdcs: [`127.0.0.1:${this.#kdc.port}`] }
    config['directory'] = { ...directory, servers }
    config['dns'] = { servers: [this.#names.address] }
  }

  cut(): void {
    this.#kdc.cut()
    this.#ldap.cut()
  }

  mend(): void {
    this.#kdc.mend()
    this.#ldap.mend()
  }

  async stop(): Promise<void> {
    await this.#kdc.stop()
    await this.#ldap.stop()
    await this.#names.stop()
  }
}

describe(
  'a connector that is cut off from all domain controllers',
  { skip: availability.ok ? false : (availability.reason ?? 'no lab') },
  () => {
    let lab: Lab
    let ways: Ways
    let stack: Stack
    const people = new Map<string, Visitor>()

    before(async () => {
      lab = await startLab()
      ways = await Ways.start(lab.env)
      stack = await startStack(lab.env, {
        limits: 'product',
        editConnector: (config) => {
          ways.edit(config, lab.env)
          // What was refused before the outage is told of in it, however slow this machine is.
          config['sso'] = {
            ticketMs: TICKET_MS,
            identityMs: IDENTITY_MS,
            policyRefusalMs: 3_600_000,
          }
        },
      })
      for (const name of ['alice', 'bob', 'carol', 'victor1']) {
        const { visitor, page } = await signIn({ lab: lab.env, stack }, name)
        people.set(name, visitor)
        const expected =
          name === 'carol' ? [403, 'ERR_SSO_NOT_DELEGATABLE'] : [200, `${name}@CORP.EXAMPLE`]
        assert.deepEqual(seen(page), expected)
      }
      // Each app has a session of its own.
      const other = await visitorOf('alice').open(stack.url('other', '/whoami'))
      assert.deepEqual(seen(other), [403, 'ERR_KRB_DELEGATION_REFUSED'])
    })
    after(async () => {
      for (const visitor of people.values()) await visitor.close()
      await stack.stop()
      await ways.stop()
      await lab.stop()
    })

    const visitorOf = (name: string): Visitor => {
      const visitor = people.get(name)
      assert.ok(visitor)
      return visitor
    }
    const visit = async (name: string, app = 'intranet') =>
      seen(await visitorOf(name).visit(stack.url(app, '/whoami')))
    const flush = async (user: string): Promise<void> => {
      const { status, stderr } = await stack.admin('cache', 'flush', '--user', user)
      assert.equal(status, 0, stderr)
    }
    /** What the connector's log tells its administrator to do about requests with this code. */
    const mendOf = async (code: string): Promise<string> => {
      const refused = (line: LogLine) => line.msg === 'request refused' && line['code'] === code
      return String((await stack.connector.waitFor(refused))['mend'])
    }
    /** Asks until the answer is wanted; the last one is the test's. */
    const eventually = async (name: string, wanted: readonly unknown[]): Promise<void> => {
      let last = await visit(name)
      for (const patience = Date.now() + 60_000; Date.now() < patience;) {
        if (String(last) === String(wanted)) break
        await sleep(200)
        last = await visit(name)
      }
      assert.deepEqual(last, wanted)
    }

    it('has noticed before that bob was disabled, when it asked the directory again', async () => {
      await lab.samba(['user', 'disable', 'bob'])
      await eventually('bob', [403, 'ERR_SSO_ACCOUNT_DISABLED'])
    })

    it('lets alice work on, but nobody who was refused, disabled or never there, each with a code of their own', async () => {
      // A ticket of now lasts for what follows. The flush forgets refusals too, so they are heard again.
      await flush('alice@corp.example')
      const refusals = [
        ['bob', 'intranet', 403, 'ERR_SSO_ACCOUNT_DISABLED'],
        ['carol', 'intranet', 403, 'ERR_SSO_NOT_DELEGATABLE'],
        ['alice', 'other', 403, 'ERR_KRB_DELEGATION_REFUSED'],
      ] as const
      for (const [name, app, ...answer] of refusals)
        assert.deepEqual(await visit(name, app), answer)
      assert.deepEqual(await visit('alice'), [200, 'alice@CORP.EXAMPLE'])
      ways.cut()
      // By now the directory must be asked about her again, and nobody answers.
      await sleep(IDENTITY_MS)
      assert.deepEqual(await visit('alice'), [200, 'alice@CORP.EXAMPLE'])
      for (const [name, app, ...answer] of refusals)
        assert.deepEqual(await visit(name, app), answer)
      const { visitor, page } = await signIn({ lab: lab.env, stack }, 'victor2')
      people.set('victor2', visitor)
      assert.deepEqual(seen(page), [503, 'ERR_DIRECTORY_UNREACHABLE'])
      assert.match(await mendOf('ERR_DIRECTORY_UNREACHABLE'), /port 636/)
    })

    it('lets nobody back in who signs out', async () => {
      const host = new URL(stack.url('intranet')).host
      const visitor = visitorOf('victor1')
      const cookie = visitor.cookie(host, '__Host-sallyport')
      assert.ok(cookie)
      await visitor.visit(stack.url('intranet', '/.sallyport/sign-out'), {
        method: 'POST',
        headers: { origin: stack.url('intranet').slice(0, -1), 'sec-fetch-site': 'same-origin' },
      })
      visitor.setCookie(host, '__Host-sallyport', cookie)
      const stale = await visitor.visit(stack.url('intranet', '/whoami'), {
        headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' },
      })
      assert.deepEqual(seen(stale), [401, 'ERR_GATEWAY_NOT_SIGNED_IN'])
      await visitor.close()
      const anew = await signIn({ lab: lab.env, stack }, 'victor1')
      people.set('victor1', anew.visitor)
      assert.deepEqual(seen(anew.page), [503, 'ERR_DIRECTORY_UNREACHABLE'])
    })

    it("lets alice work to her ticket's permitted end and not beyond", async () => {
      const obtained = stack.connector.lines.findLast(
        ({ msg, ...fields }) => msg === 'service ticket obtained' && fields['user'] === 'alice',
      )
      assert.ok(obtained)
      const endMs = Date.parse(String(obtained['time'])) + TICKET_MS
      for (;;) {
        const askedAtMs = Date.now()
        const [status, what] = await visit('alice')
        if (status === 503) {
          assert.equal(what, 'ERR_KRB_KDC_UNREACHABLE')
          assert.ok(Date.now() > endMs - SLACK_MS, `${endMs - Date.now()} ms too soon`)
          break
        }
        assert.deepEqual([status, what], [200, 'alice@CORP.EXAMPLE'])
        assert.ok(askedAtMs < endMs + SLACK_MS, `${askedAtMs - endMs} ms too late`)
        await sleep(200)
      }
      assert.match(await mendOf('ERR_KRB_KDC_UNREACHABLE'), /port 88/)
    })

    it('works again for everybody when the way is mended, without a restart', async () => {
      ways.mend()
      for (const name of ['alice', 'victor1', 'victor2'])
        await eventually(name, [200, `${name}@CORP.EXAMPLE`])
      assert.deepEqual(await visit('bob'), [403, 'ERR_SSO_ACCOUNT_DISABLED'])
      await lab.samba(['user', 'enable', 'bob'])
      await flush('robert@contoso.test')
      await eventually('bob', [200, 'bob@CORP.EXAMPLE'])
    })
  },
)
