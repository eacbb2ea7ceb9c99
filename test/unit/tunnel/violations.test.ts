import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { END, frame, reasonPayload, TYPE, u32 } from '../../support/tunnel/naive.ts'
import { openRecorded } from '../../support/tunnel/recorder.ts'
import { connector, CREDIT, DATA, gateway, HEAD, OPEN, Solo } from '../../support/tunnel/solo.ts'

describe('violations close the tunnel with a code', () => {
  const first = { gateway: HEAD(1), connector: OPEN(1) }
  const cases: readonly (readonly [string, 'gateway' | 'connector', Buffer[], string])[] = [
    ['garbage', 'connector', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 'ERR_TUNNEL_FRAME'],
    ['OPEN from the connector', 'gateway', [OPEN(2)], 'ERR_TUNNEL_STATE'],
    ['OPEN of an id used before', 'connector', [first.connector, OPEN(1)], 'ERR_TUNNEL_STATE'],
    ['OPEN of a lower id', 'connector', [OPEN(5), OPEN(4)], 'ERR_TUNNEL_STATE'],
    ['DATA on a stream never opened', 'connector', [DATA(8, 'x')], 'ERR_TUNNEL_STATE'],
    ['DATA after END', 'connector', [OPEN(1, END), DATA(1, 'x')], 'ERR_TUNNEL_STATE'],
    ['DATA before HEAD', 'gateway', [DATA(1, 'x')], 'ERR_TUNNEL_STATE'],
    ['a second HEAD', 'gateway', [HEAD(1), HEAD(1)], 'ERR_TUNNEL_STATE'],
    ['HEAD at the connector', 'connector', [OPEN(1), HEAD(1)], 'ERR_TUNNEL_STATE'],
    ['OPEN after DRAIN', 'connector', [OPEN(1), frame(TYPE.DRAIN, 0), OPEN(2)], 'ERR_TUNNEL_STATE'],
    ['a second DRAIN', 'gateway', [frame(TYPE.DRAIN, 0), frame(TYPE.DRAIN, 0)], 'ERR_TUNNEL_STATE'],
    ['CREDIT of nothing', 'gateway', [CREDIT(1, 0)], 'ERR_TUNNEL_CREDIT'],
    ['CREDIT without bounds', 'gateway', [CREDIT(1, 2 ** 31 - 1)], 'ERR_TUNNEL_CREDIT'],
    [
      'a malformed head',
      'connector',
      [frame(TYPE.OPEN, 1, { payload: u32(0) })],
      'ERR_TUNNEL_HEAD',
    ],
    [
      'control that is no JSON',
      'gateway',
      [frame(TYPE.CONTROL, 0, { payload: u32(0) })],
      'ERR_TUNNEL_CONTROL',
    ],
  ]
  for (const [what, role, frames, code] of cases) {
    it(what, () => {
      const solo = new Solo(role).ready()
      const opened = role === 'gateway' ? openRecorded(solo.session, {}, false) : undefined
      solo.receive(...frames)
      assert.equal(solo.closeCode(), code)
      assert.equal(solo.carrier.closeCode, 1002)
      assert.deepEqual(
        solo.side.closes.map((reason) => reason.code),
        [code],
      )
      for (const stream of [...solo.side.streams, ...(opened ? [opened] : [])]) {
        assert.deepEqual(
          stream.resets.map((reason) => reason.code),
          [code],
        )
      }
      assert.equal(solo.session.openStreams, 0)
    })
  }

  it('acts on the frames before the bad one and on none after', () => {
    const solo = connector().receive(
      OPEN(1),
      Buffer.concat([DATA(1, 'good'), frame(12, 0), DATA(1, 'bad')]),
    )
    assert.equal(solo.side.streams[0]?.text, 'good')
  })

  it('takes exactly the credit it gave, and no octet more', () => {
    const solo = connector({ streamWindowOctets: 10 })
    solo.side.onStream = (recorder) => {
      recorder.holding = true
    }
    solo.receive(OPEN(1), DATA(1, '0123456789'))
    assert.equal(solo.session.closed, false)
    solo.receive(DATA(1, 'x'))
    assert.equal(solo.closeCode(), 'ERR_TUNNEL_CREDIT')
  })

  it('reads nothing after its own end', () => {
    const solo = connector()
    solo.session.close({ code: 'ERR_X', message: '' })
    solo.receive(OPEN(1))
    assert.equal(solo.side.streams.length, 0)
  })
})

describe('frames that crossed with a stream’s end', () => {
  it('are passed over', () => {
    const solo = gateway()
    const one = openRecorded(solo.session, {}, false)
    one.stream.reset({ code: 'ERR_X', message: '' })
    solo.receive(HEAD(1), DATA(1, 'late'), CREDIT(1, 5), DATA(1, 'x', END))
    solo.receive(frame(TYPE.RESET, 1, { payload: reasonPayload('ERR_Y', '') }))
    assert.equal(solo.session.closed, false)
    assert.equal(one.octets, 0)
    assert.equal(one.resets.length, 0)
  })
})
