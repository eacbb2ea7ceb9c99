/** Sign-in with Kerberos as the gateway sees it: whom it asks, what it passes on, when it goes to the provider instead. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { NEGOTIATE, type AcceptedMessage, type AcceptMessage } from '../../../src/tunnel/index.ts'
import { cookiesOf, testConfig, World, type Answer, type Ask } from '../../support/gateway/world.ts'
import { framingsOf, madeUpToken } from '../../support/reframed-tokens.ts'
import { TestConnector } from '../../support/gateway/test-connector.ts'

const TOKEN = Buffer.from('a token of a browser').toString('base64')
const HTML = { Accept: 'text/html' }

/** With how long ago the user typed the password. */
function assertionOf(user: string, ageMinutes = 0, groups = ['staff']): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    ...{ iss: 'urn:sallyport:front-end-kerberos', sub: 'S-1-5-21-1-2-3-1104' },
    ...{ upn: `${user}@corp.example`, groups, iat: now, exp: now + 3600 },
    auth_time: now - ageMinutes * 60,
  }
  return `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.m`
}

interface Wishes {
  readonly paths?: readonly object[]
  readonly acr?: readonly string[]
  readonly maxAgeMinutes?: number
}

function configWith(networks: readonly string[], wishes: Wishes): ReturnType<typeof testConfig> {
  const app = {
    ...{ id: 'app', externalUrl: 'https://app.example/', internalUrl: 'http://app.corp.example/' },
    ...{ singleSignOn: 'kerberos', servicePrincipalName: 'HTTP/app.corp.example' },
    ...{ allow: { groups: ['staff'] }, frontEndKerberos: { networks, acceptMs: 500 } },
    ...wishes,
  }
  return testConfig({ apps: [app] })
}

function withRoomFor(kerberosTokens: number): ReturnType<typeof testConfig> {
  const { apps } = configWith(['127.0.0.0/8'], {})
  return testConfig({
    apps,
    browser: { ...testConfig().browser, limits: { kerberosTokens } },
  })
}

describe('sign-in with Kerberos at the gateway', () => {
  let world: World
  let asked: AcceptMessage[]
  let answer: (question: AcceptMessage) => Partial<AcceptedMessage> | undefined

  const connect = async (id = 'c1', connector = world.connector): Promise<void> => {
    const pair = await world.connect(connector, id, [NEGOTIATE])
    connector.onControl = (message) => {
      connector.controls.push(message)
      if (message.type !== 'accept') return
      asked.push(message)
      const more = answer(message)
      if (more) pair.connector.sendControl({ type: 'accepted', id: message.id, ...more })
    }
  }
  const begin = async (
    networks: readonly string[] = ['127.0.0.0/8'],
    wishes: Wishes = {},
  ): Promise<void> => {
    world = await new World(configWith(networks, wishes)).start()
    asked = []
    answer = () => ({ assertion: assertionOf('alice'), reply: 'b29v' })
  }
  const navigate = (more: Ask = {}): Promise<Answer> =>
    world.ask({ ...more, headers: { ...HTML, ...more.headers } })
  const withToken = (more: Ask = {}): Promise<Answer> =>
    navigate({ ...more, headers: { Authorization: `Negotiate ${TOKEN}` } })

  beforeEach(() => begin())
  afterEach(() => world.stop())

  it('asks a browser inside, on a page that goes on to the provider by itself', async () => {
    await connect()
    const { status, headers, body } = await navigate({ path: '/x?y=1' })
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Negotiate'])
    const [, href = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(body) ?? []
    const next = await navigate({ path: href.replaceAll('&amp;', '&') })
    assert.equal(next.status, 303)
    assert.match(next.headers.location ?? '', /^https:\/\/idp\.example/)
    assert.match(cookiesOf(next), /__Host-sallyport-no-kerberos=1/)
    const after = await navigate({ cookie: '__Host-sallyport-no-kerberos=1' })
    assert.equal(after.status, 303)
  })

  it('passes the token on, lets the user in with the answer, and keeps the session', async () => {
    await connect()
    const first = await withToken()
    assert.deepEqual([first.status, first.body], [200, 'hello'])
    assert.equal(first.headers['www-authenticate'], 'Negotiate b29v')
    assert.equal(asked[0]?.token, TOKEN)
    assert.match(
      Buffer.from(asked[0].channelBinding ?? '', 'base64').toString('latin1'),
      /^tls-server-end-point:/,
    )
    assert.equal(world.connector.last.field('authorization'), undefined)
    const [proof] = world.connector.controls.filter(({ type }) => type === 'proof')
    assert.ok(proof?.type === 'proof' && proof.kind === 'assertion')
    const again = await world.ask({ cookie: cookiesOf(first) })
    assert.equal(again.body, 'hello')
    assert.equal(asked.length, 1)
  })

  it('asks nobody outside, no script, and nobody without a connector that can judge', async () => {
    assert.equal((await navigate()).status, 303)
    await connect()
    const script = await world.ask({ headers: { Accept: 'application/json' } })
    assert.deepEqual([script.status, script.headers['www-authenticate']], [401, undefined])
    await world.stop()
    await begin(['10.0.0.0/8'])
    await connect()
    assert.equal((await navigate()).status, 303)
    assert.equal((await withToken()).status, 303)
    assert.equal(asked.length, 0)
  })

  it('goes to the provider where the token is of no use, and says why where the policy refuses', async () => {
    await connect()
    answer = () => ({ code: 'ERR_SSO_NEGOTIATE_UNFIT', message: 'NTLM' })
    const unfit = await withToken()
    assert.equal(unfit.status, 303)
    assert.match(cookiesOf(unfit), /no-kerberos=1/)
    answer = () => undefined
    assert.equal((await withToken()).status, 303)
    answer = () => ({ code: 'ERR_SSO_NEVER_IMPERSONATE', message: 'never' })
    const never = await withToken()
    assert.equal(never.status, 403)
    assert.equal(never.headers['set-cookie'], undefined)
  })

  it('keeps to the connector that signed the user in; when that is gone, signs in again', async () => {
    await connect()
    const cookie = cookiesOf(await withToken())
    const other = new TestConnector()
    await connect('c2', other)
    for (let count = 0; count < 6; count++) await world.ask({ cookie })
    assert.equal(other.requests.length, 0)
    assert.deepEqual(other.proofs, [])
    world.gateway.connectors.cut('c1')
    const { status, headers } = await navigate({ cookie })
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Negotiate'])
    assert.equal((await world.gateway.listSessions()).length, 0)
  })

  it('signs in again where the connector knows the assertion no more, and never in a circle', async () => {
    await connect()
    const cookie = cookiesOf(await withToken())
    world.connector.arrived = ({ stream }) => {
      stream.reset({ code: 'ERR_SSO_ASSERTION_UNKNOWN', message: 'restarted' })
    }
    world.connector.answer = () => undefined
    const asks = await navigate({ cookie })
    assert.deepEqual([asks.status, asks.headers['www-authenticate']], [401, 'Negotiate'])
    const ends = await withToken()
    assert.equal(ends.status, 401)
    assert.equal(ends.headers['www-authenticate'], undefined)
  })

  it('signs in again where the app was changed since', async () => {
    await connect()
    const cookie = cookiesOf(await withToken())
    world.connector.arrived = ({ stream }) => {
      stream.reset({ code: 'ERR_SSO_ASSERTION_INVALID', message: 'another app' })
    }
    world.connector.answer = () => undefined
    const asks = await navigate({ cookie })
    assert.deepEqual([asks.status, asks.headers['www-authenticate']], [401, 'Negotiate'])
    assert.equal((await withToken()).status, 403)
  })

  it('signs in once for all parts of an app, each of which has its own rule', async () => {
    await world.stop()
    const admin = { path: '/admin', allow: { groups: ['admins'] } }
    await begin(undefined, {
      paths: [admin, { path: '/open', preAuthentication: 'passthrough' }],
    })
    await connect()
    assert.equal((await navigate({ path: '/open' })).body, 'hello')
    const asks = await navigate({ path: '/admin' })
    assert.deepEqual([asks.status, asks.headers['www-authenticate']], [401, 'Negotiate'])
    const first = await navigate({
      path: '/x',
      headers: { Authorization: `Negotiate ${TOKEN}` },
    })
    assert.equal(first.body, 'hello')
    const refused = await navigate({ path: '/admin', cookie: cookiesOf(first) })
    assert.equal(refused.status, 403)
    answer = () => ({ assertion: assertionOf('alice', 0, ['staff', 'admins']) })
    const headers = { Authorization: `Negotiate ${TOKEN}` }
    const second = await navigate({ path: '/admin', headers })
    assert.equal(second.body, 'hello')
    for (const path of ['/', '/admin/x']) {
      assert.equal((await navigate({ path, cookie: cookiesOf(second) })).body, 'hello')
    }
    assert.deepEqual(
      asked.map(({ app }) => app),
      ['app', 'app:/admin'],
    )
  })

  const copyOf = (token: Uint8Array): Promise<Answer> => {
    const Authorization = `Negotiate ${Buffer.from(token).toString('base64')}`
    return navigate({ headers: { Authorization } })
  }

  describe('a copied token', () => {
    it('is shown to no other connector of the group either, in whatever framing', async () => {
      await connect()
      await connect('c2', new TestConnector())
      const token = madeUpToken()
      assert.equal((await copyOf(token)).status, 200)
      for (const copy of [...Object.values(framingsOf(token)), token]) {
        const { status, headers } = await copyOf(copy)
        assert.deepEqual([status, headers['www-authenticate']], [303, undefined])
      }
      assert.equal(asked.length, 1)
      const events = world.logger.lines.filter(({ fields }) => fields['event'] === 'security')
      assert.equal(events[0]?.fields['what'], 'negotiate-replay')
      assert.ok(!JSON.stringify(world.logger).includes(Buffer.from(token).toString('base64')))
    })

    it('is shown to one connector, where requests come with it at once', async () => {
      await connect()
      await connect('c2', new TestConnector())
      const token = madeUpToken()
      const answers = await Promise.all([copyOf(token), copyOf(token), copyOf(token)])
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 303, 303])
      assert.equal(asked.length, 1)
    })

    it('is looked at again where a connector refused it, and not where none answered', async () => {
      await connect()
      const [refused, lost] = [madeUpToken(), madeUpToken()]
      answer = () => ({ code: 'ERR_CONNECTOR_BUSY', message: 'busy' })
      assert.equal((await copyOf(refused)).status, 303)
      answer = () => undefined
      assert.equal((await copyOf(lost)).status, 303)
      answer = () => ({ assertion: assertionOf('alice') })
      assert.equal((await copyOf(refused)).status, 200)
      assert.equal((await copyOf(lost)).status, 303)
    })
  })

  it('takes no more tokens than it remembers, and goes to the provider with the rest', async () => {
    await world.stop()
    world = await new World(withRoomFor(100)).start()
    await connect()
    for (let count = 0; count < 100; count++) {
      assert.equal((await copyOf(madeUpToken())).status, 200)
    }
    assert.equal((await copyOf(madeUpToken())).status, 303)
    assert.equal(asked.length, 100)
    assert.ok(JSON.stringify(world.logger).includes('ERR_GATEWAY_KERBEROS_FULL'))
  })

  it('has room for tokens of users in very many groups, and passes over what is too long for one', async () => {
    await world.stop()
    world = await new World(withRoomFor(100)).start()
    await connect()
    assert.equal((await copyOf(Buffer.alloc(65_536))).status, 200)
    const { status, headers } = await copyOf(Buffer.alloc(65_539))
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Negotiate'])
    assert.equal(asked.length, 1)
  })

  it('forgets at sign-out, tells the provider nothing, and does not sign in again by itself', async () => {
    await connect()
    const cookie = cookiesOf(await withToken())
    const out = await navigate({
      ...{ cookie, method: 'POST', path: '/.sallyport/sign-out' },
      headers: { Origin: 'https://app.example' },
    })
    assert.equal(out.status, 200)
    assert.match(cookiesOf(out), /no-kerberos=1/)
    while (world.connector.forgotten.length === 0) await new Promise(setImmediate)
    assert.deepEqual(world.connector.forgotten, world.connector.proofs)
  })

  describe('step-up', () => {
    const beginWith = async (wishes: Wishes): Promise<void> => {
      await world.stop()
      await begin(undefined, wishes)
      await connect()
    }
    const code = (body: string): string | undefined => /ERR_[A-Z_]+/.exec(body)?.[0]
    /** Signs in at the provider. */
    const followed = async (from: Answer, claims: Record<string, unknown>): Promise<Answer> => {
      const base = { sub: 'user-1', upn: 'alice@corp.example', groups: ['staff'] }
      world.provider.claims = { ...base, auth_time: Date.now() / 1000, ...claims }
      const { searchParams } = new URL(from.headers.location ?? '')
      const path = `/.sallyport/callback?code=x&state=${searchParams.get('state') ?? ''}`
      return navigate({ path, cookie: cookiesOf(from) })
    }

    it('looks at no ticket where the app wants an authentication context', async () => {
      await beginWith({ acr: ['urn:strong'] })
      for (const answer of [await navigate(), await withToken()]) {
        assert.equal(answer.status, 303)
        assert.deepEqual(world.provider.asked.at(-1)?.stepUp?.acr, ['urn:strong'])
      }
      assert.equal(asked.length, 0)
      const headers = { Authorization: `Negotiate ${TOKEN}`, Accept: 'application/json' }
      const script = await world.ask({ headers })
      assert.deepEqual([script.status, code(script.body)], [401, 'ERR_GATEWAY_NOT_SIGNED_IN'])
      const signedIn = await followed(await navigate(), { acr: 'urn:strong' })
      assert.equal((await world.ask({ cookie: cookiesOf(signedIn) })).body, 'hello')
    })

    it('counts the age of a sign-in from the password, and asks the provider for a newer one', async () => {
      await beginWith({ maxAgeMinutes: 60 })
      answer = () => ({ assertion: assertionOf('alice', 30) })
      assert.equal((await withToken()).body, 'hello')
      answer = () => ({ assertion: assertionOf('alice', 61) })
      const old = await withToken()
      assert.equal(old.status, 303)
      assert.deepEqual([world.provider.asked.at(-1)?.forced, asked.length], [true, 2])
      const before = (await world.gateway.listSessions()).length
      const signedIn = await followed(old, {})
      assert.equal((await world.ask({ cookie: cookiesOf(signedIn) })).body, 'hello')
      // It has taken the place of the one by Kerberos.
      assert.equal((await world.gateway.listSessions()).length, before)
    })

    it('asks the provider for what the policy inside wants more', async () => {
      await beginWith({})
      const { answer: usual } = world.connector
      world.connector.answer = ({ stream }) => {
        stream.reset({ code: 'ERR_SSO_STEP_UP_NEEDED', message: 'acr', acr: ['urn:inside'] })
      }
      const sent = await withToken()
      assert.equal(sent.status, 303)
      assert.deepEqual(world.provider.asked.at(-1)?.stepUp?.acr, ['urn:inside'])
      world.connector.answer = usual
      const signedIn = await followed(sent, { acr: 'urn:inside' })
      assert.equal((await world.ask({ cookie: cookiesOf(signedIn) })).body, 'hello')
      const proof = world.connector.controls.findLast(({ type }) => type === 'proof')
      assert.ok(proof?.type === 'proof' && proof.kind === undefined)
    })
  })
})
