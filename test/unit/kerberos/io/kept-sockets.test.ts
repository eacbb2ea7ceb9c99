import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { KeptSockets } from '../../../../src/kerberos/io/kept-sockets.ts'
import { tcpAttempt } from '../../../../src/kerberos/io/tcp-attempt.ts'
import { AS_REQ, asRep, framed } from '../../../support/fake-kdc.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const QUESTION = { realm: 'CORP.EXAMPLE', request: AS_REQ }
const GOOD = framed(asRep())

/** What the KDC does with the nth request on a connection. */
type Answer = (socket: Socket, nth: number) => void
const answering: Answer = (socket) => socket.write(GOOD)

describe('connections to KDCs that wait for the next request', () => {
  let server: Server
  let answer: Answer
  let sockets: Socket[]
  let clock: ManualClock

  beforeEach(async () => {
    answer = answering
    sockets = []
    clock = new ManualClock()
    server = createServer((socket) => {
      let nth = 0
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', () => {
        nth += 1
        answer(socket, nth)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })

  function asker(keepMs = 1000, maxKept = 4) {
    const kept = new KeptSockets({ clock, keepMs, maxKept })
    const attempt = tcpAttempt({ maxReplyOctets: 65_536, lookup: undefined, kept })
    const address = {
      via: 'direct',
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
    } as const
    return (signal = new AbortController().signal) => attempt(address, QUESTION, signal)
  }

  const closed = async (at: number): Promise<void> => {
    const socket = sockets[at]
    if (socket?.closed === false) await once(socket, 'close')
  }

  it('serve one request after the other', async () => {
    const ask = asker()
    for (let n = 0; n < 5; n += 1) assert.deepEqual(await ask(), asRep())
    assert.equal(sockets.length, 1)
  })

  it('serve one request at a time', async () => {
    const ask = asker()
    await Promise.all([ask(), ask(), ask()])
    assert.equal(sockets.length, 3)
    await Promise.all([ask(), ask(), ask()])
    assert.equal(sockets.length, 3)
  })

  it('are closed when nothing is asked for keepMs', async () => {
    const ask = asker(1000)
    await ask()
    await clock.advance(1000)
    await closed(0)
    assert.deepEqual(await ask(), asRep())
    assert.equal(sockets.length, 2)
  })

  it('are none with keepMs 0', async () => {
    const ask = asker(0)
    await ask()
    await closed(0)
    await ask()
    assert.equal(sockets.length, 2)
  })

  it('are at most maxKept: the one that waited longest is closed', async () => {
    const ask = asker(1000, 2)
    await Promise.all([ask(), ask(), ask()])
    await Promise.race([closed(0), closed(1), closed(2)])
    await Promise.all([ask(), ask()])
    assert.equal(sockets.length, 3)
  })

  it('are not missed when the KDC closes them behind its reply', async () => {
    answer = (socket) => socket.end(GOOD)
    const ask = asker()
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await ask(), asRep())
    assert.equal(sockets.length, 3)
  })

  it('are replaced when the KDC closes them instead of replying', async () => {
    answer = (socket, nth) => (nth === 1 ? socket.write(GOOD) : socket.destroy())
    const ask = asker()
    await ask()
    assert.deepEqual(await ask(), asRep())
    assert.equal(sockets.length, 2)
  })

  it('are not asked again when a reply has begun', async () => {
    answer = (socket, nth) => {
      if (nth === 1) socket.write(GOOD)
      else socket.end(GOOD.subarray(0, 9))
    }
    const ask = asker()
    await ask()
    await assert.rejects(ask(), /closed before the reply was whole/)
    assert.equal(sockets.length, 1)
  })

  it('are given up when the KDC says something unasked', async () => {
    const ask = asker()
    await ask()
    sockets[0]?.write(GOOD)
    await closed(0)
    assert.deepEqual(await ask(), asRep())
    assert.equal(sockets.length, 2)
  })

  it('end with the request that is given up on them', async () => {
    answer = (socket, nth) => {
      if (nth === 1) socket.write(GOOD)
    }
    const ask = asker()
    await ask()
    const giveUp = new AbortController()
    const asked = ask(giveUp.signal)
    giveUp.abort(new Error('enough'))
    await assert.rejects(asked, /enough/)
    await closed(0)
    assert.equal(sockets.length, 1)
  })
})
