/** Sign-in with a user's own ticket: the token is the proof, the ticket the evidence, the assertion a handle on both. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { TicketFlag } from '../../../src/kerberos/index.ts'
import { errorCode } from '../../../src/platform/index.ts'
import type { Proof, SsoPipeline } from '../../../src/sso/index.ts'
import type { Tricks } from '../../support/memory-kdc/index.ts'
import { MAX_PROOF_LENGTH, type AppSettings } from '../../../src/tunnel/index.ts'
import { FRONT, FrontEndWorld } from '../../support/sso/front-end-world.ts'

const HOUR_MS = 3_600_000
const BINDING = Buffer.from('tls-server-end-point:0123456789abcdef')

function claimsOf(proof: Proof): Record<string, unknown> {
  const [, payload = ''] = proof.idToken.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}

describe('sign-in with Kerberos', () => {
  const world = new FrontEndWorld()
  let connector: SsoPipeline
  before(() => world.start())
  after(() => world.stop())
  beforeEach(() => {
    connector = world.connector()
  })

  it('lets alice in as alice, without protocol transition', async () => {
    const proof = await world.signIn(connector, 'alice')
    const outcome = await world.get(connector, proof)
    assert.equal(outcome.error, undefined)
    assert.equal(outcome.body.toString(), 'alice@CORP.EXAMPLE')
    assert.equal(connector.counters.impersonations, 0)
    const again = await world.get(connector, proof)
    assert.equal(again.body.toString(), 'alice@CORP.EXAMPLE')
    assert.equal(connector.counters.delegations, 1)
  })

  it('tells the gateway who she is', async () => {
    const claims = claimsOf(await world.signIn(connector, 'alice'))
    assert.equal(claims['upn'], 'alice@corp.example')
    assert.deepEqual(claims['groups'], ['staff'])
    assert.equal(claims['sub'], world.kdc.sidOf('alice'))
  })

  const refuse = async (
    pipeline: SsoPipeline,
    token: Uint8Array,
    more: { readonly channelBinding?: Uint8Array } = {},
  ): Promise<string> => {
    try {
      await pipeline.signIn({ app: world.app, token, channelBinding: more.channelBinding })
    } catch (error) {
      return errorCode(error)
    }
    return 'accepted'
  }

  it('takes a token once', async () => {
    const token = await world.token('alice')
    assert.equal(await refuse(connector, token), 'accepted')
    assert.equal(await refuse(connector, token), 'ERR_SSO_NEGOTIATE_REFUSED')
    assert.equal(connector.counters.securityEvents, 1)
  })

  it('refuses a ticket for another name of ours, one under a foreign key, and NTLM', async () => {
    const other = await world.token('alice', { service: 'HTTP/other.example' })
    assert.equal(await refuse(connector, other), 'ERR_SSO_NEGOTIATE_UNFIT')
    const foreign = await world.token('alice', { service: 'HTTP/foreign.example' })
    assert.equal(await refuse(connector, foreign), 'ERR_SSO_NEGOTIATE_UNFIT')
    assert.equal(await refuse(connector, Buffer.from('NTLMSSP\0...')), 'ERR_SSO_NEGOTIATE_UNFIT')
    assert.equal(connector.counters.securityEvents, 0)
  })

  it('blames the directory, and nobody, where none of our keys opens the ticket', async (t) => {
    const changed = await new FrontEndWorld().start()
    t.after(() => changed.stop())
    const old = changed.connector()
    const refusal = {
      code: 'ERR_SSO_NEGOTIATE_UNFIT',
      mend: /setspn -S HTTP\/intranet.example CONN2\$/,
    }
    changed.kdc.directory.changeKey('CONN2$')
    await assert.rejects(changed.signIn(old, 'alice'), refusal)
    // Under the version that we have, and another KDC's key.
    const token = await world.token('alice')
    const request = { app: changed.app, token, channelBinding: undefined }
    await assert.rejects(old.signIn(request), refusal)
    assert.equal(old.counters.securityEvents, 0)
  })

  it('refuses a token that is bound to another channel, and none where one is required', async () => {
    const token = await world.token('alice', { binding: BINDING })
    const elsewhere = { channelBinding: Buffer.from('tls-server-end-point:another') }
    assert.equal(await refuse(connector, token, elsewhere), 'ERR_SSO_NEGOTIATE_REFUSED')
    const bound = await world.token('alice', { binding: BINDING })
    assert.equal(await refuse(connector, bound, { channelBinding: BINDING }), 'accepted')
    const strict = world.connector({ frontEndKerberos: { channelBinding: 'required' } })
    const none = await refuse(strict, await world.token('alice'), { channelBinding: BINDING })
    assert.equal(none, 'ERR_SSO_NEGOTIATE_REFUSED')
  })

  it('refuses by policy: service, realm, neverImpersonate, and when nothing is listed', async () => {
    const cases = [
      [{ frontEndKerberos: { services: ['HTTP/else.example'] } }, 'ERR_SSO_POLICY_DENIED'],
      [{ frontEndKerberos: { realms: ['ELSE.EXAMPLE'] } }, 'ERR_SSO_POLICY_DENIED'],
      [{ row: { neverImpersonate: { users: ['alice'] } } }, 'ERR_SSO_NEVER_IMPERSONATE'],
    ] as const
    for (const [options, code] of cases) {
      assert.equal(await refuse(world.connector(options), await world.token('alice')), code)
    }
  })

  it('refuses whom the directory has under another SID, or not at all', async () => {
    const [alice] = world.directory.accounts
    assert.ok(alice)
    world.directory.accounts.shift()
    try {
      const code = await refuse(world.connector(), await world.token('alice'))
      assert.equal(code, 'ERR_SSO_ACCOUNT_UNKNOWN')
    } finally {
      world.directory.accounts.unshift(alice)
    }
  })

  it('refuses a SID of another domain than the ticket: a trusted one may put any into its PACs', async () => {
    const realms = ['CORP.EXAMPLE', 'BRANCH.EXAMPLE']
    const both = () => world.connector({ frontEndKerberos: { realms } })
    world.directory.change('alice', { realm: 'BRANCH.EXAMPLE' })
    try {
      assert.equal(await refuse(both(), await world.token('alice')), 'ERR_SSO_NEGOTIATE_REFUSED')
    } finally {
      world.directory.change('alice', { realm: 'CORP.EXAMPLE' })
    }
    assert.equal(await refuse(both(), await world.token('alice')), 'accepted')
  })

  it('delegates no ticket in which alice is called bob: the backend would take her for him', async () => {
    const userId = Number(world.kdc.sidOf('alice').split('-').at(-1))
    const pac: Tricks['pac'] = (content) => ({ ...content, effectiveName: 'alice', userId })
    const token = await world.token('bob', { tricks: { pac } })
    const { assertion, user } = await connector.signIn({
      app: world.app,
      token,
      channelBinding: undefined,
    })
    assert.equal(user.sAMAccountName, 'alice')
    const proof: Proof = { id: 'alias', idToken: assertion, kind: 'assertion' }
    const outcome = await world.get(connector, proof)
    // What is asked for instead is a ticket for alice, which CONN2$ may not have.
    assert.equal(outcome.code, 'ERR_KRB_NOT_FORWARDABLE')
    assert.equal(connector.counters.impersonations, 1)
  })

  it('asks a second judge, and believes nobody where they differ', async () => {
    const judge = (client: string) =>
      world.connector({ ports: { judge: () => Promise.resolve({ client, reply: undefined }) } })
    const token = () => world.token('alice')
    assert.equal(await refuse(judge('alice@CORP.EXAMPLE'), await token()), 'accepted')
    const other = await refuse(judge('bob@CORP.EXAMPLE'), await token())
    assert.equal(other, 'ERR_SSO_NEGOTIATE_REFUSED')
  })

  it('falls back to S4U2Self where the ticket is not forwardable, and says what is missing', async () => {
    const flags = <T extends { flags: number }>(part: T): T => ({
      ...part,
      flags: (part.flags & ~TicketFlag.FORWARDABLE) >>> 0,
    })
    const token = await world.token('alice', { tricks: { ticketPart: flags, replyPart: flags } })
    const { assertion } = await connector.signIn({
      app: world.app,
      token,
      channelBinding: undefined,
    })
    const outcome = await world.get(connector, { id: 'x', idToken: assertion, kind: 'assertion' })
    // CONN2$ may not transition protocols: the KDC gives it no forwardable ticket.
    assert.equal(outcome.code, 'ERR_KRB_NOT_FORWARDABLE')
    assert.equal(connector.counters.impersonations, 1)
  })

  describe('a gateway that lies', () => {
    it('cannot make or change an assertion', async () => {
      const proof = await world.signIn(connector, 'alice')
      const [header = '', , mac = ''] = proof.idToken.split('.')
      const bob = { ...claimsOf(proof), sub: world.kdc.sidOf('bob'), upn: 'bob@corp.example' }
      const payload = Buffer.from(JSON.stringify(bob)).toString('base64url')
      const forged = { id: 'f', idToken: `${header}.${payload}.${mac}`, kind: 'assertion' } as const
      assert.equal((await world.get(connector, forged)).code, 'ERR_SSO_ASSERTION_INVALID')
      assert.equal(connector.counters.securityEvents, 1)
    })

    it('gets nowhere with an altered one, whatever is altered', async () => {
      const proof = await world.signIn(connector, 'alice')
      const octets = Buffer.from(proof.idToken)
      const where = fc.nat({ max: octets.length - 1 })
      await fc.assert(
        fc.asyncProperty(where, fc.integer({ min: 1, max: 127 }), async (at, change) => {
          const altered = Buffer.from(octets)
          altered[at] = (altered[at] ?? 0) ^ change
          const idToken = altered.toString('latin1')
          const { code } = await world.get(connector, { id: idToken, idToken, kind: 'assertion' })
          assert.match(code ?? 'none', /^ERR_SSO_ASSERTION_(?:INVALID|UNKNOWN)$/)
        }),
        { numRuns: 60 },
      )
    })

    it('cannot use one for another app, nor for the app with another backend', async () => {
      const proof = await world.signIn(connector, 'alice')
      const id = await world.get(connector, proof, { app: { ...world.app, id: 'payroll' } })
      assert.equal(id.code, 'ERR_SSO_ASSERTION_INVALID')
      const internalUrl = 'http://127.0.0.1:9/'
      const moved = await world.get(connector, proof, { app: { ...world.app, internalUrl } })
      assert.equal(moved.code, 'ERR_SSO_ASSERTION_INVALID')
      const same = await world.get(connector, proof, { app: { ...world.app } })
      assert.equal(same.body.toString(), 'alice@CORP.EXAMPLE')
    })

    describe('with an app that has parts', () => {
      const part = () => ({ ...world.app, id: 'app:/admin', path: '/admin' })
      const signInBeside = async (beside: readonly AppSettings[]): Promise<Proof> => {
        const request = { app: world.app, beside, channelBinding: undefined }
        const token = await world.token('alice')
        const { assertion } = await connector.signIn({ ...request, token })
        return { id: assertion, idToken: assertion, kind: 'assertion' }
      }

      it('uses one for the parts that there were', async () => {
        const beside = [part()]
        const proof = await signInBeside(beside)
        for (const app of [world.app, part(), world.app]) {
          const outcome = await world.get(connector, proof, { app, target: '/admin' })
          assert.equal(outcome.body.toString(), 'alice@CORP.EXAMPLE')
        }
      })

      it('cannot use one for a part that came later, or was changed', async () => {
        const proof = await signInBeside([part()])
        const later = { ...part(), id: 'app:/later' }
        const moved = { ...part(), internalUrl: 'http://127.0.0.1:9/' }
        const renamed = { ...part(), servicePrincipalName: 'HTTP/other.corp.example' }
        for (const app of [later, moved, renamed]) {
          const { code } = await world.get(connector, proof, { app })
          assert.equal(code, 'ERR_SSO_ASSERTION_INVALID', app.id)
        }
      })
    })

    it('cannot pass one off as an ID token, or an ID token as one', async () => {
      const { id, idToken } = await world.signIn(connector, 'alice')
      const code = (await world.get(connector, { id, idToken })).code
      assert.equal(code, 'ERR_SSO_ISSUER_UNKNOWN')
    })
  })

  it('knows no assertion of an earlier run or of another connector', async () => {
    const proof = await world.signIn(connector, 'alice')
    const { code } = await world.get(world.connector(), proof)
    assert.equal(code, 'ERR_SSO_ASSERTION_UNKNOWN')
  })

  it('ends with the session, although its time is not over', async () => {
    const proof = await world.signIn(connector, 'alice')
    await world.get(connector, proof)
    connector.forget([proof.id])
    const { code } = await world.get(connector, { ...proof, id: 'again' })
    assert.equal(code, 'ERR_SSO_ASSERTION_UNKNOWN')
  })

  it('is pushed out by newer ones, and then known no more', async () => {
    const small = world.connector({ ports: { limits: { acceptedCount: 1 } } })
    const first = await world.signIn(small, 'alice')
    await world.get(small, first)
    const second = await world.signIn(small, 'bob')
    assert.equal((await world.get(small, first)).code, 'ERR_SSO_ASSERTION_UNKNOWN')
    assert.equal((await world.get(small, second)).body.toString(), 'bob@CORP.EXAMPLE')
  })

  it('lasts as long as the policy says, and no longer than the ticket', async () => {
    const brief = world.connector({ frontEndKerberos: { maxAgeMinutes: 60 } })
    const proof = await world.signIn(brief, 'alice')
    await world.clock.advance(HOUR_MS - 1000)
    assert.equal((await world.get(brief, proof)).error, undefined)
    await world.clock.advance(1000)
    assert.equal((await world.get(brief, proof)).code, 'ERR_SSO_PROOF_EXPIRED')
    const long = world.connector({ frontEndKerberos: { maxAgeMinutes: 1440 } })
    const { exp, iat } = claimsOf(await world.signIn(long, 'alice'))
    assert.ok(Number(exp) - Number(iat) <= 10 * 3600)
    assert.equal(FRONT, 'HTTP/intranet.example')
  })

  it('leaves who is in more groups than an assertion holds to the provider', async () => {
    const memberOf =
      world.directory.accounts.find((each) => each.sAMAccountName === 'alice')?.memberOf ?? []
    const named = (count: number) =>
      Array.from({ length: count }, (_, at) => `a-department-of-this-company-${at + 1000}`)
    try {
      world.directory.change('alice', { memberOf: named(1300) })
      const { idToken } = await world.signIn(connector, 'alice')
      assert.ok(idToken.length > 60_000 && idToken.length <= MAX_PROOF_LENGTH)
      world.directory.change('alice', { memberOf: named(1500) })
      await assert.rejects(world.signIn(world.connector(), 'alice'), {
        code: 'ERR_SSO_NEGOTIATE_UNFIT',
        message: /1500 groups/,
        mend: /groups/,
      })
    } finally {
      world.directory.change('alice', { memberOf })
    }
  })

  it('writes no token and no assertion into the log', async () => {
    const token = await world.token('alice')
    const { assertion } = await connector.signIn({
      app: world.app,
      token,
      channelBinding: undefined,
    })
    await refuse(connector, token)
    const log = JSON.stringify(world.logger)
    assert.ok(!log.includes(assertion))
    assert.ok(!log.includes(Buffer.from(token).toString('base64').slice(100, 140)))
  })
})
