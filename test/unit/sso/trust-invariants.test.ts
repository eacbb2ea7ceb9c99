/** Invariants 3, 4, 6 and 10, whatever a gateway asks for in whatever order: it may send any token, under any id, with any app. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JWTPayload } from 'jose'
import type { SsoLimits } from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import type { Mood } from '../../support/sso/iwa-backend.ts'
import type { Outcome } from '../../support/sso/sink.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'
import { appOf, type FakeKerberos } from '../../support/sso/world.ts'

const USERS = ['alice', 'bob', 'carol'] as const
const LIMITS: Partial<SsoLimits> = { clockToleranceSeconds: 30 }
const TOLERANCE_MS = 30_000
const LIFETIME_SECONDS = 600

/** What is wrong with a token that the issuer has signed all the same; nothing, of `good` ones. */
const CLAIMS = {
  good: {},
  alsoGood: { exp: 4_000_000_000 },
  expired: { exp: 1_600_000_000 },
  tooOld: { auth_time: 1_600_000_000, exp: 4_000_000_000 },
  early: { iat: 3_900_000_000, auth_time: 3_900_000_000, exp: 4_000_000_000 },
  ofAnother: { aud: 'another' },
  forAnother: { aud: ['sallyport', 'another'], azp: 'another' },
  evilIssuer: { iss: 'https://evil.example' },
} satisfies Record<string, JWTPayload>
const KINDS = ['good', 'good', 'alsoGood', ...Object.keys(CLAIMS)] as (keyof typeof CLAIMS)[]

/** Which app a request is for, and whether the policy of the stage allows it. */
const APPS = ['own', 'own', 'own', 'spn', 'host', 'port', 'noSignIn', 'open'] as const
type AppName = (typeof APPS)[number]

interface Token {
  readonly user: string
  readonly kind: keyof typeof CLAIMS
  readonly parts: readonly string[]
}

/** The first of each user's tokens: good, and used again and again, also when it has expired. */
const good = fc.nat({ max: USERS.length - 1 }).map((user) => user * KINDS.length)
const step = fc.record({
  app: fc.constantFrom(...APPS),
  /** Whose claims, and whose signature: mostly the same token's. */
  claims: fc.oneof({ weight: 2, arbitrary: good }, { weight: 1, arbitrary: fc.nat({ max: 32 }) }),
  signature: fc.option(fc.nat({ max: 32 }), { freq: 3 }),
  withProof: fc.nat({ max: 9 }).map((value) => value > 0),
  /** An id of the token's own, or one that others have too. */
  sharedId: fc.option(fc.nat({ max: 1 }), { freq: 3 }),
  waitMs: fc.constantFrom(0, 0, 0, 0, 1000, 200_000, 700_000),
  forget: fc.nat({ max: 9 }).map((value) => value === 0),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function appsOf({ app }: Stage): Readonly<Record<AppName, AppSettings>> {
  const { port } = new URL(app.internalUrl)
  return {
    own: app,
    spn: appOf(app.internalUrl, { id: 'spn', servicePrincipalName: 'HTTP/other.corp.example' }),
    host: appOf(`http://127.0.0.2:${port}/`, { id: 'host' }),
    port: appOf(`http://127.0.0.1:${Number(port) === 1 ? 2 : 1}/`, { id: 'port' }),
    noSignIn: appOf(app.internalUrl, { id: 'noSignIn', preAuthentication: 'passthrough' }),
    open: appOf(app.internalUrl, {
      id: 'open',
      preAuthentication: 'passthrough',
      singleSignOn: 'none',
    }),
  }
}

/** The page of the app without sign-in is open to all. */
const openPage: Mood = (arrival, _request, response) => {
  if (!arrival.url.startsWith('/open/')) return false
  response.writeHead(200).end('nobody')
  return true
}

/** Remembers for whom and for what the KDC was asked. */
function watch(kerberos: FakeKerberos): Set<string> {
  const asked = new Set<string>()
  const [impersonate, delegate] = [
    kerberos.impersonate.bind(kerberos),
    kerberos.delegate.bind(kerberos),
  ]
  kerberos.impersonate = (user) => (asked.add(user.name), impersonate(user))
  kerberos.delegate = (evidence, spn) => (asked.add(spn), delegate(evidence, spn))
  return asked
}

/** One gateway's tale, and what must be true of it. */
class Tale {
  readonly stage: Stage
  readonly outcomes: Outcome[] = []
  readonly #apps: Readonly<Record<AppName, AppSettings>>
  readonly #asked: Set<string>
  readonly #begunMs: number
  #tokens: readonly Token[] = []
  readonly #served = new Set<string>()

  constructor(stage: Stage) {
    this.stage = stage
    this.#apps = appsOf(stage)
    this.#asked = watch(stage.kerberos)
    this.#begunMs = stage.clock.nowMs()
    stage.backend.mood = openPage
  }

  async prepare(): Promise<void> {
    const { issuer } = this.stage
    const all = USERS.flatMap((user) => KINDS.map((kind) => ({ user, kind })))
    this.#tokens = await Promise.all(
      all.map(async ({ user, kind }) => {
        const idToken = await issuer.token({ upn: `${user}@corp.example`, ...CLAIMS[kind] })
        return { user, kind, parts: idToken.split('.') }
      }),
    )
  }

  #tokenAt(at: number): Token {
    const token = this.#tokens[at % this.#tokens.length]
    assert.ok(token)
    return token
  }

  #isLive({ kind }: Token): boolean {
    if (kind === 'alsoGood') return true
    const endMs = this.#begunMs + LIFETIME_SECONDS * 1000 + TOLERANCE_MS
    return kind === 'good' && this.stage.clock.nowMs() < endMs
  }

  /** Whom a request may be served as; undefined: not at all. */
  #due({ app, withProof }: Step, claims: Token, signature: Token): string | undefined {
    if (app === 'open') return 'nobody'
    const proven = withProof && claims.parts[1] === signature.parts[1] && this.#isLive(claims)
    return app === 'own' && proven ? claims.user : undefined
  }

  async tell(each: Step, number: number): Promise<void> {
    const { stage } = this
    await stage.clock.advance(each.waitMs)
    const claims = this.#tokenAt(each.claims)
    const signature = each.signature === null ? claims : this.#tokenAt(each.signature)
    const idToken = [...claims.parts.slice(0, 2), signature.parts[2]].join('.')
    const id = each.sharedId === null ? `${each.claims} ${each.signature}` : `s${each.sharedId}`
    const due = this.#due(each, claims, signature)
    const outcome = await stage.ask({
      app: this.#apps[each.app],
      proof: each.withProof ? { id, idToken } : undefined,
      target: `/${each.app}/${number}`,
    })
    this.outcomes.push(outcome)
    const got = outcome.code === undefined ? outcome.body.toString() : undefined
    assert.equal(got, due, `${JSON.stringify(each)} ${claims.user} ${claims.kind} ${outcome.code}`)
    if (due === undefined) assert.match(outcome.code ?? '', /^ERR_SSO_[A-Z_]+$/)
    else this.#served.add(due)
    if (each.forget) stage.pipeline.forget([id])
  }

  check(): void {
    const { arrivals } = this.stage.backend
    for (const { url, user } of arrivals)
      assert.equal(user === undefined, url.startsWith('/open/'), `${url} came from ${String(user)}`)
    const served = this.outcomes.filter(({ code }) => code === undefined)
    assert.equal(arrivals.length, served.length, 'a refused request reached the backend')
    const allowed = new Set([...this.#served, 'HTTP/iwa.corp.example'])
    for (const asked of this.#asked)
      assert.ok(allowed.has(asked), `a KDC was asked about ${asked}, and nobody was allowed that`)
    this.#checkSecrets()
  }

  /** Neither log nor errors nor counters tell a token, a ticket or a key. */
  #checkSecrets(): void {
    const { logger, pipeline, backend, kerberos } = this.stage
    const errors = this.outcomes.map(({ error }) => error && [error.stack, Object.values(error)])
    const told = JSON.stringify([logger.lines, errors, pipeline.counters])
    const tokens = backend.arrivals.flatMap(({ token }) => token ?? [])
    const keys = tokens.flatMap((token) => kerberos.holderOf(token)?.sessionKey.value ?? [])
    const secrets = [
      ...this.#tokens.flatMap(({ parts }) => parts.slice(1)),
      ...[...tokens, ...keys].flatMap((octets) =>
        (['base64', 'hex'] as const).map((form) => Buffer.from(octets).toString(form)),
      ),
    ]
    for (const secret of secrets) assert.ok(!told.includes(secret), 'a secret was told')
  }
}

describe('whatever a gateway sends (invariants 3, 4, 6 and 10)', () => {
  it('nothing is asked for or sent in the name of anybody but whom a good proof and the policy allow', async () => {
    const ends = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
        async (steps) => {
          const tale = new Tale(await createStage({ limits: LIMITS }))
          try {
            await tale.prepare()
            for (const [number, each] of steps.entries()) await tale.tell(each, number)
            tale.check()
          } finally {
            await tale.stage.close()
          }
          for (const { code = 'served' } of tale.outcomes) ends.set(code, (ends.get(code) ?? 0) + 1)
        },
      ),
      { numRuns: 40 },
    )
    // The property says something only where requests were served and refused.
    for (const end of [
      'served',
      'ERR_SSO_PROOF_MISSING',
      'ERR_SSO_PROOF_INVALID',
      'ERR_SSO_PROOF_EXPIRED',
      'ERR_SSO_ISSUER_UNKNOWN',
      'ERR_SSO_POLICY_DENIED',
    ])
      assert.ok(ends.has(end), `${end} of ${JSON.stringify([...ends])}`)
  })
})
