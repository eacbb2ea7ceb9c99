import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { newVisitor, pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()

describe(
  'a user signed in outside reaches the backend as themselves',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    let stack: Stack
    before(async () => {
      stack = await startStack(lab, { logLevel: 'debug' })
    })
    after(() => stack.stop())

    const visit = async (name: string, app = 'intranet') => {
      const { visitor, page } = await signIn({ lab, stack }, name, { app })
      await visitor.close()
      return page
    }

    it('alice is alice@CORP.EXAMPLE', async () => {
      const page = await visit('alice')
      assert.deepEqual([page.status, remoteUser(page)], [200, 'alice@CORP.EXAMPLE'])
    })

    it('bob, who signs in as robert@contoso.test, is bob@CORP.EXAMPLE', async () => {
      const page = await visit('bob')
      assert.deepEqual([page.status, remoteUser(page)], [200, 'bob@CORP.EXAMPLE'])
    })

    it('reaches a backend that demands a channel binding', async () => {
      const page = await visit('alice', 'epa')
      assert.deepEqual([page.status, remoteUser(page)], [200, 'alice@CORP.EXAMPLE'])
    })

    for (const [name, groups] of [
      ['heidi', 600],
      ['ivan', 1200],
    ] as const) {
      it(`${name}, who is in ${groups} groups, gets through`, async () => {
        const page = await visit(name)
        assert.deepEqual([page.status, remoteUser(page)], [200, `${name}@CORP.EXAMPLE`])
      })
    }

    it('a wrong password signs nobody in', async () => {
      const visitor = await newVisitor({ lab, stack })
      const url = stack.url('intranet', '/whoami')
      const page = await visitor.signIn(url, { name: 'alice@corp.example', password: 'wrong' })
      assert.equal(new URL(page.url).host, new URL(lab.oidc.issuer).host)
      const again = await visitor.visit(url)
      assert.equal(again.status, 303)
      await visitor.close()
    })

    it('the backend sees no trace of cookies or identity that the client claims', async () => {
      const { visitor } = await signIn({ lab, stack }, 'alice')
      const page = await visitor.visit(stack.url('intranet', '/headers'), {
        headers: {
          'x-remote-user': 'administrator',
          remote_user: 'administrator',
          'x-forwarded-user': 'root',
        },
      })
      assert.equal(page.status, 200)
      assert.doesNotMatch(page.body, /administrator|root|__Host-sallyport/)
      await visitor.close()
    })

    it('a body reaches the backend whole', async () => {
      const { visitor } = await signIn({ lab, stack }, 'alice')
      const page = await visitor.visit(stack.url('intranet', '/echo'), {
        method: 'POST',
        body: Buffer.alloc(300_000, 'x'),
      })
      assert.equal(page.status, 200)
      assert.match(page.body, /300000/)
      await visitor.close()
    })

    it('a passthrough app needs no sign-in and no Kerberos', async () => {
      const visitor = await newVisitor({ lab, stack })
      const page = await visitor.visit(stack.url('plain', '/whoami'))
      assert.deepEqual([page.status, remoteUser(page)], [200, ''])
      await visitor.close()
    })

    const refusals = [
      {
        name: 'carol',
        app: 'intranet',
        status: 403,
        code: 'ERR_SSO_NOT_DELEGATABLE',
        why: 'is sensitive',
      },
      {
        name: 'ghost',
        app: 'intranet',
        status: 403,
        code: 'ERR_SSO_ACCOUNT_UNKNOWN',
        why: 'is unknown to AD',
      },
      {
        name: 'alice',
        app: 'closed',
        status: 403,
        code: 'ERR_GATEWAY_NOT_ALLOWED',
        why: 'the app does not allow',
      },
      {
        name: 'alice',
        app: 'other',
        status: 403,
        code: 'ERR_KRB_DELEGATION_REFUSED',
        why: 'for an SPN not on the list',
      },
    ]
    for (const { name, app, status, code, why } of refusals) {
      it(`${name}, who ${why}, gets ${code}`, async () => {
        const page = await visit(name, app)
        assert.deepEqual([page.status, pageCode(page)], [status, code])
      })
    }

    it("carol's page says that her account may not be delegated, and the log names the flag", async () => {
      const page = await visit('carol')
      assert.match(page.body, /may not be delegated/i)
      const flag = /NOT_DELEGATED|sensitive/i
      await stack.connector.waitFor((line) => flag.test(JSON.stringify(line)))
    })

    it('an error page says nothing of the inside', async () => {
      const page = await visit('alice', 'other')
      assert.doesNotMatch(page.body, /corp\.example|CORP\.EXAMPLE|127\.88|HTTP\/|keytab/)
      assert.match(page.body, /request/i)
    })

    it('a fetch that is not signed in gets 401 with JSON, no redirect', async () => {
      const visitor = await newVisitor({ lab, stack })
      const page = await visitor.visit(stack.url('intranet'), {
        headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' },
      })
      assert.equal(page.status, 401)
      assert.match(String(page.headers['content-type']), /application\/json/)
      await visitor.close()
    })

    it('the connector says at its end what it has done', async () => {
      await stack.connector.stop()
      const last = await stack.connector.waitFor(({ msg }) => msg === 'statistics')
      for (const name of ['requests', 'ticketsMisses', 'accountsLookups', 'kdcsAnswered']) {
        assert.ok(Number(last[name]) > 0, `${name}: ${JSON.stringify(last)}`)
      }
      assert.ok(Number(last['largestTokenOctets']) > 8000, 'ivan was here')
      const kdc = await stack.connector.waitFor(({ msg }) => msg === 'statistics of a KDC')
      assert.equal(kdc['realm'], 'CORP.EXAMPLE')
    })

    it('no secret is in either log', () => {
      const text = JSON.stringify([...stack.gateway.lines, ...stack.connector.lines])
      for (const user of Object.values(lab.users)) assert.ok(user && !text.includes(user.password))
      assert.doesNotMatch(text, /eyJ[\w-]{20,}\.|Negotiate Y|__Host-sallyport=/)
    })
  },
)
