import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameBatch } from '../../../src/tunnel/batch.ts'
import { FRAME, FrameCursor } from '../../../src/tunnel/frame.ts'
import { readRequestHead, readResponseHead } from '../../../src/tunnel/head-read.ts'
import { writeRequestHead, writeResponseHead } from '../../../src/tunnel/head-write.ts'
import { DEFAULT_LIMITS, TunnelError, type RequestHead } from '../../../src/tunnel/index.ts'
import * as naive from '../../support/tunnel/naive.ts'

const limits = { ...DEFAULT_LIMITS, maxHeadOctets: 4096, maxHeadFields: 20 }

const among = (from: number, to: number, without = ''): fc.Arbitrary<string> =>
  fc
    .integer({ min: from, max: to })
    .map((code) => String.fromCharCode(code))
    .filter((letter) => !without.includes(letter))
const text = (letter: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.string({ unit: letter, minLength, maxLength })
const token = text(among(0x21, 0x7e, '"(),/:;<=>?@[\\]{}'), 1, 30)
const value = text(fc.oneof(among(0x20, 0x7e), among(0x80, 0xff), fc.constant('\t')), 0, 60)
const headers = fc.array(fc.tuple(token, value), { maxLength: 20 }).map((pairs) => pairs.flat())
const id = text(among(0x21, 0x7e), 1, 128)
const request: fc.Arbitrary<RequestHead> = fc.record(
  {
    requestId: id,
    app: id,
    proof: text(among(0x21, 0x7e), 0, 128),
    method: token,
    target: text(fc.oneof(among(0x21, 0x7e, '#'), among(0x80, 0xff)), 0, 80).map(
      (rest) => `/${rest}`,
    ),
    headers,
    bodyLength: fc.option(fc.maxSafeNat(), { nil: undefined }),
  },
  { noNullPrototype: true },
)
const response = fc.record(
  {
    status: fc.oneof(fc.constant(101), fc.integer({ min: 200, max: 599 })),
    headers,
  },
  { noNullPrototype: true },
)

function written(write: (batch: FrameBatch) => void): Buffer {
  const batch = new FrameBatch()
  write(batch)
  return Buffer.concat(batch.take())
}
const encodeRequest = (head: RequestHead): Buffer =>
  written((batch) => {
    writeRequestHead(head, { batch, limits, streamId: 1, end: false })
  })

function on(type: number, payload: Uint8Array): FrameCursor {
  const cursor = new FrameCursor(limits)
  cursor.begin(naive.frame(type, 1, { payload }))
  cursor.next()
  return cursor
}
const decodeRequest = (payload: Uint8Array) => readRequestHead(on(FRAME.OPEN, payload), limits)
const decodeResponse = (payload: Uint8Array) => readResponseHead(on(FRAME.HEAD, payload), limits)

function refuses(read: () => unknown, codes = ['ERR_TUNNEL_HEAD', 'ERR_TUNNEL_FRAME']): void {
  assert.throws(read, (error) => error instanceof TunnelError && codes.includes(error.code))
}

describe('request heads', () => {
  it('come back as they were sent, and a second implementation reads the same', () => {
    fc.assert(
      fc.property(request, (head) => {
        const [frame] = naive.frames(encodeRequest(head))
        assert.ok(frame)
        assert.deepEqual(naive.readOpen(frame.payload), head)
        assert.deepEqual(decodeRequest(frame.payload), head)
        assert.deepEqual(naive.openPayload(head), frame.payload)
      }),
    )
  })

  const sample: RequestHead = {
    requestId: 'r1',
    app: 'a',
    proof: 'p',
    method: 'GET',
    target: '/',
    headers: ['host', 'x', 'cookie', ''],
    bodyLength: 5,
  }

  it('are refused when cut anywhere, and when longer than their lengths say', () => {
    const payload = naive.openPayload(sample)
    for (let length = 0; length < payload.length; length += 1) {
      refuses(() => decodeRequest(payload.subarray(0, length)))
    }
    refuses(() => decodeRequest(Buffer.concat([payload, Buffer.from('x')])))
  })

  it('with a flipped octet are refused or still a lawful head, never a crash', () => {
    const payload = naive.openPayload(sample)
    for (let at = 0; at < payload.length; at += 1) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const flipped = Buffer.from(payload)
        flipped[at] = (flipped[at] ?? 0) ^ bit
        try {
          encodeRequest(decodeRequest(flipped))
        } catch (error) {
          assert.ok(error instanceof TunnelError, String(error))
        }
      }
    }
  })

  const unlawful: Record<string, Partial<RequestHead>> = {
    'a CR LF in a value': { headers: ['a', 'b\r\nc: d'] },
    'a NUL in a value': { headers: ['a', 'b\0'] },
    'a space in a name': { headers: ['a b', 'c'] },
    'a colon in a name': { headers: ['a:', 'c'] },
    'an empty name': { headers: ['', 'c'] },
    'a name of 256 octets': { headers: ['n'.repeat(256), ''] },
    'more fields than allowed': { headers: Array<string>(42).fill('x') },
    'a target without a slash': { target: 'http://other/' },
    'a fragment': { target: '/a#b' },
    'white space in the target': { target: '/a b' },
    'an empty target': { target: '' },
    'a method that is no token': { method: 'GE T' },
    'an empty request id': { requestId: '' },
    'an app id with a space': { app: 'a b' },
    'a proof id beyond 128 octets': { proof: 'p'.repeat(129) },
    'more octets than allowed': { target: `/${'x'.repeat(4096)}` },
  }
  for (const [what, over] of Object.entries(unlawful)) {
    it(`with ${what} are refused by the sender and by the receiver`, () => {
      const head = { ...sample, ...over }
      refuses(() => encodeRequest(head), ['ERR_TUNNEL_HEAD'])
      refuses(() => decodeRequest(naive.openPayload(head)))
    })
  }

  it('with a body length beyond 2^53 - 1 or below 0 are refused', () => {
    const payload = naive.openPayload(sample)
    payload.writeBigUInt64BE(2n ** 53n, 6)
    refuses(() => decodeRequest(payload))
    refuses(() => encodeRequest({ ...sample, bodyLength: -1 }))
    refuses(() => encodeRequest({ ...sample, bodyLength: 0.5 }))
  })

  it('with an odd header list are refused by the sender', () => {
    refuses(() => encodeRequest({ ...sample, headers: ['a'] }))
  })

  it('leave nothing behind when they are refused', () => {
    const batch = new FrameBatch()
    refuses(() => {
      writeRequestHead({ ...sample, method: ' ' }, { batch, limits, streamId: 1, end: false })
    })
    assert.deepEqual(batch.take(), [])
  })
})

describe('response heads', () => {
  it('come back as they were sent, and a second implementation reads the same', () => {
    fc.assert(
      fc.property(response, (head) => {
        const octets = written((batch) => {
          writeResponseHead(head, { batch, limits, streamId: 9, end: true })
        })
        const [frame] = naive.frames(octets)
        assert.ok(frame)
        assert.equal(frame.flags, naive.END)
        assert.deepEqual(naive.readHead(frame.payload), head)
        assert.deepEqual(decodeResponse(frame.payload), head)
      }),
    )
  })

  it('are refused when cut anywhere', () => {
    const payload = naive.headPayload(200, ['a', 'b', 'c', 'd'])
    for (let length = 0; length < payload.length; length += 1) {
      refuses(() => decodeResponse(payload.subarray(0, length)))
    }
  })

  for (const status of [0, 100, 103, 102, 199, 600, 65_535]) {
    it(`with status ${status} are refused`, () => {
      refuses(() => decodeResponse(naive.headPayload(status, [])))
    })
  }

  it('with a status that is no integer are refused by the sender', () => {
    const head = { status: 200.5, headers: [] }
    refuses(() =>
      written((batch) => {
        writeResponseHead(head, { batch, limits, streamId: 1, end: false })
      }),
    )
  })
})
