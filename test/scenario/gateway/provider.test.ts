import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent, request } from 'undici'
import { createOidcProvider, type ClosableProvider } from '../../../src/gateway/io/index.ts'
import type { GatewayConfig, OidcProvider, TokenSet } from '../../../src/gateway/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startRealProvider, type RealProvider } from '../../support/gateway/real-provider.ts'
import { cookiesOf, testConfig, World } from '../../support/gateway/world.ts'

const HTML = { Accept: 'text/html' }

/** A browser at the provider: keeps its cookies, follows its redirects until they lead back to the gateway. */
class ProviderBrowser {
  readonly #agent: Agent
  readonly #jar = new Map<string, string>()

  constructor(ca: string) {
    this.#agent = new Agent({ connect: { ca } })
  }

  async follow(url: string): Promise<string> {
    let at = url
    for (let hops = 0; hops < 10 && at.startsWith('https://127.0.0.1'); hops++) {
      const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const { headers, body } = await request(at, { dispatcher: this.#agent, headers: { cookie } })
      await body.dump()
      for (const line of [headers['set-cookie'] ?? []].flat()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=', 2)
        this.#jar.set(name, value)
      }
      at = new URL(String(headers['location']), at).href
    }
    return at
  }
  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

describe('a real OpenID provider', () => {
  const clock = new ManualClock(Date.now())
  let real: RealProvider
  let config: GatewayConfig
  let port: ClosableProvider
  let world: World
  let browser: ProviderBrowser
  const refreshed: (TokenSet | undefined)[] = []

  before(async () => {
    real = await startRealProvider()
    const { issuer, ca, clientId, clientSecret } = real
    const apps = testConfig().apps.map((app) => ({
      ...app,
      externalUrl: `https://${app.id}.localhost/`,
    }))
    const session = { idleMinutes: 1440, absoluteHours: 24 }
    config = testConfig({ oidc: { issuer, clientId, timeoutMs: 5000 }, session, apps })
    assert.ok(config.oidc)
    port = createOidcProvider(config.oidc, { clientSecret, ca })
    const counting: OidcProvider = {
      authorizationUrl: (asked) => port.authorizationUrl(asked),
      redeem: (url, checks) => port.redeem(url, checks),
      verifyLogoutToken: (token) => port.verifyLogoutToken(token),
      endSessionUrl: (idToken) => port.endSessionUrl(idToken),
      refresh: async (token) => {
        const tokens = await port.refresh(token)
        refreshed.push(tokens)
        return tokens
      },
    }
    world = await new World(config, { provider: counting, clock }).start()
    await world.connect()
    browser = new ProviderBrowser(ca)
  })
  after(async () => {
    await world.stop()
    await port.close()
    await browser.close()
    await real.close()
  })

  const signIn = async (): Promise<string> => {
    const host = 'app.localhost'
    const begun = await world.ask({ host, path: '/page', headers: HTML })
    assert.equal(begun.status, 303, begun.body)
    const back = new URL(await browser.follow(begun.headers.location ?? ''))
    assert.equal(back.host, host)
    const path = back.pathname + back.search
    const done = await world.ask({ host, path, cookie: cookiesOf(begun), headers: HTML })
    assert.equal(done.headers.location, `https://${host}/page`, done.body)
    return cookiesOf(done)
  }

  it('is not needed to start, and is asked again after it was down', async () => {
    real.down = true
    const down = await world.ask({ host: 'app.localhost', headers: HTML })
    assert.equal(down.status, 503)
    assert.match(down.body, /ERR_GATEWAY_PROVIDER_UNREACHABLE/)
    real.down = false
    assert.equal((await world.ask({ host: 'app.localhost', headers: HTML })).status, 303)
  })

  it('signs a user in; its own ID token is the proof', async () => {
    const cookie = await signIn()
    assert.equal((await world.ask({ host: 'app.localhost', cookie })).status, 200)
    const proof = world.connector.controls.find((each) => each.type === 'proof')
    assert.ok(proof)
    const [, payload = ''] = proof.idToken.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
      string,
      unknown
    >
    assert.equal(claims['upn'], 'alice@corp.example')
    assert.equal(claims['aud'], 'sallyport')
    assert.equal(typeof claims['auth_time'], 'number')
  })

  it('refreshes the ID token, and refuses once it does not know the user', async () => {
    const cookie = await signIn()
    // The provider lives in real time: its tokens are refreshed a minute ahead, beside the requests.
    await clock.advance(3_590_000)
    for (let at = 0; at < 1000 && refreshed.length === 0; at++) {
      assert.equal((await world.ask({ host: 'app.localhost', cookie })).status, 200)
    }
    assert.ok(refreshed[0]?.idToken)
    assert.equal(refreshed[0].claims['upn'], 'alice@corp.example')
    assert.ok(refreshed[0].refreshToken)
    real.known.clear()
    await clock.advance(3_600_000)
    assert.equal((await world.ask({ host: 'app.localhost', cookie })).status, 401)
    real.known.add('S-1-5-21-1-2-3-1104')
  })

  it('refuses a code that was used, a wrong state and a wrong nonce', async () => {
    const text = () => Buffer.from(systemRandom.bytes(32)).toString('base64url')
    const begin = async () => {
      const checks = { state: text(), nonce: text(), codeVerifier: text() }
      const redirectUri = 'https://app.localhost/.sallyport/callback'
      const url = await port.authorizationUrl({ ...checks, redirectUri, forced: false })
      assert.match(url, /code_challenge_method=S256/)
      assert.match(url, /max_age=36000/)
      return { checks, back: await browser.follow(url) }
    }
    const refused = { code: 'ERR_GATEWAY_PROVIDER_REFUSED' }
    const used = await begin()
    const tokens = await port.redeem(used.back, used.checks)
    assert.ok(tokens.refreshToken)
    await assert.rejects(port.redeem(used.back, used.checks), refused)
    const one = await begin()
    await assert.rejects(port.redeem(one.back, { ...one.checks, state: text() }), refused)
    const two = await begin()
    await assert.rejects(port.redeem(two.back, { ...two.checks, nonce: text() }), refused)
    const three = await begin()
    await assert.rejects(
      port.redeem(three.back, { ...three.checks, codeVerifier: text() }),
      refused,
    )
    await assert.rejects(port.refresh('not-a-token'), refused)
    const denied = 'https://app.localhost/.sallyport/callback?error=access_denied&state='
    const { checks } = await begin()
    await assert.rejects(
      port.redeem(`${denied}${checks.state}&iss=${real.issuer}`, checks),
      refused,
    )
  })

  it('signs nobody in, nor on, by an ID token that no connector takes', async () => {
    const text = () => Buffer.from(systemRandom.bytes(32)).toString('base64url')
    const begin = async () => {
      const checks = { state: text(), nonce: text(), codeVerifier: text() }
      const redirectUri = 'https://app.localhost/.sallyport/callback'
      const url = await port.authorizationUrl({ ...checks, redirectUri, forced: false })
      return port.redeem(await browser.follow(url), checks)
    }
    const { refreshToken = '' } = await begin()
    const { groups } = real
    real.groups = Array.from({ length: 3000 }, (_, at) => `a-department-${at + 1000}`)
    const tooLong = { code: 'ERR_GATEWAY_PROVIDER_REFUSED', message: /65536/, mend: /groups/ }
    await assert.rejects(begin(), tooLong)
    await assert.rejects(port.refresh(refreshToken), tooLong)
    real.groups = groups
    assert.ok((await begin()).idToken)
  })

  it('offers its sign-out', async () => {
    const url = new URL((await port.endSessionUrl('a.b.c')) ?? '')
    assert.equal(url.origin, real.issuer)
    assert.equal(url.searchParams.get('id_token_hint'), 'a.b.c')
  })

  it('is unreachable, not refusing, when its certificate is not trusted or its secret is wrong', async () => {
    assert.ok(config.oidc)
    const strangers = createOidcProvider(config.oidc, { clientSecret: real.clientSecret })
    const unreachable = { code: 'ERR_GATEWAY_PROVIDER_UNREACHABLE' }
    await assert.rejects(strangers.refresh('x'), unreachable)
    await strangers.close()
    const wrong = createOidcProvider(config.oidc, { clientSecret: 'wrong', ca: real.ca })
    await assert.rejects(wrong.refresh('x'), unreachable)
    await wrong.close()
    real.down = true
    await assert.rejects(port.refresh('x'), unreachable)
    real.down = false
  })
})
