import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SharedWork } from '../../../src/kerberos/client-shared.ts'
import { KerberosClient, type KdcTransport } from '../../../src/kerberos/index.ts'
import { newWorld, random, REALM } from '../../support/kerberos-world.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One piece of work, settled by hand. */
interface Work {
  readonly number: number
  readonly signal: AbortSignal
  readonly resolve: (number: number) => void
  settled: boolean
}

interface Waiter {
  readonly controller: AbortController
  /** The work that was under way when it came. */
  readonly work: Work | undefined
  got: number | 'gave up' | 'failed' | undefined
}

class Model {
  readonly shared = new SharedWork<number>()
  readonly works: Work[] = []
  readonly waiters: Waiter[] = []

  join(): void {
    const controller = new AbortController()
    const joined = this.shared.join('x', this.#start, controller.signal)
    const waiter: Waiter = { controller, work: this.works.at(-1), got: undefined }
    this.waiters.push(waiter)
    joined.then(
      (number) => (waiter.got = number),
      () => (waiter.got = controller.signal.aborted ? 'gave up' : 'failed'),
    )
  }

  readonly #start = (signal: AbortSignal): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    signal.addEventListener('abort', () => {
      reject(new Error('ended'))
    })
    this.works.push({ number: this.works.length, signal, resolve, settled: false })
    return promise
  }

  settle(): void {
    const work = this.works.at(-1)
    if (work === undefined || work.settled || work.signal.aborted) return
    work.settled = true
    work.resolve(work.number)
  }

  leaveAll(): void {
    for (const { controller } of this.waiters) controller.abort()
  }

  check(): void {
    const live = this.works.filter(({ settled, signal }) => !settled && !signal.aborted)
    assert.ok(live.length <= 1, 'two at once')
    for (const { got, work, controller } of this.waiters) {
      assert.notEqual(got, 'failed', 'somebody who waits was hurt')
      if (typeof got === 'number') assert.equal(got, work?.number)
      if (work?.signal.aborted === true) assert.ok(controller.signal.aborted, 'ended too early')
    }
    this.#checkWorks()
  }

  #checkWorks(): void {
    for (const [at, { signal }] of this.works.entries()) {
      const before = this.works[at - 1]
      assert.ok(!signal.aborted || before?.signal.aborted !== true, 'ended twice in a row')
      const waiting = this.waiters.some(({ work, got }) => work?.number === at && got !== 'gave up')
      const spared = before?.signal.aborted === true
      const over = this.works[at]?.settled === true || signal.aborted
      assert.ok(waiting || spared || over, 'goes on for nobody')
    }
  }
}

describe('SharedWork', () => {
  it('is ended when nobody waits any more, hurts nobody who does, and not twice in a row', async () => {
    const step = fc.oneof(
      fc.constant({ kind: 'join' as const }),
      fc.constant({ kind: 'settle' as const }),
      fc.constant({ kind: 'turn' as const }),
      fc.constant({ kind: 'all leave' as const }),
      fc.record({ kind: fc.constant('leave' as const), who: fc.nat(9) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const model = new Model()
        for (const { kind, ...rest } of steps) {
          if (kind === 'join') model.join()
          else if (kind === 'settle') model.settle()
          else if (kind === 'all leave') model.leaveAll()
          else if (kind === 'leave')
            model.waiters[(rest as { who: number }).who]?.controller.abort()
          else {
            await turn()
            model.check()
          }
        }
        model.settle()
        await turn()
        model.check()
        const left = model.waiters.filter(({ got }) => got === undefined)
        assert.deepEqual(left, [], 'somebody was forgotten')
      }),
      { numRuns: 1000 },
    )
  })

  it('is seen through after it was ended once, and may be ended again after that', async () => {
    const model = new Model()
    const ends: boolean[] = []
    for (let round = 0; round < 4; round += 1) {
      model.join()
      model.leaveAll()
      await turn()
      ends.push(model.works.at(-1)?.signal.aborted === true)
      model.settle()
      await turn()
    }
    assert.deepEqual(ends, [true, false, true, false])
  })

  it('is not started by who has given up already', async () => {
    const shared = new SharedWork<number>()
    const start = (): Promise<number> => assert.fail('started')
    await assert.rejects(shared.join('x', start, AbortSignal.abort()), { code: 'ERR_KRB_ABORTED' })
  })
})

describe('a KerberosClient whose callers give up', () => {
  /** A KDC that says nothing while `silent`. */
  function startSilent() {
    const { kdc, clock } = newWorld()
    const asked: AbortSignal[] = []
    const state = { silent: true }
    const transport: KdcTransport = {
      exchange: (realm, octets, signal) => {
        if (!state.silent) return kdc.exchange(realm, octets)
        const { promise, reject } = Promise.withResolvers<Uint8Array>()
        if (signal !== undefined) asked.push(signal)
        signal?.addEventListener('abort', () => {
          reject(new Error('given up'))
        })
        return promise
      },
    }
    const principal = { nameType: 1, nameString: ['CONN1$'] }
    const identity = { principal, realm: REALM, keys: kdc.keytab('CONN1$') }
    const client = new KerberosClient({ identity, transport, clock, random })
    return { client, asked, state }
  }

  for (const [what, ask] of [
    [
      'a ticket-granting ticket',
      (client: KerberosClient, signal: AbortSignal) => client.ticketGrantingTicket(signal),
    ],
    [
      'a service ticket',
      (client: KerberosClient, signal: AbortSignal) =>
        client.ownTicket('HTTP/iwa.corp.example', signal),
    ],
  ] as const) {
    it(`asks for ${what} no longer than somebody waits`, async () => {
      const { client, asked, state } = startSilent()
      const [first, second] = [new AbortController(), new AbortController()]
      const both = [ask(client, first.signal), ask(client, second.signal)]
      const ended = both.map((each) => assert.rejects(each, { code: 'ERR_KRB_ABORTED' }))
      await turn()
      first.abort()
      await turn()
      assert.deepEqual(
        asked.map(({ aborted }) => aborted),
        [false],
      )
      second.abort()
      await Promise.all(ended)
      assert.deepEqual(
        asked.map(({ aborted }) => aborted),
        [true],
      )
      state.silent = false
      await ask(client, new AbortController().signal)
    })
  }
})
