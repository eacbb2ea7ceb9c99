import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { pageCode, signIn } from '../support/people.ts'

const availability = labAvailability()

// A lab of its own: these tests change accounts and stop the domain controller.
describe(
  'accounts that change and a domain controller that goes away',
  {
    skip: availability.ok ? false : (availability.reason ?? 'no lab'),
  },
  () => {
    let lab: Lab
    let stack: Stack
    before(async () => {
      lab = await startLab()
      // No test may pass because a refusal's time was over meanwhile.
      const sso = { policyRefusalMs: 3_600_000, unknownPrincipalMs: 0 }
      const editConnector = (config: Record<string, unknown>) => void (config['sso'] = sso)
      stack = await startStack(lab.env, { editConnector })
    })
    after(async () => {
      await stack.stop()
      await lab.stop()
    })
    const place = () => ({ lab: lab.env, stack })

    it('a user disabled after signing in is refused once the caches are flushed', async () => {
      const { visitor, page } = await signIn(place(), 'victor1')
      assert.equal(page.status, 200)
      await lab.samba(['user', 'disable', 'victor1'])
      const flushed = await stack.admin('cache', 'flush', '--user', 'victor1@corp.example')
      assert.equal(flushed.status, 0, flushed.stderr)
      const refused = await visitor.visit(stack.url('intranet', '/whoami'))
      assert.deepEqual([refused.status, pageCode(refused)], [403, 'ERR_SSO_ACCOUNT_DISABLED'])
      await visitor.close()
    })

    it('a mended account is refused from memory, and let in at once after a flush of that user', async () => {
      const { visitor, page } = await signIn(place(), 'victor3')
      assert.equal(page.status, 200)
      await lab.samba(['user', 'disable', 'victor3'])
      await stack.admin('cache', 'flush', '--user', 'victor3@corp.example')
      const visit = () => visitor.visit(stack.url('intranet', '/whoami'))
      const disabled = [403, 'ERR_SSO_ACCOUNT_DISABLED']
      const refused = await visit()
      assert.deepEqual([refused.status, pageCode(refused)], disabled)
      await lab.samba(['user', 'enable', 'victor3'])
      const remembered = await visit()
      assert.deepEqual([remembered.status, pageCode(remembered)], disabled)
      const flushed = await stack.admin('cache', 'flush', '--user', 'victor3@corp.example')
      assert.equal(flushed.status, 0, flushed.stderr)
      const mended = await visit()
      assert.deepEqual([mended.status, remoteUser(mended)], [200, 'victor3@CORP.EXAMPLE'])
      await visitor.close()
    })

    it('a delegation that was missing works at once after a flush of its service', async () => {
      const spn = lab.env.backends.other.spn
      const { visitor, page } = await signIn(place(), 'alice', { app: 'other' })
      const refusal = [403, 'ERR_KRB_DELEGATION_REFUSED']
      assert.deepEqual([page.status, pageCode(page)], refusal)
      await lab.samba(['delegation', 'add-service', 'CONN1$', spn])
      const visit = () => visitor.visit(stack.url('other', '/whoami'))
      const remembered = await visit()
      assert.deepEqual([remembered.status, pageCode(remembered)], refusal)
      await stack.admin('cache', 'flush', '--spn', lab.env.backends.iwa.spn)
      assert.equal((await visit()).status, 403, 'another service was flushed')
      await stack.admin('cache', 'flush', '--spn', spn.toLowerCase())
      const mended = await visit()
      assert.deepEqual([mended.status, remoteUser(mended)], [200, 'alice@CORP.EXAMPLE'])
      await visitor.close()
    })

    it('a refusal that the settings remember for 0 ms is not remembered', async () => {
      const { spn } = lab.env.backends.iwa
      await lab.samba(['spn', 'delete', spn, 'svc-iwa'])
      const { visitor, page } = await signIn(place(), 'bob')
      assert.deepEqual([page.status, pageCode(page)], [502, 'ERR_KRB_SPN_UNKNOWN'])
      await lab.samba(['spn', 'add', spn, 'svc-iwa'])
      const mended = await visitor.visit(stack.url('intranet', '/whoami'))
      assert.deepEqual([mended.status, remoteUser(mended)], [200, 'bob@CORP.EXAMPLE'])
      await visitor.close()
    })

    it('a revoked session is over at once, and the user signs in anew', async () => {
      const { visitor } = await signIn(place(), 'victor2')
      const url = stack.url('intranet', '/whoami')
      assert.equal((await visitor.visit(url)).status, 200)
      const revoked = await stack.admin('sessions', 'revoke', '--user', 'victor2@corp.example')
      assert.equal(revoked.status, 0, revoked.stderr)
      assert.equal((await visitor.visit(url)).status, 303)
      await visitor.close()
    })

    it('after sign-out the same cookie opens nothing', async () => {
      const { visitor } = await signIn(place(), 'victor2')
      const host = new URL(stack.url('intranet')).host
      const cookie = visitor.cookie(host, '__Host-sallyport')
      assert.ok(cookie)
      await visitor.visit(stack.url('intranet', '/.sallyport/sign-out'), {
        method: 'POST',
        headers: { origin: stack.url('intranet').slice(0, -1), 'sec-fetch-site': 'same-origin' },
      })
      visitor.setCookie(host, '__Host-sallyport', cookie)
      assert.equal((await visitor.visit(stack.url('intranet', '/whoami'))).status, 303)
      await visitor.close()
    })

    it('a dead domain controller is named; who has a ticket goes on; all works again when it is back', async () => {
      const alice = await signIn(place(), 'alice')
      const bob = await signIn(place(), 'bob')
      assert.deepEqual([alice.page.status, bob.page.status], [200, 200])
      await stack.admin('cache', 'flush', '--user', 'robert@contoso.test')
      await lab.stopDc()
      const url = stack.url('intranet', '/whoami')
      const cached = await alice.visitor.visit(url)
      assert.deepEqual([cached.status, remoteUser(cached)], [200, 'alice@CORP.EXAMPLE'])
      const refused = await bob.visitor.visit(url)
      assert.equal(refused.status, 503)
      assert.match(pageCode(refused) ?? '', /^ERR_(KRB_KDC|DIRECTORY)_UNREACHABLE$/)
      await lab.startDc()
      // The directory is dialled again after a short wait of its own.
      let back = await bob.visitor.visit(url)
      for (const patience = Date.now() + 120_000; back.status === 503 && Date.now() < patience;) {
        await sleep(200)
        back = await bob.visitor.visit(url)
      }
      assert.deepEqual([back.status, remoteUser(back)], [200, 'bob@CORP.EXAMPLE'])
      await alice.visitor.close()
      await bob.visitor.close()
    })

    it('a revoked connector is cut, and the gateway says that none is there', async () => {
      const list = await stack.admin('connectors', 'list')
      const id = /"id": "([0-9a-f-]{36})"/.exec(list.stdout)?.[1]
      assert.ok(id, list.stdout + list.stderr)
      const { visitor } = await signIn(place(), 'victor3')
      const down = stack.connector.waitFor((line) => line.msg === 'tunnel down')
      assert.equal((await stack.admin('connectors', 'revoke', id)).status, 0)
      await down
      const page = await visitor.visit(stack.url('intranet', '/whoami'))
      assert.deepEqual([page.status, pageCode(page)], [503, 'ERR_GATEWAY_NO_CONNECTOR'])
      await stack.connector.waitFor((line) => line.msg === 'the gateway cannot be reached')
      await visitor.close()
    })
  },
)
