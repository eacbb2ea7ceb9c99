import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { createLabPipeline, type LabPipeline } from '../support/sso/lab-pipeline.ts'
import { valuesOf, type Outcome } from '../support/sso/sink.ts'

const lab = sharedLab()

/** What /whoami of the lab's Apache and the EPA backend say. */
function userOf(outcome: Outcome): string | undefined {
  assert.equal(outcome.error, undefined)
  return /[a-z0-9]+@CORP\.EXAMPLE/.exec(outcome.body.toString())?.[0]
}

describe(
  'the pipeline with a real KDC, directory and backends',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    let world: LabPipeline
    before(async () => {
      world = await createLabPipeline(lab)
    })
    after(() => world.close())

    it('a hundred first requests of alice take one S4U pair', async () => {
      const proof = await world.proof('alice@corp.example')
      const url = `${lab.backends.iwa.origin}/whoami`
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => world.get(url, proof)))
      assert.deepEqual(new Set(outcomes.map(userOf)), new Set(['alice@CORP.EXAMPLE']))
      const { impersonations, delegations, tokens } = world.pipeline.counters
      assert.deepEqual([impersonations, delegations, tokens], [1, 1, 100])
    })

    it("verifies Apache's proof of identity", async () => {
      const { mutualVerified } = world.pipeline.counters
      await world.get(`${lab.backends.iwa.origin}/whoami`, await world.proof('alice@corp.example'))
      assert.ok(world.pipeline.counters.mutualVerified > mutualVerified)
    })

    it('bob, who signs in with another suffix, is bob', async () => {
      const outcome = await world.get(
        `${lab.backends.iwa.origin}/whoami`,
        await world.proof('robert@contoso.test'),
      )
      assert.equal(userOf(outcome), 'bob@CORP.EXAMPLE')
    })

    it('carol, who is sensitive, is refused by the flag', async () => {
      const outcome = await world.get(
        `${lab.backends.iwa.origin}/whoami`,
        await world.proof('carol@corp.example'),
      )
      assert.equal(outcome.code, 'ERR_SSO_NOT_DELEGATABLE')
      assert.match(outcome.error?.message ?? '', /sensitive/)
    })

    const refused = {
      'dave@corp.example': 'ERR_SSO_NOT_DELEGATABLE',
      'erin@corp.example': 'ERR_SSO_ACCOUNT_DISABLED',
      'ghost@corp.example': 'ERR_SSO_ACCOUNT_UNKNOWN',
      'administrator@corp.example': 'ERR_SSO_NEVER_IMPERSONATE',
      'alice@evil.example': 'ERR_SSO_LOGIN_REFUSED',
    }
    for (const [login, code] of Object.entries(refused)) {
      it(`${login} is refused with ${code}`, async () => {
        const outcome = await world.get(
          `${lab.backends.iwa.origin}/whoami`,
          await world.proof(login),
        )
        assert.equal(outcome.code, code)
      })
    }

    it('keeps two users apart on a backend that signs whole connections in', async () => {
      const people = [
        { proof: await world.proof('alice@corp.example'), expected: 'alice@CORP.EXAMPLE' },
        { proof: await world.proof('robert@contoso.test'), expected: 'bob@CORP.EXAMPLE' },
      ]
      const connections = new Map<string, Set<string>>()
      const lane = async (first: number): Promise<void> => {
        for (let count = 0; count < 40; count++) {
          const person = people[(first + count) % 2]
          assert.ok(person)
          const outcome = await world.get(`${lab.backends.bound.origin}/whoami`, person.proof)
          assert.equal(userOf(outcome), person.expected)
          const [connection = ''] = valuesOf(outcome.headers, 'x-lab-connection')
          connections.set(
            connection,
            (connections.get(connection) ?? new Set()).add(person.expected),
          )
        }
      }
      await Promise.all([0, 1, 2, 3, 4, 5].map(lane))
      assert.ok([...connections.values()].every((users) => users.size === 1))
      assert.ok(connections.size < 100, 'connections were kept alive')
    })

    it('binds the token to the channel for a backend that demands it', async () => {
      const proof = await world.proof('alice@corp.example')
      for (let count = 0; count < 3; count++) {
        const outcome = await world.get(`${lab.backends.epa.origin}/`, proof)
        assert.equal(outcome.status, 200)
        assert.deepEqual(JSON.parse(outcome.body.toString()), {
          user: 'alice@CORP.EXAMPLE',
          bound: true,
          reason: null,
        })
      }
    })

    it('passes a large response whole', async () => {
      const outcome = await world.get(
        `${lab.backends.iwa.origin}/large`,
        await world.proof('alice@corp.example'),
      )
      assert.equal(outcome.body.length, 32 * 1024 * 1024)
    })

    it("says so when the SPN is in nobody's list", async () => {
      const outcome = await world.get(
        `${lab.backends.other.origin}/whoami`,
        await world.proof('alice@corp.example'),
      )
      assert.equal(outcome.code, 'ERR_KRB_DELEGATION_REFUSED')
    })

    it('requires the proof of the backend where the policy says so', async () => {
      const strict = await createLabPipeline(lab, { row: { mutualAuthentication: 'required' } })
      try {
        const proof = await strict.proof('alice@corp.example')
        for (const backend of [lab.backends.iwa, lab.backends.bound]) {
          for (let count = 0; count < 2; count++) {
            assert.equal(
              userOf(await strict.get(`${backend.origin}/whoami`, proof)),
              'alice@CORP.EXAMPLE',
            )
          }
        }
      } finally {
        await strict.close()
      }
    })

    it('refuses a connector without protocol transition', async () => {
      const other = await createLabPipeline(lab, { account: 'CONN2' })
      try {
        const outcome = await other.get(
          `${lab.backends.iwa.origin}/whoami`,
          await other.proof('alice@corp.example'),
        )
        assert.equal(outcome.code, 'ERR_KRB_NOT_FORWARDABLE')
      } finally {
        await other.close()
      }
    })
  },
)
