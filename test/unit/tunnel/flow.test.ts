import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { END, frame, readReason, TYPE, u32 } from '../../support/tunnel/naive.ts'
import { openRecorded } from '../../support/tunnel/recorder.ts'
import { connector, CREDIT, DATA, gateway, OPEN, Solo } from '../../support/tunnel/solo.ts'

describe('coalescing', () => {
  it('sends head, body and END of a small response as two frames of one message', () => {
    const solo = connector().receive(OPEN(1, END))
    const before = solo.carrier.sent.length
    const stream = solo.side.streams[0]?.stream
    stream?.sendHead({ status: 200, headers: [] })
    stream?.write(Buffer.from('small'))
    stream?.end()
    const frames = solo.sent()
    assert.deepEqual(
      frames.map(({ type, flags }) => [type, flags]),
      [
        [TYPE.HEAD, 0],
        [TYPE.DATA, END],
      ],
    )
    assert.equal(solo.carrier.sent.length, before + 1)
  })

  it('lets END ride on a head, and on the request’s head', () => {
    const solo = connector().receive(OPEN(1))
    const stream = solo.side.streams[0]?.stream
    stream?.sendHead({ status: 204, headers: [] })
    stream?.end()
    assert.deepEqual(
      solo.sent().map(({ type, flags }) => [type, flags]),
      [[TYPE.HEAD, END]],
    )
    const other = gateway()
    openRecorded(other.session, {}, false).stream.end()
    assert.deepEqual(
      other.sent().map(({ type, flags }) => [type, flags]),
      [[TYPE.OPEN, END]],
    )
  })

  it('sends END alone when the data has left before', () => {
    const solo = connector().receive(OPEN(1, END))
    const stream = solo.side.streams[0]?.stream
    stream?.sendHead({ status: 200, headers: [] })
    stream?.write(Buffer.from('x'))
    solo.sent()
    stream?.end()
    const [last] = solo.sent()
    assert.deepEqual([last?.type, last?.flags, last?.payload.length], [TYPE.DATA, END, 0])
  })

  it('cuts what is longer than a frame may be, and ends it once', () => {
    const body = Buffer.from(Array.from({ length: 1005 }, (_, at) => at % 251))
    const solo = connector({ maxDataOctets: 100 }).receive(OPEN(1, END))
    const stream = solo.side.streams[0]?.stream
    stream?.sendHead({ status: 200, headers: [] })
    stream?.end(body)
    const data = solo.sent().filter(({ type }) => type === TYPE.DATA)
    assert.deepEqual(
      data.map(({ flags, payload }) => [payload.length, flags]),
      [...Array.from({ length: 10 }, () => [100, 0]), [5, END]],
    )
    assert.deepEqual(Buffer.concat(data.map(({ payload }) => payload)), body)
  })

  it('does not mark another stream’s frame', () => {
    const solo = gateway()
    const one = openRecorded(solo.session, {}, false)
    openRecorded(solo.session, {}, false)
    one.stream.end()
    assert.deepEqual(
      solo.sent().map(({ streamId, flags }) => [streamId, flags]),
      [
        [1, END],
        [2, 0],
      ],
    )
  })
})

describe('flow control', () => {
  it('spends credit, queues the rest, and sends it in order as credit comes', () => {
    const solo = new Solo('gateway').ready({ window: 10 })
    const one = openRecorded(solo.session, {}, false)
    assert.equal(one.stream.write(Buffer.from('01234')), true)
    assert.equal(one.stream.write(Buffer.from('56789abc')), false)
    assert.equal(one.stream.write(Buffer.from('def')), false)
    one.stream.end(Buffer.from('!'))
    const text = (): string =>
      solo
        .sent()
        .filter(({ type }) => type === TYPE.DATA)
        .map(({ payload, flags }) => payload.toString() + (flags === END ? '$' : ''))
        .join('|')
    assert.equal(text(), '01234|56789')
    solo.receive(CREDIT(1, 2))
    assert.equal(text(), 'ab')
    solo.receive(CREDIT(1, 3))
    assert.equal(text(), 'c|de')
    solo.receive(CREDIT(1, 50))
    assert.equal(text(), 'f|!$')
  })

  it('tells the writer to go on only when everything queued has gone', () => {
    const solo = new Solo('gateway').ready({ window: 4 })
    const one = openRecorded(solo.session, {}, false)
    assert.equal(one.stream.write(Buffer.from('0123456')), false)
    solo.receive(CREDIT(1, 2))
    assert.equal(one.drains, 0)
    solo.receive(CREDIT(1, 1))
    assert.equal(one.drains, 1)
    solo.receive(CREDIT(1, 9))
    assert.equal(one.drains, 1)
  })

  it('returns credit at half of the window, none for less and none after END', () => {
    const solo = connector({ streamWindowOctets: 100 }).receive(OPEN(1), DATA(1, 'x'.repeat(49)))
    const credits = (): number[] =>
      solo
        .sent()
        .filter(({ type }) => type === TYPE.CREDIT)
        .map(({ payload }) => payload.readUInt32BE())
    assert.deepEqual(credits(), [])
    solo.receive(DATA(1, 'x'))
    assert.deepEqual(credits(), [50])
    solo.receive(DATA(1, 'x'.repeat(99), END))
    assert.deepEqual(credits(), [])
  })

  it('refuses to return credit for data that never came', () => {
    const solo = connector().receive(OPEN(1), DATA(1, 'abc'))
    const stream = solo.side.streams[0]?.stream
    assert.throws(() => stream?.consumed(1), RangeError)
    assert.throws(() => stream?.consumed(-1), RangeError)
  })

  it('holds no more than the window of a stream whose application does not read', () => {
    const solo = connector({ streamWindowOctets: 1000 })
    solo.side.onStream = (recorder) => {
      recorder.holding = true
    }
    solo.receive(OPEN(1))
    for (let i = 0; i < 10; i += 1) solo.receive(DATA(1, 'x'.repeat(100)))
    assert.equal(solo.sent().length, 0)
    assert.equal(solo.side.streams[0]?.octets, 1000)
  })

  it('ends the stream of a writer that does not wait, and no other', () => {
    const solo = new Solo('gateway', { limits: { maxQueuedOctets: 100 } }).ready({ window: 10 })
    const greedy = openRecorded(solo.session, {}, false)
    const other = openRecorded(solo.session, {}, false)
    for (let i = 0; i < 20; i += 1) greedy.stream.write(Buffer.alloc(10))
    assert.deepEqual(
      greedy.resets.map(({ code }) => code),
      ['ERR_TUNNEL_BACKLOG'],
    )
    const reset = solo.sent().find(({ type }) => type === TYPE.RESET)
    assert.equal(reset && readReason(reset.payload).code, 'ERR_TUNNEL_BACKLOG')
    assert.equal(other.resets.length, 0)
    assert.equal(solo.session.openStreams, 1)
  })

  it('pauses writers while the network does not take more, and wakes them', () => {
    const solo = new Solo('gateway', { limits: { highWaterOctets: 1000 } }).ready()
    const one = openRecorded(solo.session, {}, false)
    const two = openRecorded(solo.session, {}, false)
    solo.sent()
    solo.carrier.stalled = true
    assert.equal(one.stream.write(Buffer.alloc(2000)), false)
    assert.equal(two.stream.write(Buffer.alloc(1)), false)
    solo.link.run()
    assert.equal(one.drains + two.drains, 0)
    solo.carrier.resume()
    assert.deepEqual([one.drains, two.drains], [1, 1])
    assert.equal(one.stream.write(Buffer.alloc(1)), true)
  })

  it('gives up on a peer that never reads', () => {
    const solo = new Solo('gateway', { limits: { maxBacklogOctets: 5000 } }).ready()
    solo.carrier.stalled = true
    const one = openRecorded(solo.session, {}, false)
    one.stream.write(Buffer.alloc(6000))
    solo.link.run()
    assert.equal(solo.side.closes[0]?.code, 'ERR_TUNNEL_BACKLOG')
    assert.equal(one.resets.length, 1)
  })
})

describe('liveness', () => {
  it('pings a silent peer, and lives when it answers', async () => {
    const solo = gateway()
    await solo.clock.advance(15_000)
    const [ping] = solo.sent()
    assert.equal(ping?.type, TYPE.PING)
    solo.receive(frame(TYPE.PONG, 0, { payload: ping.payload }))
    await solo.clock.advance(10_000)
    assert.equal(solo.session.closed, false)
    await solo.clock.advance(15_000)
    assert.equal(solo.sent()[0]?.payload.readUInt32BE(), 2)
  })

  it('does not ping a peer that talks', async () => {
    const solo = connector()
    for (let id = 1; id < 6; id += 1) {
      solo.receive(OPEN(id, END))
      await solo.clock.advance(14_999)
    }
    assert.equal(solo.sent().filter(({ type }) => type === TYPE.PING).length, 0)
  })

  it('loses a peer that stays silent after a ping', async () => {
    const solo = gateway()
    const one = openRecorded(solo.session)
    await solo.clock.advance(25_000)
    assert.deepEqual(
      one.resets.map(({ code }) => code),
      ['ERR_TUNNEL_TIMEOUT'],
    )
    assert.equal(solo.side.closes[0]?.code, 'ERR_TUNNEL_TIMEOUT')
    assert.equal(solo.clock.pending, 0)
  })

  it('answers a ping with its number', () => {
    const solo = gateway().receive(frame(TYPE.PING, 0, { payload: u32(77) }))
    const [pong] = solo.sent()
    assert.deepEqual([pong?.type, pong?.payload.readUInt32BE()], [TYPE.PONG, 77])
  })

  it('measures a round trip, and passes over a PONG that nobody waits for', async () => {
    const solo = connector()
    const trips: number[] = []
    solo.session.ping((ms) => trips.push(ms))
    solo.session.ping((ms) => trips.push(ms))
    const pings = solo.sent().map(({ payload }) => payload)
    assert.deepEqual(
      pings.map((payload) => payload.readUInt32BE()),
      [1, 2],
    )
    await solo.clock.advance(7)
    const pong = (payload: Uint8Array) => frame(TYPE.PONG, 0, { payload })
    solo.receive(pong(u32(9)), ...pings.reverse().map(pong), ...pings.map(pong))
    assert.deepEqual(trips, [7, 7])
    assert.equal(solo.session.closed, false)
  })

  it('waits for 16 round trips at most', () => {
    const solo = connector()
    let heard = 0
    for (let at = 0; at < 20; at++) solo.session.ping(() => (heard += 1))
    const pings = solo.sent().map(({ payload }) => frame(TYPE.PONG, 0, { payload }))
    solo.receive(...pings)
    assert.equal(heard, 16)
  })
})
