/** When the ticket is sent, and in which form: with Apache's mod_auth_gssapi and the backend that insists on bindings. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { AppSettings } from '../../src/tunnel/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import {
  createLabPipeline,
  type LabPipeline,
  type LabPipelineOptions,
} from '../support/sso/lab-pipeline.ts'
import { bodyOf, valuesOf, type Outcome } from '../support/sso/sink.ts'

const lab = sharedLab()
const ALICE = 'alice@CORP.EXAMPLE'
const MODES = ['always', 'on401', 'oncePerConnection'] as const

function userOf(outcome: Outcome): string | undefined {
  assert.equal(outcome.error, undefined)
  return /[a-z0-9]+@CORP\.EXAMPLE/.exec(outcome.body.toString())?.[0]
}

describe('sending tickets to real backends', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { iwa, bound, epa } = lab.backends

  async function through(
    options: LabPipelineOptions,
    test: (world: LabPipeline) => Promise<void>,
  ): Promise<void> {
    const world = await createLabPipeline(lab ?? assert.fail(), options)
    try {
      await test(world)
    } finally {
      await world.close()
    }
  }
  const settings = (app: Partial<AppSettings>, row = {}): LabPipelineOptions => ({ app, row })

  async function several(world: LabPipeline, origin: string): Promise<readonly Outcome[]> {
    const proof = await world.proof('alice@corp.example')
    const outcomes: Outcome[] = []
    for (let n = 0; n < 10; n++) outcomes.push(await world.get(`${origin}/whoami`, proof))
    assert.deepEqual(new Set(outcomes.map(userOf)), new Set([ALICE]))
    return outcomes
  }

  for (const mutualAuthentication of ['required', 'wanted', 'off']) {
    it(`oncePerConnection: one token for ten requests, proof of the backend ${mutualAuthentication}`, async () => {
      const options = settings({ sendTicket: 'oncePerConnection' }, { mutualAuthentication })
      await through(options, async (world) => {
        const outcomes = await several(world, bound.origin)
        const connections = new Set(
          outcomes.flatMap(({ headers }) => valuesOf(headers, 'x-lab-connection')),
        )
        assert.equal(connections.size, 1)
        const { requests, tokens, mutualVerified, asked } = world.pipeline.counters
        assert.deepEqual([requests, tokens, asked], [10, 1, 0])
        assert.equal(mutualVerified, mutualAuthentication === 'off' ? 0 : 1)
      })
    })
  }

  it('oncePerConnection: keeps two users apart, with no more tokens than connections', async () => {
    await through(settings({ sendTicket: 'oncePerConnection' }), async (world) => {
      const people = [
        { proof: await world.proof('alice@corp.example'), expected: ALICE },
        { proof: await world.proof('robert@contoso.test'), expected: 'bob@CORP.EXAMPLE' },
      ]
      const connections = new Map<string, Set<string>>()
      const lane = async (first: number): Promise<void> => {
        for (let count = 0; count < 60; count++) {
          const person = people[(first + count) % 2] ?? assert.fail()
          const outcome = await world.get(`${bound.origin}/whoami`, person.proof)
          assert.equal(userOf(outcome), person.expected)
          const [connection = ''] = valuesOf(outcome.headers, 'x-lab-connection')
          const users = connections.get(connection) ?? new Set()
          connections.set(connection, users.add(person.expected))
        }
      }
      await Promise.all([0, 1, 2, 3, 4, 5].map(lane))
      assert.ok([...connections.values()].every((users) => users.size === 1))
      const { requests, tokens } = world.pipeline.counters
      assert.equal(requests, 360)
      assert.ok(tokens <= connections.size, `${tokens} tokens, ${connections.size} connections`)
    })
  })

  it('oncePerConnection: learns that a backend signs requests in one by one', async () => {
    await through(settings({ sendTicket: 'oncePerConnection' }), async (world) => {
      await several(world, iwa.origin)
      const { tokens, asked } = world.pipeline.counters
      assert.deepEqual([tokens, asked], [10, 1])
    })
  })

  it('on401: each request once without a ticket and once with one, on one connection', async () => {
    await through(settings({ sendTicket: 'on401' }), async (world) => {
      const outcomes = await several(world, iwa.origin)
      const connections = new Set(
        outcomes.flatMap(({ headers }) => valuesOf(headers, 'x-lab-connection')),
      )
      assert.equal(connections.size, 1)
      const { tokens, asked, retried } = world.pipeline.counters
      assert.deepEqual([tokens, asked, retried], [10, 10, 0])
    })
  })

  it('always: a ticket with every request', async () => {
    await through(settings({ sendTicket: 'always' }), async (world) => {
      await several(world, iwa.origin)
      const { tokens, asked, mutualVerified } = world.pipeline.counters
      assert.deepEqual([tokens, asked, mutualVerified], [10, 0, 10])
    })
  })

  for (const sendTicket of MODES) {
    it(`${sendTicket}: bound to the channel, for a backend that demands it`, async () => {
      await through(settings({ sendTicket }), async (world) => {
        const outcomes = await several(world, epa.origin)
        for (const { body } of outcomes)
          assert.deepEqual(JSON.parse(body.toString()), { user: ALICE, bound: true, reason: null })
      })
    })

    it(`${sendTicket}: the Kerberos token alone, without SPNEGO`, async () => {
      const options = settings(
        { sendTicket, tokenFormat: 'kerberos' },
        { mutualAuthentication: 'required' },
      )
      await through(options, async (world) => {
        await several(world, iwa.origin)
        await several(world, bound.origin)
      })
    })

    it(`${sendTicket}: a large upload arrives whole and once`, async () => {
      await through(settings({ sendTicket }), async (world) => {
        const proof = await world.proof('alice@corp.example')
        const text = 'sallyport '.repeat(500_000)
        const sha1 = createHash('sha1').update(text).digest('hex')
        for (const origin of [iwa.origin, iwa.tlsOrigin, bound.origin]) {
          const outcome = await world.put(`${origin}/echo`, proof, bodyOf(text))
          assert.equal(userOf(outcome), ALICE)
          const { length, sha1: arrived } = JSON.parse(outcome.body.toString()) as {
            length: number
            sha1: string
          }
          assert.deepEqual([length, arrived], [text.length, sha1])
        }
        assert.equal(world.pipeline.counters.asked, sendTicket === 'on401' ? 3 : 0)
      })
    })
  }

  it('passes a 401 of an application that has accepted the ticket', async () => {
    await through({}, async (world) => {
      const proof = await world.proof('alice@corp.example')
      const outcome = await world.get(`${iwa.origin}/status/401`, proof)
      assert.deepEqual([outcome.status, outcome.code], [401, undefined])
    })
  })
})
