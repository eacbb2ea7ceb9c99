import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameBatch } from '../../../src/tunnel/batch.ts'
import { FrameCursor } from '../../../src/tunnel/frame.ts'
import { readInterimHead, readTrailers } from '../../../src/tunnel/head-read.ts'
import { trailersPayload, writeInterimHead } from '../../../src/tunnel/head-write.ts'
import {
  DEFAULT_LIMITS,
  HTTP_CAPABILITIES,
  isTrailerName,
  TunnelError,
} from '../../../src/tunnel/index.ts'
import * as naive from '../../support/tunnel/naive.ts'
import { openRecorded } from '../../support/tunnel/recorder.ts'
import { DATA, HEAD, OPEN, Solo } from '../../support/tunnel/solo.ts'

const limits = { ...DEFAULT_LIMITS, maxHeadOctets: 4096, maxHeadFields: 20 }
const both = { interim: true, trailers: true, stepUp: true }
const able = { capabilities: HTTP_CAPABILITIES }
const names = [...HTTP_CAPABILITIES]

const INTERIM = (id: number, status = 103, headers = ['link', '</a>']): Buffer =>
  naive.frame(naive.TYPE.INTERIM, id, { payload: naive.headPayload(status, headers) })
const TRAILERS = (id: number, fields = ['x-sum', '1'], flags = naive.END): Buffer =>
  naive.frame(naive.TYPE.TRAILERS, id, { payload: naive.trailersPayload(fields), flags })

const pairs = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.stringMatching(/^[ -~]{0,20}$/)), {
    minLength: 1,
    maxLength: 20,
  })
  .map((list) => list.flat())

function at(type: number, payload: Uint8Array): FrameCursor {
  const cursor = new FrameCursor(limits, both)
  const flags = type === naive.TYPE.TRAILERS ? naive.END : 0
  cursor.begin(naive.frame(type, 1, { payload, flags }))
  cursor.next()
  return cursor
}
const decodeInterim = (payload: Uint8Array) => readInterimHead(at(11, payload), limits)
const decodeTrailers = (payload: Uint8Array) => readTrailers(at(12, payload), limits)

function refuses(read: () => unknown): void {
  const codes = ['ERR_TUNNEL_HEAD', 'ERR_TUNNEL_FRAME']
  assert.throws(read, (error) => error instanceof TunnelError && codes.includes(error.code))
}

describe('interim heads', () => {
  it('come back as they were sent, and a second implementation reads the same', () => {
    const status = fc.integer({ min: 100, max: 199 }).filter((each) => each !== 101)
    fc.assert(
      fc.property(status, pairs, (code, headers) => {
        const batch = new FrameBatch()
        const head = { status: code, headers }
        writeInterimHead(head, { batch, limits, streamId: 7, end: false })
        const [frame] = naive.frames(Buffer.concat(batch.take()))
        assert.ok(frame)
        assert.deepEqual([frame.type, frame.flags, frame.streamId], [naive.TYPE.INTERIM, 0, 7])
        assert.deepEqual(naive.readHead(frame.payload), head)
        assert.deepEqual(decodeInterim(frame.payload), head)
      }),
    )
  })

  it('are refused when cut anywhere, and with any other status', () => {
    const payload = naive.headPayload(103, ['a', 'b', 'c', 'd'])
    for (let length = 0; length < payload.length; length += 1) {
      refuses(() => decodeInterim(payload.subarray(0, length)))
    }
    for (const status of [0, 99, 101, 200, 65_535]) {
      refuses(() => decodeInterim(naive.headPayload(status, [])))
      const out = { batch: new FrameBatch(), limits, streamId: 1, end: false }
      refuses(() => {
        writeInterimHead({ status, headers: [] }, out)
      })
    }
  })
})

describe('trailers', () => {
  it('come back as they were sent, and a second implementation reads the same', () => {
    fc.assert(
      fc.property(pairs, (fields) => {
        const payload = trailersPayload(fields, limits)
        assert.deepEqual(payload, naive.trailersPayload(fields))
        assert.deepEqual(naive.readTrailers(payload), fields)
        assert.deepEqual(decodeTrailers(payload), fields)
      }),
    )
  })

  it('are refused when cut anywhere, empty, too many, or with a line in them', () => {
    const payload = naive.trailersPayload(['a', 'b', 'c', 'd'])
    for (let length = 0; length < payload.length; length += 1) {
      refuses(() => decodeTrailers(payload.subarray(0, length)))
    }
    const bad = [[], Array<string>(42).fill('x'), ['a', 'b\r\nc: d'], ['a b', 'c'], ['', 'c']]
    for (const fields of bad) refuses(() => decodeTrailers(naive.trailersPayload(fields)))
    for (const fields of bad.slice(1)) refuses(() => trailersPayload(fields, limits))
  })

  it('hold nothing that frames, routes, modifies or authenticates', () => {
    const forbidden = ['Content-Length', 'transfer_encoding', 'HOST', 'Set-Cookie', 'authorization']
    const more = ['Range', 'If-Match', 'Content-Type', 'Sec-Fetch-Mode', 'X.Forwarded.For', 'TE']
    for (const name of [...forbidden, ...more]) assert.equal(isTrailerName(name), false, name)
    for (const name of ['ETag', 'Digest', 'Server-Timing', 'x-amz-checksum-crc32', 'grpc-status'])
      assert.equal(isTrailerName(name), true, name)
  })
})

describe('optional frames', () => {
  it('are unknown to an end that has not announced them', () => {
    for (const frame of [INTERIM(1), TRAILERS(1)]) {
      const solo = new Solo('gateway').ready({ names })
      openRecorded(solo.session, {}, false)
      solo.receive(frame)
      assert.equal(solo.closeCode(), 'ERR_TUNNEL_FRAME')
    }
  })

  it('are not sent to a peer that has not announced them', () => {
    const solo = new Solo('connector', able).ready({ names: ['other'] })
    solo.side.onStream = (_recorder, stream) => {
      stream.sendInterim({ status: 103, headers: [] })
      stream.sendHead({ status: 200, headers: [] })
      stream.endWithTrailers(['x-sum', '1'])
    }
    solo.receive(OPEN(1, naive.END))
    assert.deepEqual(
      solo.sent().map(({ type, flags }) => [type, flags]),
      [[naive.TYPE.HEAD, naive.END]],
    )
  })

  it('reach the handler in order, without what must not stand in trailers', () => {
    const solo = new Solo('gateway', able).ready({ names })
    const told: string[] = []
    const recorder = openRecorded(solo.session)
    recorder.onChange = () =>
      told.push(`${recorder.interims.length} ${recorder.head?.status ?? ''}`)
    const fields = ['x-sum', '1', 'Set-Cookie', 'a=b', 'x-two', '2']
    solo.receive(INTERIM(1), INTERIM(1, 100, []), HEAD(1), DATA(1, 'x'), TRAILERS(1, fields))
    assert.deepEqual(told, ['1 ', '2 ', '2 200', '2 200', '2 200'])
    assert.deepEqual(recorder.interims[0], { status: 103, headers: ['link', '</a>'] })
    assert.deepEqual(recorder.trailers, ['x-sum', '1', 'x-two', '2'])
    assert.deepEqual([recorder.ends, solo.session.openStreams], [1, 0])
  })

  it('end the request’s direction at the connector', () => {
    const solo = new Solo('connector', able).ready({ names })
    solo.receive(OPEN(1), DATA(1, 'body'), TRAILERS(1))
    const [stream] = solo.side.streams
    assert.deepEqual([stream?.text, stream?.ends, stream?.trailers], ['body', 1, ['x-sum', '1']])
    solo.receive(DATA(1, 'more'))
    assert.equal(solo.closeCode(), 'ERR_TUNNEL_STATE')
  })

  it('wait for the credit of the data before them', () => {
    const solo = new Solo('connector', able).ready({ names, window: 4 })
    solo.side.onStream = (_recorder, stream) => {
      stream.sendHead({ status: 200, headers: [] })
      stream.write(Buffer.from('123456'))
      stream.endWithTrailers(['x-sum', '1', 'cookie', 'never'])
    }
    solo.receive(OPEN(1, naive.END))
    assert.deepEqual(
      solo.sent().map(({ type, flags }) => [type, flags]),
      [
        [naive.TYPE.HEAD, 0],
        [naive.TYPE.DATA, 0],
      ],
    )
    solo.receive(naive.frame(naive.TYPE.CREDIT, 1, { payload: naive.u32(10) }))
    const [data, last] = solo.sent()
    assert.deepEqual([data?.payload.toString(), data?.flags], ['56', 0])
    assert.deepEqual([last?.type, last?.flags], [naive.TYPE.TRAILERS, naive.END])
    assert.deepEqual(naive.readTrailers(last?.payload ?? Buffer.alloc(0)), ['x-sum', '1'])
    assert.equal(solo.session.openStreams, 0)
  })

  it('are violations out of place', () => {
    const cases: readonly (readonly ['gateway' | 'connector', Buffer[], string])[] = [
      ['gateway', [HEAD(1), INTERIM(1)], 'ERR_TUNNEL_STATE'],
      ['connector', [OPEN(1), INTERIM(1)], 'ERR_TUNNEL_STATE'],
      ['gateway', [TRAILERS(1)], 'ERR_TUNNEL_STATE'],
      ['gateway', [HEAD(1, naive.END), TRAILERS(1)], 'ERR_TUNNEL_STATE'],
      ['connector', [OPEN(1, naive.END), TRAILERS(1)], 'ERR_TUNNEL_STATE'],
      ['gateway', [HEAD(1), TRAILERS(1, ['a', 'b'], 0)], 'ERR_TUNNEL_FRAME'],
      [
        'gateway',
        [naive.frame(11, 1, { payload: naive.headPayload(103, []), flags: 1 })],
        'ERR_TUNNEL_FRAME',
      ],
      ['gateway', [naive.frame(13, 1)], 'ERR_TUNNEL_FRAME'],
      ['gateway', [INTERIM(1, 200)], 'ERR_TUNNEL_HEAD'],
    ]
    for (const [role, frames, code] of cases) {
      const solo = new Solo(role, able).ready({ names })
      if (role === 'gateway') openRecorded(solo.session, {}, false)
      solo.receive(...frames)
      assert.equal(solo.closeCode(), code)
    }
  })

  it('are bounded: interim heads beyond the limit are passed over on both sides', () => {
    const limits = { maxInterimHeads: 2 }
    const taking = new Solo('gateway', { ...able, limits }).ready({ names })
    const recorder = openRecorded(taking.session)
    taking.receive(...Array.from({ length: 5 }, () => INTERIM(1)), HEAD(1, naive.END))
    assert.deepEqual([recorder.interims.length, recorder.ends], [2, 1])
    const giving = new Solo('connector', { ...able, limits }).ready({ names })
    giving.side.onStream = (_recorder, stream) => {
      for (let n = 0; n < 5; n += 1) stream.sendInterim({ status: 103, headers: [] })
    }
    giving.receive(OPEN(1, naive.END))
    assert.equal(giving.sent().length, 2)
  })

  it('harm nobody but their own stream where a handler throws', () => {
    for (const frames of [[INTERIM(1)], [HEAD(1), TRAILERS(1)]]) {
      const solo = new Solo('gateway', able).ready({ names })
      const recorder = openRecorded(solo.session, {}, false)
      const boom = (): void => {
        throw new Error('boom')
      }
      recorder.onInterim = boom
      recorder.onTrailers = boom
      solo.receive(...frames)
      assert.equal(recorder.resets[0]?.code, 'ERR_TUNNEL_HANDLER')
      assert.deepEqual([solo.session.closed, recorder.ends], [false, 0])
    }
  })
})
