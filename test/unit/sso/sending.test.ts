import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { Proof } from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { bodyOf, valuesOf, type Outcome } from '../../support/sso/sink.ts'
import { createStage, type Stage, type StageOptions } from '../../support/sso/stage.ts'
import type { IwaBackend } from '../../support/sso/iwa-backend.ts'
import { appOf } from '../../support/sso/world.ts'

const stages: Stage[] = []
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close()
})

async function open(app: Partial<AppSettings>, options: StageOptions = {}): Promise<Stage> {
  const stage = await createStage({ ...options, app })
  stages.push(stage)
  return stage
}

/** Connection and whether a token was carried, of each arrival. */
function arrivalsOf({ arrivals }: IwaBackend): readonly (readonly [number, boolean])[] {
  return arrivals.map(({ connection, token }) => [connection, token !== undefined])
}

async function several(stage: Stage, count: number, proof?: Proof): Promise<readonly Outcome[]> {
  const by = proof ?? (await stage.proof('alice'))
  const outcomes: Outcome[] = []
  for (let n = 0; n < count; n++) outcomes.push(await stage.ask({ proof: by }))
  return outcomes
}

function allSay(outcomes: readonly Outcome[], text: string): void {
  assert.deepEqual(
    outcomes.map(({ status, body, code }) => [status, body.toString(), code]),
    outcomes.map(() => [200, text, undefined]),
  )
}

describe('sendTicket: always', () => {
  it('sends a token with each request', async () => {
    const stage = await open({ sendTicket: 'always' })
    stage.backend.keepsSignIn = true
    stage.backend.proves = true
    allSay(await several(stage, 3), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, true],
      [1, true],
      [1, true],
    ])
  })
})

describe('sendTicket: on401', () => {
  it('sends each request without a token first, and once more on the same connection', async () => {
    const stage = await open({ sendTicket: 'on401' })
    allSay(await several(stage, 2), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, false],
      [1, true],
      [1, false],
      [1, true],
    ])
    const { tokens, asked, retried } = stage.pipeline.counters
    assert.deepEqual([tokens, asked, retried], [2, 2, 0])
  })

  it('sends no token where none is asked for', async () => {
    const stage = await open({ sendTicket: 'on401' })
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(200).end('anyone')
      return true
    }
    allSay(await several(stage, 2), 'anyone')
    assert.equal(stage.pipeline.counters.tokens, 0)
  })

  it('repeats a small body, and reads no more of the page than challengePageOctets', async () => {
    const stage = await open({ sendTicket: 'on401' }, { limits: { challengePageOctets: 10 } })
    const proof = await stage.proof('alice')
    const outcome = await stage.ask({ proof, method: 'POST', body: bodyOf('hello') })
    allSay([outcome], 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, false],
      [2, true],
    ])
    assert.ok(stage.backend.arrivals.every(({ body }) => body === 'hello'))
  })

  it('goes on where the connection ends within the page', async () => {
    const stage = await open({ sendTicket: 'on401' })
    stage.backend.mood = (arrival, request, response) => {
      if (arrival.token !== undefined) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate', 'Content-Length': '100' })
      response.write('half', () => request.socket.destroy())
      return true
    }
    allSay(await several(stage, 1), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, false],
      [2, true],
    ])
  })

  it('takes a status of ticketStatuses for the question, once', async () => {
    const stage = await open({ sendTicket: 'on401', ticketStatuses: [403] })
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(403).end('no')
      return true
    }
    const [outcome] = await several(stage, 1)
    assert.equal(outcome?.status, 403)
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, false],
      [1, true],
    ])
  })

  it('tries a refused ticket once more, then says so', async () => {
    const stage = await open({ sendTicket: 'on401' })
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      return true
    }
    const [outcome] = await several(stage, 1)
    assert.equal(outcome?.code, 'ERR_SSO_BACKEND_REFUSED_TICKET')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, false],
      [1, true],
      [2, true],
    ])
  })
})

describe('sendTicket: oncePerConnection', () => {
  const keeping = async (options?: StageOptions, app = {}): Promise<Stage> => {
    const stage = await open({ sendTicket: 'oncePerConnection', ...app }, options)
    stage.backend.keepsSignIn = true
    stage.backend.proves = true
    return stage
  }
  const ONCE = [
    [1, true],
    [1, false],
    [1, false],
  ]

  it('sends a token with the first request of a connection', async () => {
    const stage = await keeping()
    allSay(await several(stage, 3), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), ONCE)
    assert.equal(stage.pipeline.counters.tokens, 1)
  })

  it('asks for one proof of the backend per connection, where one is required', async () => {
    const stage = await keeping({ row: { mutualAuthentication: 'required' } })
    allSay(await several(stage, 3), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), ONCE)
    assert.equal(stage.pipeline.counters.mutualVerified, 1)
  })

  it('takes no connection for signed in that has not shown it', async () => {
    const stage = await keeping()
    stage.backend.proves = false
    allSay(await several(stage, 3), 'alice')
    assert.equal(stage.pipeline.counters.tokens, 3)
  })

  it('believes Persistent-Auth: true where the backend proves nothing', async () => {
    const stage = await keeping()
    stage.backend.proves = false
    stage.backend.fields = { 'Persistent-Auth': 'true' }
    const outcomes = await several(stage, 3)
    allSay(outcomes, 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), ONCE)
    assert.ok(outcomes.every(({ headers }) => valuesOf(headers, 'persistent-auth').length === 0))
  })

  it('believes any answer of the acceptor where no proof is wanted', async () => {
    const stage = await keeping({ row: { mutualAuthentication: 'off' } })
    allSay(await several(stage, 3), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), ONCE)
  })

  it('honours Persistent-Auth: false', async () => {
    const stage = await keeping()
    stage.backend.fields = { 'Persistent-Auth': 'false' }
    allSay(await several(stage, 3), 'alice')
    assert.equal(stage.pipeline.counters.tokens, 3)
    assert.equal(stage.pipeline.counters.asked, 0)
  })

  it('learns from a 401 that a backend keeps no sign-in', async () => {
    const stage = await keeping()
    stage.backend.keepsSignIn = false
    allSay(await several(stage, 4), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, true],
      [1, false],
      [1, true],
      [1, true],
      [1, true],
    ])
  })

  it("never uses one user's connection for another, or for nobody", async () => {
    const stage = await keeping()
    const nobody = appOf(stage.app.internalUrl, {
      id: 'open',
      preAuthentication: 'passthrough',
      singleSignOn: 'none',
    })
    allSay(await several(stage, 2), 'alice')
    allSay(await several(stage, 2, await stage.proof('bob')), 'bob')
    const outcome = await stage.ask({ app: nobody })
    assert.equal(outcome.code, undefined)
    assert.equal(outcome.status, 401)
    assert.equal(stage.backend.connections, 3)
  })

  it("does not outlast the ticket: its connection is closed at the ticket's end", async () => {
    const stage = await keeping({ limits: { ticketMs: 60_000 } })
    const proof = await stage.proof('alice', { exp: 4_000_000_000 })
    allSay(await several(stage, 2, proof), 'alice')
    await stage.clock.advance(61_000)
    allSay(await several(stage, 2, proof), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, true],
      [1, false],
      [2, true],
      [2, false],
    ])
  })

  it('does not outlast the proof of sign-in', async () => {
    const stage = await keeping()
    const proof = await stage.proof('alice')
    allSay(await several(stage, 2, proof), 'alice')
    await stage.clock.advance(601_000 + 30_000)
    const [late] = await several(stage, 1, proof)
    assert.equal(late?.code, 'ERR_SSO_PROOF_EXPIRED')
    stage.pipeline.forget([proof.id])
    allSay(await several(stage, 1), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend).at(-1), [2, true])
  })

  it('begins anew after a newer sign-in of the same user', async () => {
    const stage = await keeping()
    const claims = { exp: 4_000_000_000 }
    allSay(await several(stage, 2, await stage.proof('alice', claims)), 'alice')
    await stage.clock.advance(1000)
    allSay(await several(stage, 1, await stage.proof('alice', claims)), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend).at(-1), [2, true])
  })
})

describe('mutual authentication', () => {
  for (const sendTicket of ['always', 'on401', 'oncePerConnection'] as const) {
    describe(`with sendTicket: ${sendTicket}`, () => {
      const asking = async (mutualAuthentication: string, proves: boolean): Promise<Outcome> => {
        const stage = await open({ sendTicket }, { row: { mutualAuthentication } })
        stage.backend.proves = proves
        const [, second] = await several(stage, 2)
        assert.ok(second)
        return second
      }
      it('required: passes nothing of a backend that has not proved itself', async () => {
        assert.equal((await asking('required', false)).code, 'ERR_KRB_MUTUAL')
      })
      it('required: passes what a proved backend says', async () => {
        allSay([await asking('required', true)], 'alice')
      })
      it('wanted and off: go without', async () => {
        allSay([await asking('wanted', false), await asking('off', false)], 'alice')
      })
      it('wanted: refuses a wrong proof', async () => {
        const stage = await open({ sendTicket })
        stage.backend.fields = { 'WWW-Authenticate': 'Negotiate oQcwBaADCgEA' }
        const [outcome] = await several(stage, 1)
        assert.match(outcome?.code ?? '', /^ERR_KRB_/)
      })
    })
  }

  it('sends a token with the first request of a connection where a proof is required', async () => {
    const stage = await open({ sendTicket: 'on401' }, { row: { mutualAuthentication: 'required' } })
    stage.backend.proves = true
    stage.backend.keepsSignIn = true
    allSay(await several(stage, 3), 'alice')
    assert.deepEqual(arrivalsOf(stage.backend), [
      [1, true],
      [1, false],
      [1, false],
    ])
  })

  it('takes a 401 that proves the backend for its application’s own', async () => {
    const stage = await open({})
    stage.backend.mood = ({ token }, _request, response) => {
      const proof = token && stage.kerberos.proofFor(token)
      const field = `Negotiate ${Buffer.from(proof ?? []).toString('base64')}`
      response.writeHead(401, { 'WWW-Authenticate': field }).end('not you')
      return true
    }
    const [outcome] = await several(stage, 1)
    assert.deepEqual([outcome?.status, outcome?.code], [401, undefined])
    assert.equal(stage.backend.arrivals.length, 1)
  })
})

describe('tokenFormat', () => {
  const first = (stage: Stage): string => stage.backend.arrivals[0]?.token?.toString('hex') ?? ''
  /** OIDs of SPNEGO (RFC 4178) and Kerberos (RFC 4121) within the initial token. */
  const SPNEGO = '06062b0601050502'
  const KERBEROS = '06092a864886f712010202'

  it('is SPNEGO unless the app says otherwise', async () => {
    const stage = await open({})
    stage.backend.proves = true
    allSay(await several(stage, 1), 'alice')
    assert.ok(first(stage).slice(0, 30).includes(SPNEGO))
  })

  for (const sendTicket of ['always', 'on401', 'oncePerConnection'] as const) {
    it(`kerberos: is the Kerberos token alone, with ${sendTicket}`, async () => {
      const stage = await open(
        { tokenFormat: 'kerberos', sendTicket },
        { row: { mutualAuthentication: 'required' } },
      )
      stage.backend.proves = true
      allSay(await several(stage, 2), 'alice')
      assert.ok(first(stage).slice(0, 40).includes(KERBEROS))
      assert.ok(!first(stage).includes(SPNEGO))
    })
  }

  it('answers the scheme Kerberos, where it is the only one, by that name from then on', async () => {
    const stage = await open({}, { row: { mutualAuthentication: 'required' } })
    const schemes: string[] = []
    stage.backend.scheme = 'Kerberos'
    stage.backend.proves = true
    stage.backend.mood = (_arrival, request, response) => {
      const scheme = request.headers.authorization?.split(' ')[0] ?? ''
      schemes.push(scheme)
      if (scheme === 'Kerberos') return false
      response.writeHead(401, { 'WWW-Authenticate': 'Kerberos' }).end()
      return true
    }
    allSay(await several(stage, 2), 'alice')
    assert.deepEqual(schemes, ['Negotiate', 'Kerberos', 'Kerberos'])
    assert.ok(!stage.backend.arrivals[1]?.token?.toString('hex').includes(SPNEGO))
  })
})

describe('a backend that takes no tickets', () => {
  for (const [offered, ticket, code] of [
    ['NTLM', true, 'ERR_SSO_BACKEND_NTLM_ONLY'],
    ['NTLM, Basic realm="x"', false, 'ERR_SSO_BACKEND_NTLM_ONLY'],
    ['Basic realm="corp"', true, 'ERR_SSO_BACKEND_BASIC_ONLY'],
    ['Basic realm="corp"', false, 'ERR_SSO_BACKEND_BASIC_ONLY'],
    [undefined, true, 'ERR_SSO_BACKEND_NO_CHALLENGE'],
    [undefined, false, undefined],
    ['Bearer realm="api"', true, undefined],
    ['Bearer realm="api"', false, undefined],
  ] as const) {
    it(`offers ${offered ?? 'nothing'} ${ticket ? 'after' : 'before'} a ticket: ${code ?? 'passes'}`, async () => {
      const stage = await open({ sendTicket: ticket ? 'always' : 'on401' })
      stage.backend.mood = (_arrival, _request, response) => {
        response.writeHead(401, offered === undefined ? {} : { 'WWW-Authenticate': offered }).end()
        return true
      }
      const [outcome] = await several(stage, 1)
      assert.equal(outcome?.code, code)
      assert.equal(stage.backend.arrivals.length, 1)
      if (code === undefined) assert.equal(outcome?.status, 401)
    })
  }

  it('is not one that has accepted a ticket: its bare 401 is the application’s own', async () => {
    const stage = await open({})
    allSay(await several(stage, 1), 'alice')
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(401).end()
      return true
    }
    const [outcome] = await several(stage, 1)
    assert.deepEqual([outcome?.status, outcome?.code], [401, undefined])
  })
})
