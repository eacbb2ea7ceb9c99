import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SendTicket } from '../../../src/tunnel/index.ts'
import type { Arrival, Mood } from '../../support/sso/iwa-backend.ts'
import { bodyOf, type Outcome } from '../../support/sso/sink.ts'
import { createStage, type Ask, type Stage } from '../../support/sso/stage.ts'
import { appOf } from '../../support/sso/world.ts'

/** How the backend treats one request. */
const MOODS = ['serve', 'serve', 'serve', 'refuse', 'die', 'dieWithin', 'close', 'slow'] as const
type MoodName = (typeof MOODS)[number]

/** What the backend and the app are like, for one whole run. */
interface Manner {
  readonly sendTicket: SendTicket
  /** The backend signs whole connections in. */
  readonly keepsSignIn: boolean
  readonly proves: boolean
  readonly persistentAuth: 'true' | 'false' | undefined
}

interface Step {
  /** 0 is nobody. */
  readonly user: number
  readonly method: 'GET' | 'POST'
  /** A body that can be sent only once. */
  readonly large: boolean
  readonly mood: MoodName
  /** Wait for everything under way before the next step. */
  readonly settle: boolean
  readonly abort: boolean
  readonly flush: boolean
  /** What slow answers wait for. */
  readonly release: boolean
}

const manner: fc.Arbitrary<Manner> = fc.record({
  sendTicket: fc.constantFrom('always', 'on401', 'oncePerConnection', 'oncePerConnection'),
  keepsSignIn: fc.boolean(),
  proves: fc.boolean(),
  persistentAuth: fc.constantFrom(undefined, undefined, 'true', 'false'),
})

const stepOf = (users: number): fc.Arbitrary<Step> =>
  fc.record({
    user: fc.nat({ max: users }),
    method: fc.constantFrom('GET', 'POST'),
    large: fc.nat({ max: 3 }).map((value) => value === 0),
    mood: fc.constantFrom(...MOODS),
    settle: fc.boolean(),
    abort: fc.nat({ max: 5 }).map((value) => value === 0),
    flush: fc.nat({ max: 9 }).map((value) => value === 0),
    release: fc.nat({ max: 3 }).map((value) => value === 0),
  })

const nameOf = (user: number): string => (user === 0 ? 'nobody' : `user${user}`)

/** Answers that a backend takes its time with: others come and go meanwhile. */
class SlowAnswers {
  readonly #held: (() => void)[] = []
  #flowing = false

  hold(answer: () => void): void {
    if (this.#flowing) answer()
    else this.#held.push(answer)
  }

  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  /** Holds nothing up while this is waited for. */
  async settle(running: readonly Promise<unknown>[]): Promise<void> {
    this.#flowing = true
    this.release()
    await Promise.all(running)
    this.#flowing = false
  }
}

/** The mood travels in the path, so that it is known whichever request arrives first. */
const moodOfPath =
  (slow: SlowAnswers): Mood =>
  (arrival, request, response) => {
    const [, asked, mood] = arrival.url.split('/')
    // As a backend with Windows authentication, all but nobody's page wants a sign-in first.
    if (asked !== 'nobody' && arrival.user === undefined) return false
    switch (mood as MoodName) {
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
        slow.hold(() => response.writeHead(200).end(arrival.user ?? 'nobody'))
        return true
      case 'serve':
        if (arrival.user !== undefined) return false
        response.writeHead(200).end('nobody')
        return true
    }
  }

/** Plays the steps; each request has a number in its path. */
async function play(stage: Stage, users: number, steps: readonly Step[]): Promise<void> {
  const slow = new SlowAnswers()
  stage.backend.mood = moodOfPath(slow)
  const open = appOf(stage.app.internalUrl, {
    id: 'open',
    preAuthentication: 'passthrough',
    singleSignOn: 'none',
  })
  const proofs = await Promise.all(
    Array.from({ length: users + 1 }, (_, user) => stage.proof(nameOf(user))),
  )
  let running: Promise<unknown>[] = []
  for (const [number, step] of steps.entries()) {
    const { call, sink } = stage.start({
      ...(step.user === 0 ? { app: open } : { proof: proofs[step.user] }),
      ...contentOf(step),
      target: `/${nameOf(step.user)}/${step.mood}/${number}`,
    })
    if (step.abort) setImmediate(call.abort.bind(call))
    else running.push(sink.outcome.then(checkOutcome.bind(undefined, step)))
    if (step.flush) stage.pipeline.flush({})
    if (step.release) slow.release()
    if (step.settle) running = (await slow.settle(running), [])
  }
  await slow.settle(running)
}

function contentOf({ method, large, user }: Step): Pick<Ask, 'method' | 'body'> {
  const text = `by ${nameOf(user)}`
  if (method === 'GET') return { method }
  return { method, body: bodyOf(text, large ? 'unknown' : undefined) }
}

function checkOutcome({ user }: Step, { code, status, body }: Outcome): void {
  if (code === undefined && status === 200) assert.equal(body.toString(), nameOf(user))
}

/** A request that a backend has taken up as somebody's; what it answered by asking for a ticket was not processed. */
function checkArrival({ url, user, body }: Arrival): void {
  const asked = url.split('/')[1] ?? ''
  if (user !== undefined) assert.equal(user, asked, `a request of ${asked} was ${user}'s`)
  else if (asked === 'nobody') assert.equal(user, undefined)
  if (body !== '') assert.equal(body, `by ${asked}`)
}

/** Invariant 7: what may not be repeated was processed at most once, whatever became of its connection. */
function checkOnce(arrivals: readonly Arrival[]): void {
  const processed = new Set<string>()
  for (const { method, url, user } of arrivals) {
    const [, asked, mood] = url.split('/')
    const challenged = mood === 'refuse' || (asked !== 'nobody' && user === undefined)
    if (method !== 'POST' || challenged) continue
    assert.ok(!processed.has(url), `${url} was delivered twice`)
    processed.add(url)
  }
}

async function run(users: number, how: Manner, steps: readonly Step[]): Promise<void> {
  const stage = await createStage({
    app: { sendTicket: how.sendTicket },
    backendLimits: { socketsPerUser: 2, sockets: users + 3 },
    limits: { expectContinueMs: 1000 },
  })
  for (let user = 1; user <= users; user++) stage.directory.add(nameOf(user))
  const { backend } = stage
  backend.keepsSignIn = how.keepsSignIn
  backend.proves = how.proves
  if (how.persistentAuth !== undefined) backend.fields = { 'Persistent-Auth': how.persistentAuth }
  try {
    await play(stage, users, steps)
    for (const seen of backend.usersByConnection.values()) {
      const signedIn = [...seen].filter((user) => user !== 'nobody')
      assert.ok(signedIn.length <= 1, `one connection was ${signedIn.join(' and ')}'s`)
    }
    for (const askers of askersByConnection(backend.arrivals).values())
      assert.equal(askers.size, 1, `one connection carried requests of ${[...askers].join(', ')}`)
    backend.arrivals.forEach(checkArrival)
    checkOnce(backend.arrivals)
    assert.equal(backend.replays, 0)
  } finally {
    await stage.close()
  }
}

/** Whose requests each connection carried, with a token or without. */
function askersByConnection(arrivals: readonly Arrival[]): ReadonlyMap<number, Set<string>> {
  const askers = new Map<number, Set<string>>()
  for (const { connection, url } of arrivals) {
    const of = askers.get(connection) ?? new Set()
    askers.set(connection, of.add(url.split('/')[1] ?? ''))
  }
  return askers
}

describe('identity isolation and delivery at most once (invariants 1 and 7)', () => {
  for (const [users, most, numRuns] of [
    [2, 25, 60],
    [50, 150, 12],
  ] as const) {
    it(`${users} users, interleaved over kept, dying, slow and signed-in connections in every mode`, async () => {
      const steps = fc.array(stepOf(users), { minLength: users, maxLength: most })
      const property = fc.asyncProperty(manner, steps, (how, list) => run(users, how, list))
      await fc.assert(property, { numRuns })
    })
  }
})
