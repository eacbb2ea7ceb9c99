import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameBatch } from '../../../src/tunnel/batch.ts'
import { FLAG_END, FRAME, FrameCursor } from '../../../src/tunnel/frame.ts'
import {
  DEFAULT_LIMITS,
  resolveLimits,
  TunnelError,
  type StreamReason,
} from '../../../src/tunnel/index.ts'
import { checkCapabilities, readHello, writeHello } from '../../../src/tunnel/session-frames.ts'
import { readReason, writeReason } from '../../../src/tunnel/reason.ts'
import * as naive from '../../support/tunnel/naive.ts'

function walk(
  message: Uint8Array,
): { type: number; streamId: number; end: boolean; payload: Buffer }[] {
  const cursor = new FrameCursor(DEFAULT_LIMITS)
  cursor.begin(message)
  const found = []
  while (cursor.next()) {
    const { type, streamId, end } = cursor
    found.push({ type, streamId, end, payload: cursor.payload() })
  }
  return found
}

const ALL = { interim: true, trailers: true, stepUp: true }

const isFrameFault = (error: unknown): boolean =>
  error instanceof TunnelError && error.code === 'ERR_TUNNEL_FRAME'

describe('frame batch', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1, maxLength: 40 })

  it('keeps order and octets over slabs and own messages, judged by a second implementation', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), (lengths, every) => {
        const batch = new FrameBatch()
        const messages: Buffer[] = []
        for (const [n, length] of lengths.entries()) {
          const at = batch.begin(FRAME.DATA, n + 1, length)
          batch.buffer.fill(n & 255, at, at + length)
          if (n % every === 0) messages.push(...batch.take())
        }
        messages.push(...batch.take())
        const found = messages.flatMap((message) => naive.frames(message))
        assert.deepEqual(
          found.map(({ streamId, payload }) => [
            streamId,
            payload.length,
            payload[0],
            payload.at(-1),
          ]),
          lengths.map((length, n) => [n + 1, length, n & 255, n & 255]),
        )
        assert.deepEqual(walk(messages[0] ?? Buffer.alloc(0))[0]?.streamId, 1)
      }),
      { numRuns: 30 },
    )
  })

  it('counts what waits, and gives it out once', () => {
    const batch = new FrameBatch()
    batch.begin(FRAME.PING, 0, 4)
    batch.begin(FRAME.DATA, 1, 20_000)
    batch.begin(FRAME.DRAIN, 0, 0)
    assert.equal(batch.octets, 12 + 20_008 + 8)
    assert.deepEqual(
      batch.take().map(({ length }) => length),
      [12, 20_008, 8],
    )
    assert.equal(batch.octets, 0)
    assert.deepEqual(batch.take(), [])
  })

  it('does not write again into octets that were taken', () => {
    const batch = new FrameBatch()
    batch.begin(FRAME.PING, 0, 4)
    const [first] = batch.take()
    assert.ok(first)
    const before = first.toString('hex')
    for (let i = 0; i < 20_000; i += 1) {
      batch.begin(FRAME.PONG, 0, 4)
      if (i % 100 === 0) batch.take()
    }
    assert.equal(first.toString('hex'), before)
  })
})

describe('memory of large frames', () => {
  const large = (batch: FrameBatch): Buffer => {
    batch.begin(FRAME.DATA, 1, 60_000)
    return batch.buffer
  }

  it('is not touched before its release, and used again after', () => {
    const batch = new FrameBatch()
    const first = large(batch)
    batch.take()
    const { release } = batch
    assert.notEqual(large(batch).buffer, first.buffer)
    batch.take()
    release?.()
    assert.equal(large(batch).buffer, first.buffer)
  })

  it('is not lent for frames that do not fit, nor for small ones', () => {
    const batch = new FrameBatch()
    batch.begin(FRAME.CONTROL, 0, 100_000)
    batch.begin(FRAME.DATA, 1, 100)
    batch.take()
    assert.equal(batch.release, undefined)
  })

  it('is kept within bounds', () => {
    const batch = new FrameBatch()
    for (let i = 0; i < 200; i += 1) large(batch)
    const all = batch.take()
    batch.release?.()
    const again = Array.from({ length: 200 }, () => large(batch).buffer)
    const before = new Set(all.map(({ buffer }) => buffer))
    assert.equal(again.filter((buffer) => before.has(buffer)).length, 64)
  })
})

describe('frame cursor', () => {
  const message = Buffer.concat([
    naive.frame(FRAME.PING, 0, { payload: naive.u32(7) }),
    naive.frame(FRAME.DATA, 3, { payload: Buffer.from('abc'), flags: naive.END }),
    naive.frame(FRAME.CREDIT, 3, { payload: naive.u32(9) }),
  ])

  it('walks every frame of a message', () => {
    assert.deepEqual(
      walk(message).map(({ type, streamId, end, payload }) => [
        type,
        streamId,
        end,
        payload.length,
      ]),
      [
        [FRAME.PING, 0, false, 4],
        [FRAME.DATA, 3, true, 3],
        [FRAME.CREDIT, 3, false, 4],
      ],
    )
  })

  it('refuses a message that is cut anywhere but between frames', () => {
    for (let length = 0; length < message.length; length += 1) {
      if (length === 12 || length === 23) continue
      assert.throws(() => walk(message.subarray(0, length)), isFrameFault, `cut at ${length}`)
    }
  })

  it('never crashes on flipped octets', () => {
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const flipped = Buffer.from(message)
        flipped[at] = (flipped[at] ?? 0) ^ change
        try {
          walk(flipped)
        } catch (error) {
          assert.ok(isFrameFault(error), String(error))
        }
      }),
    )
  })

  const some = Buffer.alloc(4, 1)
  const bad: Record<string, Buffer> = {
    'an empty message': Buffer.alloc(0),
    'an unknown type': naive.frame(11, 0, { payload: some }),
    'type 15': naive.frame(15, 1, { payload: some }),
    'a reserved flag': naive.frame(FRAME.DATA, 1, { payload: some, flags: 2 }),
    'END on CREDIT': naive.frame(FRAME.CREDIT, 1, { payload: some, flags: naive.END }),
    'DATA on stream 0': naive.frame(FRAME.DATA, 0, { payload: some }),
    'PING on a stream': naive.frame(FRAME.PING, 1, { payload: some }),
    'CREDIT of three octets': naive.frame(FRAME.CREDIT, 1, { payload: some.subarray(1) }),
    'CREDIT of five octets': naive.frame(FRAME.CREDIT, 1, { payload: Buffer.alloc(5) }),
    'DATA of nothing without END': naive.frame(FRAME.DATA, 1),
    'DATA beyond 64 KiB': naive.frame(FRAME.DATA, 1, { payload: Buffer.alloc(65_537) }),
    'DRAIN with a payload': naive.frame(FRAME.DRAIN, 0, { payload: some }),
    'a head beyond its limit': naive.frame(FRAME.HEAD, 1, { payload: Buffer.alloc(65_537) }),
    'a control message beyond its limit': naive.frame(FRAME.CONTROL, 0, {
      payload: Buffer.alloc(1_048_577),
    }),
  }
  for (const [what, octets] of Object.entries(bad)) {
    it(`refuses ${what}`, () => {
      assert.throws(() => walk(octets), isFrameFault)
    })
  }

  it('takes END on DATA of nothing', () => {
    assert.equal(walk(naive.frame(FRAME.DATA, 1, { flags: FLAG_END >> 4 }))[0]?.end, true)
  })
})

function on(octets: Buffer): FrameCursor {
  const cursor = new FrameCursor(DEFAULT_LIMITS)
  cursor.begin(octets)
  cursor.next()
  return cursor
}

describe('HELLO', () => {
  const lawful = { version: 1, streamWindowOctets: 1000, maxStreams: 5, capabilities: ['a', 'b=2'] }

  it('comes back as it was sent', () => {
    const batch = new FrameBatch()
    writeHello(lawful, batch)
    const [octets] = batch.take()
    assert.ok(octets)
    assert.deepEqual(octets, naive.hello({ window: 1000, streams: 5, names: ['a', 'b=2'] }))
    assert.deepEqual(readHello(on(octets)), lawful)
  })

  it('is refused when cut anywhere, and when longer', () => {
    const [whole] = naive.frames(naive.hello({ names: ['one', 'two'] }))
    assert.ok(whole)
    const read = (payload: Uint8Array): unknown => readHello(on(naive.frame(0, 0, { payload })))
    for (let length = 0; length < whole.payload.length; length += 1) {
      assert.throws(() => read(whole.payload.subarray(0, length)), isFrameFault)
    }
    assert.throws(() => read(Buffer.concat([whole.payload, Buffer.from('x')])), isFrameFault)
  })

  it('is refused without a window, without streams, or with a malformed capability', () => {
    for (const over of [
      { window: 0 },
      { window: 2 ** 31 },
      { streams: 0 },
      { names: ['a b'] },
      { names: [''] },
    ]) {
      assert.throws(() => readHello(on(naive.hello(over))), isFrameFault)
    }
    assert.throws(() => readHello(on(naive.hello({ version: 0 }))), { code: 'ERR_TUNNEL_VERSION' })
  })

  it('cannot be made with capabilities that do not fit', () => {
    for (const names of [['a b'], [''], ['x'.repeat(65)], Array<string>(33).fill('x')]) {
      assert.throws(() => {
        checkCapabilities(names)
      }, RangeError)
    }
  })
})

describe('reasons', () => {
  const write = (code: string, message: string): Buffer => {
    const batch = new FrameBatch()
    writeReason({ type: FRAME.RESET, streamId: 1, reason: { code, message } }, batch)
    return Buffer.concat(batch.take())
  }

  it('come back as they were sent, a second implementation reads the same', () => {
    const octets = write('ERR_X_1', 'why ☂')
    assert.deepEqual(readReason(on(octets)), { code: 'ERR_X_1', message: 'why ☂' })
    assert.deepEqual(naive.frames(octets)[0]?.payload, naive.reasonPayload('ERR_X_1', 'why ☂'))
  })

  it('are cut to their limit between characters', () => {
    const { message } = readReason(on(write('ERR_X', `x${'☂'.repeat(300)}`)))
    assert.equal(message, `x${'☂'.repeat(170)}`)
  })

  it('with a code that the wire cannot carry become ERR_TUNNEL_ABORTED', () => {
    for (const code of ['', 'lower', 'A B', 'X'.repeat(65)]) {
      assert.equal(readReason(on(write(code, ''))).code, 'ERR_TUNNEL_ABORTED')
    }
  })

  const wished = (wish: Pick<StreamReason, 'acr' | 'maxAgeMinutes'>, withWish = true): Buffer => {
    const batch = new FrameBatch()
    const reason = { code: 'ERR_X', message: 'why', ...wish }
    writeReason({ type: FRAME.RESET, streamId: 1, reason, withWish }, batch)
    return Buffer.concat(batch.take())
  }
  const read = (octets: Uint8Array, takesWish = true): StreamReason => {
    const cursor = new FrameCursor(DEFAULT_LIMITS, { ...ALL, stepUp: takesWish })
    cursor.begin(octets)
    assert.ok(cursor.next())
    return readReason(cursor, takesWish)
  }

  it('say which sign-in would do, to an end that takes it', () => {
    const wishes = [
      { acr: ['urn:a', 'urn:b'], maxAgeMinutes: 5 },
      { acr: ['x'] },
      { maxAgeMinutes: 1 },
    ]
    for (const wish of wishes) {
      assert.deepEqual(read(wished(wish)), { code: 'ERR_X', message: 'why', ...wish })
      const [payload] = naive.frames(wished(wish)).map((each) => each.payload)
      const said = naive.reasonPayload('ERR_X', 'why', wish)
      assert.deepEqual(payload, said)
      assert.throws(() => read(wished(wish), false), isFrameFault)
    }
    const plain = { code: 'ERR_X', message: 'why' }
    assert.deepEqual(read(wished({ acr: ['x'] }, false), false), plain)
    // What the wire cannot carry is left out.
    assert.deepEqual(read(wished({ acr: ['a b'] })), plain)
    assert.deepEqual(read(wished({ acr: ['x'.repeat(1025)], maxAgeMinutes: 3 })), {
      ...plain,
      maxAgeMinutes: 3,
    })
  })

  it('are refused where what they say of a sign-in is malformed', () => {
    const tails = ['00', '00000000', '0000000120', '000000016120', '00000001612020', '000000010a']
    for (const tail of tails) {
      const payload = Buffer.concat([naive.reasonPayload('ERR_X', ''), Buffer.from(tail, 'hex')])
      assert.throws(() => read(naive.frame(FRAME.RESET, 1, { payload })), isFrameFault, tail)
    }
  })

  it('lose control characters on the way in: a peer forges no log line', () => {
    const payload = naive.reasonPayload('ERR_X', 'one\nlevel=error two\u001b[2J')
    const { message } = readReason(on(naive.frame(FRAME.RESET, 1, { payload })))
    assert.equal(message, 'one level=error two [2J')
  })

  it('are refused when cut anywhere or malformed', () => {
    const whole = naive.reasonPayload('ERR_X', 'why')
    const read = (payload: Uint8Array): unknown =>
      readReason(on(naive.frame(FRAME.RESET, 1, { payload })))
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(() => read(whole.subarray(0, length)), isFrameFault)
    }
    assert.throws(() => read(naive.reasonPayload('err', 'why')), isFrameFault)
    assert.throws(() => read(naive.reasonPayload('X'.repeat(66), '')), isFrameFault)
    assert.throws(() => read(naive.reasonPayload('X', 'y'.repeat(513))), isFrameFault)
  })
})

describe('limits', () => {
  it('have defaults, and refuse nonsense', () => {
    assert.deepEqual(resolveLimits(), DEFAULT_LIMITS)
    assert.equal(resolveLimits({ maxStreams: 7 }).maxStreams, 7)
    const bad = [
      { maxStreams: 0 },
      { pingIntervalMs: 1.5 },
      { maxDataOctets: 65_537 },
      { streamWindowOctets: 2 ** 31 },
    ]
    for (const limits of bad) assert.throws(() => resolveLimits(limits), RangeError)
  })
})
