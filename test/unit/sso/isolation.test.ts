import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bodyOf } from '../../support/sso/sink.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'
import { appOf } from '../../support/sso/world.ts'
import type { Arrival, Mood } from '../../support/sso/iwa-backend.ts'

/** How the backend treats one request. */
const MOODS = ['serve', 'serve', 'serve', 'refuse', 'die', 'dieWithin', 'close', 'slow'] as const
type MoodName = (typeof MOODS)[number]

interface Step {
  readonly user: 'alice' | 'bob' | 'carol' | 'nobody'
  readonly method: 'GET' | 'POST'
  readonly mood: MoodName
  /** Wait for everything under way before the next step. */
  readonly settle: boolean
  readonly abort: boolean
  readonly flush: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  user: fc.constantFrom('alice', 'bob', 'carol', 'nobody'),
  method: fc.constantFrom('GET', 'POST'),
  mood: fc.constantFrom(...MOODS),
  settle: fc.boolean(),
  abort: fc.nat({ max: 5 }).map((value) => value === 0),
  flush: fc.nat({ max: 9 }).map((value) => value === 0),
})

/** The mood travels in the path, so that it is known whichever request arrives first. */
const moodOfPath: Mood = (arrival, request, response) => {
  switch (arrival.url.split('/')[2] as MoodName) {
    case 'refuse':
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end('no')
      return true
    case 'die':
      request.socket.destroy()
      return true
    case 'dieWithin':
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half', () => request.socket.destroy())
      return true
    case 'close':
      response.writeHead(200, { Connection: 'close' }).end(arrival.user ?? 'nobody')
      return true
    case 'slow':
      setImmediate(() => response.writeHead(200).end(arrival.user ?? 'nobody'))
      return true
    case 'serve':
      if (arrival.user !== undefined || request.url?.startsWith('/nobody') !== true) return false
      response.writeHead(200).end('nobody')
      return true
  }
}

async function play(stage: Stage, steps: readonly Step[]): Promise<void> {
  const open = appOf(stage.app.internalUrl, {
    id: 'open',
    preAuthentication: 'passthrough',
    singleSignOn: 'none',
  })
  const proofs = {
    alice: await stage.proof('alice'),
    bob: await stage.proof('bob'),
    carol: await stage.proof('carol'),
  }
  stage.backend.mood = moodOfPath
  let running: Promise<unknown>[] = []
  for (const { user, method, mood, settle, abort, flush } of steps) {
    const ask = {
      ...(user === 'nobody' ? { app: open } : { proof: proofs[user] }),
      method,
      target: `/${user}/${mood}`,
      ...(method === 'POST' ? { body: bodyOf(`by ${user}`) } : {}),
    }
    const { call, sink } = stage.start(ask)
    if (abort)
      setImmediate(() => {
        call.abort()
      })
    else
      running.push(
        sink.outcome.then((outcome) => {
          checkOutcome(user, outcome)
        }),
      )
    if (flush) stage.pipeline.flush({})
    if (settle) running = (await Promise.all(running), [])
  }
  await Promise.all(running)
}

function checkOutcome(
  user: string,
  outcome: { status: number; body: Buffer; code: string | undefined },
): void {
  if (outcome.code === undefined && outcome.status === 200)
    assert.equal(outcome.body.toString(), user)
}

function checkArrival({ url, user, body }: Arrival): void {
  const asked = url.split('/')[1]
  assert.equal(
    user ?? 'nobody',
    asked,
    `a request of ${asked ?? ''} carried a ticket of ${user ?? 'nobody'}`,
  )
  if (body !== '') assert.equal(body, `by ${asked ?? ''}`)
}

describe('identity isolation (invariant 1)', () => {
  it('never mixes users on a connection, however requests and failures interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 25 }), async (steps) => {
        const stage = await createStage({ backendLimits: { socketsPerUser: 2, sockets: 5 } })
        try {
          await play(stage, steps)
          for (const users of stage.backend.usersByConnection.values()) assert.equal(users.size, 1)
          for (const arrival of stage.backend.arrivals) checkArrival(arrival)
          assert.equal(stage.backend.replays, 0)
        } finally {
          await stage.close()
        }
      }),
      { numRuns: 40 },
    )
  })
})
