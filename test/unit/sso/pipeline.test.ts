import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { settled } from '../../support/manual-clock.ts'
import { bodyOf, valuesOf } from '../../support/sso/sink.ts'
import { createStage, type Stage, type StageOptions } from '../../support/sso/stage.ts'
import { appOf } from '../../support/sso/world.ts'

describe('pipeline', () => {
  const stages: Stage[] = []
  const open = async (options?: StageOptions): Promise<Stage> => {
    const stage = await createStage(options)
    stages.push(stage)
    return stage
  }
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  it('signs a user in at the backend by a ticket of their own', async () => {
    const stage = await open()
    const outcome = await stage.ask({ proof: await stage.proof('alice'), target: '/x?y=1' })
    assert.equal(outcome.status, 200)
    assert.equal(outcome.body.toString(), 'alice')
    assert.equal(stage.backend.arrivals[0]?.url, '/x?y=1')
    assert.deepEqual(
      [stage.pipeline.counters.impersonations, stage.pipeline.counters.delegations],
      [1, 1],
    )
  })

  it('makes a fresh token for each request, on a kept connection', async () => {
    const stage = await open()
    const proof = await stage.proof('alice')
    for (let count = 0; count < 5; count++) await stage.ask({ proof })
    assert.equal(stage.backend.arrivals.length, 5)
    assert.equal(stage.backend.replays, 0)
    assert.equal(stage.backend.connections, 1)
    assert.equal(stage.kerberos.delegations, 1)
    assert.equal(stage.directory.lookups, 1)
  })

  it('asks the KDC once for a hundred first requests', async () => {
    const stage = await open()
    const proof = await stage.proof('alice')
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => stage.ask({ proof })))
    assert.ok(outcomes.every((outcome) => outcome.body.toString() === 'alice'))
    assert.deepEqual([stage.kerberos.impersonations, stage.kerberos.delegations], [1, 1])
    assert.equal(stage.pipeline.counters.proofsVerified, 1)
    assert.equal(stage.directory.lookups, 1)
  })

  it('serves those who wait when the one who asked first goes away', async () => {
    const stage = await open()
    let release: () => void = () => undefined
    stage.kerberos.gate = new Promise((resolve) => {
      release = resolve
    })
    const proof = await stage.proof('alice')
    const { call } = stage.start({ proof })
    while (stage.kerberos.impersonations === 0) await settled()
    const second = stage.ask({ proof })
    call.abort()
    release()
    assert.equal((await second).body.toString(), 'alice')
    assert.deepEqual([stage.kerberos.impersonations, stage.backend.arrivals.length], [1, 1])
  })

  it('asks no KDC for a token that was changed anywhere', async () => {
    const stage = await open()
    const { idToken } = await stage.proof('alice')
    // The last character's spare bits say nothing.
    const place = fc.nat({ max: idToken.length - 2 })
    const character = fc.constantFrom('A', 'B', 'a', 'b', '0', '1', '-', '_', '.')
    await fc.assert(
      fc.asyncProperty(place, character, async (at, other) => {
        fc.pre(idToken[at] !== other)
        const changed = idToken.slice(0, at) + other + idToken.slice(at + 1)
        const outcome = await stage.ask({ proof: { id: `p${at}${other}`, idToken: changed } })
        // A change of the issuer's name is found before the signature is looked at.
        assert.match(outcome.code ?? '', /^ERR_SSO_(PROOF_INVALID|ISSUER_UNKNOWN)$/)
      }),
      { numRuns: 60 },
    )
    assert.deepEqual([stage.kerberos.impersonations, stage.directory.lookups], [0, 0])
    assert.equal(stage.backend.arrivals.length, 0)
  })

  it('sends no request and asks no KDC without a proof', async () => {
    const stage = await open()
    const outcome = await stage.ask({})
    assert.equal(outcome.code, 'ERR_SSO_PROOF_MISSING')
    assert.equal(stage.kerberos.impersonations, 0)
    assert.equal(stage.backend.arrivals.length, 0)
  })

  it('asks no KDC for what the policy does not allow, even with a ticket at hand', async () => {
    const stage = await open()
    const proof = await stage.proof('alice')
    await stage.ask({ proof })
    const elsewhere = appOf(`http://127.0.0.2:${stage.backend.port}/`)
    const other = appOf(stage.app.internalUrl, { servicePrincipalName: 'HTTP/other.corp.example' })
    for (const app of [elsewhere, other]) {
      assert.equal((await stage.ask({ proof, app })).code, 'ERR_SSO_POLICY_DENIED')
    }
    assert.equal(stage.backend.arrivals.length, 1)
    assert.equal(stage.kerberos.delegations, 1)
  })

  it('sends a small body once more with a new token after a 401', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      if (stage.backend.arrivals.length > 1) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end('no')
      return true
    }
    const proof = await stage.proof('alice')
    const outcome = await stage.ask({ proof, method: 'POST', body: bodyOf('hello') })
    assert.equal(outcome.status, 200)
    assert.deepEqual(
      stage.backend.arrivals.map(({ body }) => body),
      ['hello', 'hello'],
    )
    assert.notEqual(stage.backend.arrivals[0]?.connection, stage.backend.arrivals[1]?.connection)
    assert.equal(stage.backend.replays, 0)
  })

  it('says so when the backend refuses the ticket twice', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      return true
    }
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(outcome.code, 'ERR_SSO_BACKEND_REFUSED_TICKET')
    assert.equal(stage.backend.arrivals.length, 2)
  })

  it('does not send a streamed body twice', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      return true
    }
    const proof = await stage.proof('alice')
    const outcome = await stage.ask({ proof, method: 'POST', body: bodyOf('hello', 'unknown') })
    assert.equal(outcome.code, 'ERR_SSO_BACKEND_REFUSED_TICKET')
    assert.equal(stage.backend.arrivals.length, 1)
    assert.equal(stage.backend.arrivals[0]?.body, 'hello')
  })

  it('passes a 401 of the application itself through', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="api"' }).end('app')
      return true
    }
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(outcome.status, 401)
    assert.deepEqual(valuesOf(outcome.headers, 'www-authenticate'), ['Bearer realm="api"'])
  })

  it("keeps the client's Authorization and the backend's challenges apart", async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response
        .writeHead(403, { 'WWW-Authenticate': 'Negotiate, NTLM', 'Persistent-Auth': 'true' })
        .end()
      return true
    }
    const headers = [
      'Authorization',
      'Basic eDp5',
      'X-Own',
      '1',
      'Connection',
      'x-hop',
      'X-Hop',
      '2',
    ]
    const outcome = await stage.ask({ proof: await stage.proof('alice'), headers })
    const sent = stage.backend.arrivals[0]?.rawHeaders ?? []
    assert.equal(valuesOf(sent, 'authorization').length, 1)
    assert.match(valuesOf(sent, 'authorization')[0] ?? '', /^Negotiate /)
    assert.deepEqual([valuesOf(sent, 'x-own'), valuesOf(sent, 'x-hop')], [['1'], []])
    assert.deepEqual(valuesOf(outcome.headers, 'www-authenticate'), [])
    assert.deepEqual(valuesOf(outcome.headers, 'persistent-auth'), [])
  })

  it('follows no redirect', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(302, { Location: 'http://elsewhere.example/' }).end()
      return true
    }
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(outcome.status, 302)
    assert.equal(stage.backend.arrivals.length, 1)
  })

  it('refuses a wrong proof of the backend', async () => {
    const stage = await open()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(200, { 'WWW-Authenticate': 'Negotiate AAAA' }).end('secret')
      return true
    }
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.match(outcome.code ?? '', /^ERR_KRB_/)
    assert.equal(outcome.status, 0)
  })

  it('wants a proof of the backend where the policy requires one', async () => {
    const stage = await open({ row: { mutualAuthentication: 'required' } })
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(outcome.code, 'ERR_KRB_MUTUAL')
  })
})
