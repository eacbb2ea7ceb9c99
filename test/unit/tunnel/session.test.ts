import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TunnelError, type StreamHandler } from '../../../src/tunnel/index.ts'
import {
  END,
  frame,
  hello,
  readOpen,
  readReason,
  reasonPayload,
  TYPE,
} from '../../support/tunnel/naive.ts'
import { openRecorded, requestHead } from '../../support/tunnel/recorder.ts'
import { connector, CREDIT, DATA, gateway, HEAD, OPEN, Solo } from '../../support/tunnel/solo.ts'

describe('handshake', () => {
  it('begins with the connector’s HELLO, with its window and streams', () => {
    const solo = new Solo('connector', { limits: { streamWindowOctets: 99, maxStreams: 7 } })
    const [first] = solo.sent()
    assert.ok(first)
    assert.deepEqual(
      frame(first.type, 0, { payload: first.payload }),
      hello({ window: 99, streams: 7 }),
    )
  })

  it('is answered by the gateway, in one message with what its owner says first', () => {
    const solo = new Solo('gateway')
    solo.side.onReady = (session) => {
      session.sendControl({ type: 'flush' })
    }
    assert.deepEqual(solo.sent(), [])
    solo.receive(hello())
    assert.deepEqual(
      solo.sent().map(({ type }) => type),
      [TYPE.HELLO, TYPE.CONTROL],
    )
    assert.equal(solo.carrier.sent.length, 1)
  })

  it('opens nothing before the peer’s HELLO', () => {
    const solo = new Solo('gateway')
    assert.throws(() => openRecorded(solo.session), { code: 'ERR_TUNNEL_CLOSED' })
  })

  it('speaks its own revision with a newer peer', () => {
    const solo = new Solo('gateway').ready({ version: 9 })
    assert.equal(solo.session.peer.version, 1)
  })

  it('may be refused by CLOSE alone, which says why', () => {
    const payload = reasonPayload('ERR_TUNNEL_VERSION', 'too old')
    const solo = new Solo('connector').receive(frame(TYPE.CLOSE, 0, { payload }))
    assert.deepEqual(solo.side.closes, [{ code: 'ERR_TUNNEL_VERSION', message: 'too old' }])
  })

  it('gives up without a HELLO in time', async () => {
    const solo = new Solo('gateway')
    await solo.clock.advance(9999)
    assert.equal(solo.session.closed, false)
    await solo.clock.advance(1)
    assert.equal(solo.side.closes[0]?.code, 'ERR_TUNNEL_TIMEOUT')
    assert.equal(solo.closeCode(), 'ERR_TUNNEL_TIMEOUT')
    assert.equal(solo.clock.pending, 0)
  })

  const wrong = { 'another frame first': [OPEN(1)], 'a second HELLO': [hello(), hello()] }
  for (const [what, frames] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      const solo = new Solo('connector').receive(...frames)
      assert.equal(solo.closeCode(), 'ERR_TUNNEL_HANDSHAKE')
      assert.equal(solo.carrier.closeCode, 1002)
    })
  }
})

describe('streams at the gateway', () => {
  it('number from 1 and carry what was given', () => {
    const solo = gateway()
    openRecorded(solo.session, { target: '/one' })
    openRecorded(solo.session, { target: '/two' })
    const opens = solo.sent()
    assert.deepEqual(
      opens.map(({ streamId }) => streamId),
      [1, 2],
    )
    assert.deepEqual(
      opens.map(({ payload }) => readOpen(payload).target),
      ['/one', '/two'],
    )
  })

  it('use no id for a head that was refused', () => {
    const solo = gateway()
    assert.throws(() => openRecorded(solo.session, { method: '' }), TunnelError)
    openRecorded(solo.session)
    assert.equal(solo.sent()[0]?.streamId, 1)
  })

  it('refuse a head and refuse data after the end', () => {
    const { stream } = openRecorded(gateway().session)
    assert.throws(() => {
      stream.sendHead({ status: 200, headers: [] })
    }, TypeError)
    assert.throws(() => stream.write(Buffer.from('x')), TypeError)
  })

  it('are told of the end once, even when it rides on the head', () => {
    const solo = gateway()
    const one = openRecorded(solo.session)
    solo.receive(HEAD(1, END))
    assert.equal(one.head?.status, 200)
    assert.equal(one.ends, 1)
    assert.equal(solo.session.openStreams, 0)
    solo.session.close({ code: 'ERR_X', message: '' })
    assert.equal(one.resets.length, 0)
  })

  it('are told of a reset after the response’s end, while the upload still runs', () => {
    const solo = gateway()
    const one = openRecorded(solo.session, {}, false)
    solo.receive(HEAD(1, END), frame(TYPE.RESET, 1, { payload: reasonPayload('ERR_ENOUGH', '') }))
    assert.equal(one.ends, 1)
    assert.deepEqual(
      one.resets.map(({ code }) => code),
      ['ERR_ENOUGH'],
    )
  })
})

describe('streams at the connector', () => {
  it('want a head before data, and one only', () => {
    const stream = connector().receive(OPEN(1)).side.streams[0]?.stream
    assert.throws(() => stream?.write(Buffer.from('x')), TypeError)
    assert.throws(() => stream?.end(), TypeError)
    stream?.sendHead({ status: 200, headers: [] })
    assert.throws(() => stream?.sendHead({ status: 200, headers: [] }), TypeError)
  })

  it('are refused when nobody takes them', () => {
    const solo = connector()
    Object.assign(solo.side, { onOpen: undefined })
    solo.receive(OPEN(1))
    const [reset] = solo.sent()
    assert.equal(reset && readReason(reset.payload).code, 'ERR_TUNNEL_REFUSED')
  })

  it('beyond the limit are reset one by one', () => {
    const solo = connector({ maxStreams: 1 }).receive(OPEN(1), OPEN(2))
    const [reset] = solo.sent()
    assert.equal(reset?.streamId, 2)
    assert.equal(readReason(reset.payload).code, 'ERR_TUNNEL_STREAM_LIMIT')
    assert.equal(solo.side.streams.length, 1)
    assert.equal(solo.session.closed, false)
  })

  it('tell a handler that came too late that the tunnel is gone', () => {
    const solo = connector()
    solo.side.onStream = () => {
      solo.session.close({ code: 'ERR_X', message: '' })
    }
    solo.receive(OPEN(1))
    assert.deepEqual(
      solo.side.streams[0]?.resets.map(({ code }) => code),
      ['ERR_X'],
    )
  })
})

describe('faults of a handler', () => {
  const methods = ['onHead', 'onData', 'onEnd', 'onDrain'] as const
  for (const method of methods) {
    it(`in ${method} reset its stream, are logged, and reach onReset`, () => {
      const solo = new Solo('gateway').ready({ window: 5 })
      const one = openRecorded(solo.session, {}, false)
      const other = openRecorded(solo.session)
      one[method] = () => {
        throw new Error('boom')
      }
      one.stream.write(Buffer.from('0123456'))
      solo.receive(
        HEAD(1),
        DATA(1, 'x'),
        CREDIT(1, 5),
        DATA(1, 'y', END),
        HEAD(2),
        DATA(2, 'fine', END),
      )
      assert.deepEqual(
        one.resets.map(({ code }) => code),
        ['ERR_TUNNEL_HANDLER'],
      )
      assert.equal(other.text, 'fine')
      assert.equal(solo.session.closed, false)
      assert.match(solo.logger.lines[0]?.message ?? '', new RegExp(method))
    })
  }

  it('in onReset go no further', () => {
    const solo = gateway()
    const handler: StreamHandler = {
      onData: () => undefined,
      onEnd: () => undefined,
      onReset: () => {
        throw new Error('boom')
      },
    }
    solo.session.open(requestHead(), handler, true)
    const other = openRecorded(solo.session)
    solo.session.close({ code: 'ERR_X', message: '' })
    assert.equal(other.resets.length, 1)
  })

  it('in the tunnel’s own handler harm nothing', () => {
    const solo = gateway()
    solo.side.onControl = () => {
      throw new Error('boom')
    }
    const status = { type: 'status', version: '1', kerberos: { ready: true } }
    solo.receive(frame(TYPE.CONTROL, 0, { payload: Buffer.from(JSON.stringify(status)) }))
    assert.equal(solo.session.closed, false)
    assert.equal(solo.logger.lines.length, 1)
  })
})

describe('drain and close', () => {
  it('answers DRAIN with DRAIN and closes at once when it is idle', () => {
    const solo = gateway().receive(frame(TYPE.DRAIN, 0))
    assert.deepEqual(
      solo.sent().map(({ type }) => type),
      [TYPE.DRAIN, TYPE.CLOSE],
    )
    assert.equal(solo.side.drainings, 1)
    assert.equal(solo.side.closes[0]?.code, 'ERR_TUNNEL_DRAINED')
    assert.equal(solo.carrier.closeCode, 1000)
  })

  it('waits for the peer’s DRAIN and for its last stream', () => {
    const solo = gateway()
    openRecorded(solo.session)
    solo.session.drain()
    solo.session.drain()
    assert.deepEqual(
      solo.sent().map(({ type }) => type),
      [TYPE.OPEN, TYPE.DRAIN],
    )
    solo.receive(frame(TYPE.DRAIN, 0))
    assert.equal(solo.session.closed, false)
    solo.receive(HEAD(1, END))
    assert.equal(solo.side.closes[0]?.code, 'ERR_TUNNEL_DRAINED')
  })

  it('ends with the peer’s reason, and answers no word', () => {
    const solo = connector().receive(OPEN(1))
    solo.receive(frame(TYPE.CLOSE, 0, { payload: reasonPayload('ERR_BYE', 'so long') }))
    assert.deepEqual(solo.side.closes, [{ code: 'ERR_BYE', message: 'so long' }])
    assert.equal(solo.side.streams[0]?.resets.length, 1)
    assert.deepEqual(solo.sent(), [])
    assert.equal(solo.carrier.closeCode, 1000)
    solo.link.cut()
    assert.equal(solo.side.closes.length, 1)
  })

  it('ignores everything after its end', () => {
    const solo = gateway()
    const one = openRecorded(solo.session, {}, false)
    solo.session.close({ code: 'ERR_X', message: '' })
    solo.sent()
    assert.equal(one.stream.write(Buffer.from('x')), true)
    one.stream.end()
    one.stream.reset({ code: 'ERR_Y', message: '' })
    one.stream.consumed(5)
    solo.session.drain()
    solo.session.sendControl({ type: 'flush' })
    assert.deepEqual(solo.sent(), [])
  })

  it('refuses a control message beyond the limit, before it is sent', () => {
    const solo = gateway({ maxControlOctets: 100 })
    const proofs = ['x'.repeat(100)]
    assert.throws(
      () => {
        solo.session.sendControl({ type: 'forget', proofs })
      },
      { code: 'ERR_TUNNEL_CONTROL' },
    )
  })
})
