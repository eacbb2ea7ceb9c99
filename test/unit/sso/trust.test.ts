import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { DirectoryError } from '../../../src/directory/index.ts'
import { KerberosError } from '../../../src/kerberos/index.ts'
import type { Proof } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
import { CollectingSink } from '../../support/sso/sink.ts'
import { createStage, type Stage, type StageOptions } from '../../support/sso/stage.ts'
import { appOf, DOMAIN_SID } from '../../support/sso/world.ts'

const HOUR = 3_600_000
/** How long a refusal by a rule is taken for the answer. */
const REFUSAL_MS = 60_000
/** Nothing is renewed ahead. */
const NO_REFRESH = { refreshAheadPercent: 0 }
const DAY_CLAIMS = { exp: 4_000_000_000 }

describe('tickets do not outlive trust (invariant 9)', () => {
  const stages: Stage[] = []
  const open = async (options?: StageOptions): Promise<Stage> => {
    const stage = await createStage(options)
    stages.push(stage)
    return stage
  }
  const exchanges = ({ kerberos }: Stage): readonly number[] => [
    kerberos.impersonations,
    kerberos.delegations,
  ]
  const ok = async (stage: Stage, proof: Proof): Promise<void> => {
    const outcome = await stage.ask({ proof })
    assert.equal(outcome.error, undefined)
    assert.equal(outcome.status, 200)
  }
  const refused = async (stage: Stage, proof: Proof, code: string): Promise<void> => {
    assert.equal((await stage.ask({ proof })).code, code)
  }
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  it('uses a ticket for an hour, then fetches afresh', async () => {
    const stage = await open({ limits: NO_REFRESH })
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    await stage.clock.advance(HOUR - 1)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [1, 1])
    await stage.clock.advance(1)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [2, 2])
  })

  it('does not use a ticket in the last minutes before its end', async () => {
    const stage = await open({ limits: { ...NO_REFRESH, ticketMarginMs: 60_000 } })
    stage.kerberos.lifetimeMs = 600_000
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    await stage.clock.advance(540_000 - 1)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [1, 1])
    await stage.clock.advance(1)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [2, 2])
  })

  it('fetches afresh at a newer sign-in, once, and not for an older one after it', async () => {
    const stage = await open()
    const first = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, first)
    await stage.clock.advance(5000)
    const second = await stage.proof('alice', DAY_CLAIMS)
    await Promise.all(Array.from({ length: 20 }, () => ok(stage, second)))
    assert.deepEqual(exchanges(stage), [2, 2])
    await ok(stage, first)
    await ok(stage, second)
    assert.deepEqual(exchanges(stage), [2, 2])
  })

  it('keeps a ticket at a newer sign-in while no KDC answers, but not beyond its end', async () => {
    const stage = await open()
    await ok(stage, await stage.proof('alice', DAY_CLAIMS))
    stage.kerberos.failImpersonate = new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no KDC')
    await stage.clock.advance(5000)
    const second = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, second)
    await stage.clock.advance(HOUR)
    await refused(stage, second, 'ERR_KRB_KDC_UNREACHABLE')
  })

  it("drops everything of a user at a KDC's refusal, and hands nothing stale out", async () => {
    const stage = await open()
    const first = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, first)
    const { connections } = stage.backend
    stage.kerberos.failImpersonate = new KerberosError('ERR_KRB_CLIENT_REVOKED', 'disabled')
    await stage.clock.advance(5000)
    const second = await stage.proof('alice', DAY_CLAIMS)
    await refused(stage, second, 'ERR_KRB_CLIENT_REVOKED')
    // The older sign-in's ticket is gone as well.
    await refused(stage, first, 'ERR_KRB_CLIENT_REVOKED')
    stage.kerberos.failImpersonate = undefined
    await stage.clock.advance(REFUSAL_MS)
    await ok(stage, first)
    assert.equal(stage.backend.connections, connections + 1)
  })

  it('leaves the tickets of other users alone', async () => {
    const stage = await open()
    const [alice, bob] = [
      await stage.proof('alice', DAY_CLAIMS),
      await stage.proof('bob', DAY_CLAIMS),
    ]
    await ok(stage, alice)
    await ok(stage, bob)
    stage.pipeline.flush({ user: 'alice@corp.example' })
    await ok(stage, bob)
    assert.deepEqual(exchanges(stage), [2, 2])
    await ok(stage, alice)
    assert.deepEqual(exchanges(stage), [3, 3])
  })

  it('keeps other tickets of a user when an SPN was never granted', async () => {
    const stage = await open({ row: { servicePrincipalName: 'HTTP/iwa.corp.example' } })
    const proof = await stage.proof('alice', DAY_CLAIMS)
    stage.kerberos.failDelegate = new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'not on the list')
    await refused(stage, proof, 'ERR_KRB_DELEGATION_REFUSED')
    stage.kerberos.failDelegate = undefined
    await stage.clock.advance(REFUSAL_MS)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [2, 2])
  })

  it('asks a KDC and the directory once for what they have just refused', async () => {
    const stage = await open()
    const proof = await stage.proof('alice', DAY_CLAIMS)
    const unknown = await stage.proof('ghost', DAY_CLAIMS)
    stage.kerberos.failDelegate = new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'not on the list')
    for (let count = 0; count < 5; count++) {
      await refused(stage, proof, 'ERR_KRB_DELEGATION_REFUSED')
      await refused(stage, unknown, 'ERR_SSO_ACCOUNT_UNKNOWN')
    }
    assert.deepEqual([...exchanges(stage), stage.directory.lookups], [1, 1, 2])
    stage.kerberos.failDelegate = undefined
    stage.pipeline.flush({ user: 'alice' })
    await ok(stage, proof)
  })

  it('asks again after two seconds where nobody answered', async () => {
    const stage = await open()
    const proof = await stage.proof('alice', DAY_CLAIMS)
    stage.kerberos.failImpersonate = new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no KDC')
    await refused(stage, proof, 'ERR_KRB_KDC_UNREACHABLE')
    stage.kerberos.failImpersonate = undefined
    await stage.clock.advance(1999)
    await refused(stage, proof, 'ERR_KRB_KDC_UNREACHABLE')
    assert.deepEqual(exchanges(stage), [1, 0])
    await stage.clock.advance(1)
    await ok(stage, proof)
  })

  it('asks the directory again after a while, and drops a user that it disables', async () => {
    const stage = await open({ limits: { identityMs: 60_000 } })
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    const [alice] = stage.directory.accounts
    assert.ok(alice)
    stage.directory.accounts[0] = { ...alice, enabled: false }
    await ok(stage, proof)
    await stage.clock.advance(60_000)
    await refused(stage, proof, 'ERR_SSO_ACCOUNT_DISABLED')
    stage.directory.accounts[0] = alice
    await stage.clock.advance(REFUSAL_MS)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [2, 2])
  })

  it('goes on with a known account while the directory cannot be reached', async () => {
    const stage = await open({ limits: { identityMs: 60_000, transportRetryMs: 10_000 } })
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    stage.directory.failure = new DirectoryError('ERR_DIRECTORY_UNREACHABLE', 'down')
    await stage.clock.advance(60_000)
    await ok(stage, proof)
    await ok(stage, proof)
    assert.equal(stage.directory.lookups, 2)
    await refused(stage, await stage.proof('bob'), 'ERR_DIRECTORY_UNREACHABLE')
  })

  it('forgets a proof: no ticket, no socket, and calls under way are cut', async () => {
    const stage = await open()
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    const arrived = new Promise<void>((resolve) => {
      stage.backend.mood = () => {
        resolve()
        return true
      }
    })
    const { sink } = stage.start({ proof })
    await arrived
    stage.pipeline.forget([proof.id])
    assert.equal((await sink.outcome).code, 'ERR_SSO_SESSION_ENDED')
    stage.backend.mood = () => false
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [2, 2])
    assert.equal(stage.backend.connections, 2)
  })

  it('does not keep a ticket that arrives after its user was dropped', async () => {
    const stage = await open()
    const proof = await stage.proof('alice', DAY_CLAIMS)
    let release: () => void = () => undefined
    stage.kerberos.gate = new Promise((resolve) => {
      release = resolve
    })
    const { call } = stage.start({ proof })
    await untilImpersonated(stage)
    stage.pipeline.flush({ user: 'alice' })
    call.abort()
    release()
    stage.kerberos.gate = undefined
    await settled()
    await ok(stage, proof)
    assert.equal(stage.kerberos.impersonations, 2)
  })

  it('flushes one SPN alone', async () => {
    const stage = await open()
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    stage.pipeline.flush({ servicePrincipalName: 'http/IWA.corp.example' })
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [1, 2])
  })

  it('cuts a long call when its proof expires, unless the user has a newer one', async () => {
    const stage = await open({ limits: { expirySweepMs: 1000, clockToleranceSeconds: 0 } })
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(200).write('never ends')
      return true
    }
    const soon = Math.floor(stage.clock.nowMs() / 1000) + 60
    const begin = async (user: string): Promise<CollectingSink> => {
      const { sink } = stage.start({ proof: await stage.proof(user, { exp: soon }) })
      await stage.clock.advance(0)
      while (sink.status === 0) await settled()
      return sink
    }
    const [alice, bob, carol] = [await begin('alice'), await begin('bob'), await begin('carol')]
    // The gateway refreshed carol's token while her download runs: no request has named it yet.
    stage.pipeline.offer(await stage.proof('carol', { exp: soon + 3600 }))
    const newer = stage.start({ proof: await stage.proof('bob', { exp: soon + 3600 }) })
    while (newer.sink.status === 0) await settled()
    await stage.clock.advance(61_000)
    assert.equal((await alice.outcome).code, 'ERR_SSO_PROOF_EXPIRED')
    assert.deepEqual([bob.ends, carol.ends], [0, 0])
  })

  it('fetches a ticket anew before the retry after a 401, when the old one is not young', async () => {
    const stage = await open({ limits: { ticketRefetchAgeMs: 30_000 } })
    const proof = await stage.proof('alice', DAY_CLAIMS)
    await ok(stage, proof)
    const stale = stage.backend.arrivals[0]?.token
    assert.ok(stale)
    // The service's key has changed: tickets from before are no good.
    const before = stage.kerberos.delegations
    stage.backend.mood = (_arrival, _request, response) => {
      if (stage.kerberos.delegations > before) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      return true
    }
    await refused(stage, proof, 'ERR_SSO_BACKEND_REFUSED_TICKET')
    await stage.clock.advance(30_000)
    await ok(stage, proof)
    assert.deepEqual(exchanges(stage), [1, 2])
  })
})

async function untilImpersonated(stage: Stage): Promise<void> {
  while (stage.kerberos.impersonations === 0) await settled()
}

describe('accounts that are not acted for', () => {
  const ask = async (
    options: StageOptions,
    change: (stage: Stage) => void = () => undefined,
  ): Promise<{ code: string | undefined; asked: number }> => {
    const stage = await createStage(options)
    try {
      change(stage)
      const outcome = await stage.ask({ proof: await stage.proof('alice') })
      return { code: outcome.code, asked: stage.kerberos.impersonations }
    } finally {
      await stage.close()
    }
  }
  const change = (fields: object) => (stage: Stage) => {
    const [alice] = stage.directory.accounts
    if (alice !== undefined) stage.directory.accounts[0] = { ...alice, ...fields }
  }

  const flags: readonly (readonly [string, object, string])[] = [
    ['a disabled account', { enabled: false }, 'ERR_SSO_ACCOUNT_DISABLED'],
    ['a sensitive account', { sensitive: true }, 'ERR_SSO_NOT_DELEGATABLE'],
    ['a member of Protected Users', { protectedUser: true }, 'ERR_SSO_NOT_DELEGATABLE'],
    ['an unknown account', { userPrincipalName: 'other@corp.example' }, 'ERR_SSO_ACCOUNT_UNKNOWN'],
    ['a Domain Admin', { memberOf: [`${DOMAIN_SID}-512`] }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ['an Enterprise Admin', { memberOf: [`${DOMAIN_SID}-519`] }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ['a Schema Admin', { memberOf: [`${DOMAIN_SID}-518`] }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ['an administrator', { memberOf: ['S-1-5-32-544'] }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ['krbtgt', { sid: `${DOMAIN_SID}-502` }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ['an account of another realm', { realm: 'OTHER.EXAMPLE' }, 'ERR_SSO_LOGIN_REFUSED'],
  ]
  for (const [name, fields, code] of flags) {
    it(`asks no KDC for ${name}`, async () => {
      assert.deepEqual(await ask({}, change(fields)), { code, asked: 0 })
    })
  }

  it('asks no KDC where two accounts have the login', async () => {
    const twice = (stage: Stage): void => {
      stage.directory.add('alice2', { userPrincipalName: 'alice@corp.example' })
    }
    assert.deepEqual(await ask({}, twice), { code: 'ERR_SSO_ACCOUNT_AMBIGUOUS', asked: 0 })
  })

  it('acts for a privileged account only where the row says so', async () => {
    const admin = change({ memberOf: [`${DOMAIN_SID}-512`] })
    assert.deepEqual(await ask({ row: { allowPrivileged: true } }, admin), {
      code: undefined,
      asked: 1,
    })
  })

  it('never acts for users and groups that a row names', async () => {
    const member = change({
      memberOf: [`${DOMAIN_SID}-1600`, 'Payroll', 'CN=Payroll,DC=corp,DC=example'],
    })
    const rows = [
      { users: ['ALICE'] },
      { users: ['alice@CORP.example'] },
      { users: [`${DOMAIN_SID}-1100`] },
      { groups: ['payroll'] },
      { groups: [`${DOMAIN_SID}-1600`] },
      { groups: ['cn=payroll,dc=corp,dc=example'] },
    ]
    for (const neverImpersonate of rows) {
      const outcome = await ask({ row: { neverImpersonate } }, member)
      assert.deepEqual(
        outcome,
        { code: 'ERR_SSO_NEVER_IMPERSONATE', asked: 0 },
        JSON.stringify(neverImpersonate),
      )
    }
  })

  it("looks at the PAC's groups before it asks for a service ticket", async () => {
    const groups: readonly (readonly [string, string])[] = [
      [`${DOMAIN_SID}-512`, 'ERR_SSO_NEVER_IMPERSONATE'],
      [`${DOMAIN_SID}-525`, 'ERR_SSO_NOT_DELEGATABLE'],
    ]
    for (const [sid, code] of groups) {
      const stage = await createStage()
      stage.kerberos.groupSids = [sid]
      assert.equal((await stage.ask({ proof: await stage.proof('alice') })).code, code)
      assert.equal(stage.kerberos.delegations, 0)
      await stage.close()
    }
  })

  it('asks a ticket at hand for the row it is used by', async () => {
    const stage = await createStage({ row: { allowPrivileged: true } })
    try {
      stage.kerberos.groupSids = [`${DOMAIN_SID}-512`]
      const proof = await stage.proof('alice')
      assert.equal((await stage.ask({ proof })).status, 200)
      // The same SPN at an origin whose row forbids it: the ticket in the cache must not help.
      const strict = appOf(stage.app.internalUrl.replace('127.0.0.1', 'localhost'), {
        id: 'strict',
      })
      assert.equal((await stage.ask({ proof, app: strict })).code, 'ERR_SSO_NEVER_IMPERSONATE')
    } finally {
      await stage.close()
    }
  })
})
