import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import type { ControlMessage, TunnelStream } from '../../../src/tunnel/index.ts'
import { memoryPair, until, wsPair, type MakePair, type Pair } from '../../support/tunnel/pairs.ts'
import { openRecorded, requestHead, type StreamRecorder } from '../../support/tunnel/recorder.ts'

const MIB = 1_048_576
const OK = { status: 200, headers: ['content-type', 'text/plain'] }
const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

/** Writes a body as fast as the stream takes it. */
function pump(stream: TunnelStream, recorder: StreamRecorder, chunks: Uint8Array[]): void {
  let next = 0
  const go = (): void => {
    while (next < chunks.length) {
      const chunk = chunks[next] ?? new Uint8Array()
      next += 1
      if (!stream.write(chunk)) return
    }
    recorder.onDrain = () => undefined
    stream.end()
  }
  recorder.onDrain = go
  go()
}

function suite(name: string, makePair: MakePair): void {
  describe(`tunnel session over ${name}`, { timeout: 60_000 }, () => {
    const pairs: Pair[] = []
    const pair = async (...options: Parameters<MakePair>): Promise<Pair> => {
      const made = await makePair(...options)
      pairs.push(made)
      return made
    }
    after(() => Promise.all(pairs.map((made) => made.dispose())))

    it('tells each side what the other said in its HELLO', async () => {
      const { gateway, connector } = await pair({ capabilities: ['test.1', 'other'] })
      assert.deepEqual(gateway.peer, { version: 1, capabilities: ['test.1', 'other'] })
      assert.deepEqual(connector.peer, { version: 1, capabilities: ['test.1', 'other'] })
    })

    it('carries a request without a body and its response', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendHead({ status: 404, headers: ['x-one', '1', 'x-two', 'ä\t2', 'set-cookie', ''] })
        stream.end(Buffer.from('not here'))
      }
      const over = { method: 'REPORT', target: '/a?b=%20', headers: ['accept', '*/*'], proof: 'p1' }
      const response = openRecorded(gateway, over)
      await until(() => response.ends === 1)
      assert.equal(response.head?.status, 404)
      assert.deepEqual(response.head.headers, ['x-one', '1', 'x-two', 'ä\t2', 'set-cookie', ''])
      assert.equal(response.text, 'not here')
      const [seen] = connectorSide.streams
      assert.deepEqual(seen?.request, requestHead(over))
      assert.equal(seen.openedEnded, true)
      assert.equal(seen.ends, 0)
      assert.equal(gateway.openStreams, 0)
    })

    it('carries a response without a body', async () => {
      const { gateway, connector, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendHead({ status: 204, headers: [] })
        stream.end()
      }
      const response = openRecorded(gateway)
      await until(() => response.ends === 1)
      assert.equal(response.octets, 0)
      await until(() => connector.openStreams === 0 && gateway.openStreams === 0)
    })

    it('carries large bodies both ways at once, whole and in order', async () => {
      const { gateway, connectorSide } = await pair()
      const chunks = [70_000, 1, 65_536, 4096, 500_000, 3, 1_000_000].map((size) =>
        randomBytes(size),
      )
      const whole = Buffer.concat(chunks)
      connectorSide.onStream = (recorder, stream) => {
        stream.sendHead(OK)
        pump(stream, recorder, chunks)
      }
      const response = openRecorded(gateway, { method: 'PUT', bodyLength: whole.length }, false)
      pump(response.stream, response, chunks)
      await until(() => response.ends === 1 && connectorSide.streams[0]?.ends === 1)
      assert.equal(sha256(response.body), sha256(whole))
      const upload = connectorSide.streams[0]
      assert.ok(upload)
      assert.equal(upload.request?.bodyLength, whole.length)
      assert.equal(sha256(upload.body), sha256(whole))
    })

    it('keeps many streams apart', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (recorder, stream) => {
        stream.sendHead(OK)
        stream.end(Buffer.from(`for ${recorder.request?.requestId ?? ''}`))
      }
      const responses = Array.from({ length: 300 }, (_, n) =>
        openRecorded(gateway, { requestId: `r${n}` }),
      )
      await until(() => responses.every((response) => response.ends === 1))
      for (const [n, response] of responses.entries()) assert.equal(response.text, `for r${n}`)
    })

    it('half-closes: the response may begin before the request ends, and end after it', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (recorder, stream) => {
        stream.sendHead(OK)
        stream.write(Buffer.from('early '))
        recorder.onEnd = () => {
          stream.end(Buffer.from(`late ${recorder.text}`))
        }
      }
      const response = openRecorded(gateway, { method: 'POST' }, false)
      await until(() => response.text === 'early ')
      response.stream.end(Buffer.from('body'))
      await until(() => response.ends === 1)
      assert.equal(response.text, 'early late body')
    })

    it('half-closes the other way: the request may go on after the response has ended', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendHead(OK)
        stream.end()
      }
      const response = openRecorded(gateway, { method: 'POST' }, false)
      await until(() => response.ends === 1)
      assert.equal(gateway.openStreams, 1)
      response.stream.end(Buffer.from('still here'))
      await until(() => connectorSide.streams[0]?.ends === 1)
      assert.equal(connectorSide.streams[0]?.text, 'still here')
      assert.equal(gateway.openStreams, 0)
    })

    it('stops a writer that is ahead of its reader, and goes on when the reader has read', async () => {
      const { gateway, connectorSide } = await pair({ limits: { streamWindowOctets: 100_000 } })
      connectorSide.onStream = (recorder) => {
        recorder.holding = true
      }
      const upload = openRecorded(gateway, { method: 'POST' }, false)
      assert.equal(upload.stream.write(randomBytes(100_000)), true)
      assert.equal(upload.stream.write(randomBytes(50_000)), false)
      await until(() => connectorSide.streams[0]?.octets === 100_000)
      assert.equal(upload.drains, 0)
      connectorSide.streams[0]?.release()
      await until(() => upload.drains === 1)
      await until(() => connectorSide.streams[0]?.octets === 150_000)
    })

    it('resets from the gateway: the connector is told why, once', async () => {
      const { gateway, connector, connectorSide } = await pair()
      const response = openRecorded(gateway, {}, false)
      await until(() => connectorSide.streams.length === 1)
      response.stream.reset({ code: 'ERR_BROWSER_GONE', message: 'the browser left ☂' })
      await until(() => connectorSide.streams[0]?.resets.length === 1)
      assert.deepEqual(connectorSide.streams[0]?.resets, [
        { code: 'ERR_BROWSER_GONE', message: 'the browser left ☂' },
      ])
      assert.equal(response.resets.length, 0)
      assert.equal(connector.openStreams, 0)
      assert.equal(gateway.openStreams, 0)
    })

    it('resets from the connector, before a head', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.reset({ code: 'ERR_SSO_POLICY_DENIED', message: 'no' })
      }
      const response = openRecorded(gateway, {}, false)
      await until(() => response.resets.length === 1)
      assert.equal(response.resets[0]?.code, 'ERR_SSO_POLICY_DENIED')
      assert.equal(response.head, undefined)
      // Late data of the other side is passed over.
      response.stream.write(Buffer.from('late'))
      const next = openRecorded(gateway)
      await until(() => next.resets.length === 1)
      assert.equal(gateway.closed, false)
    })

    it('ends every stream exactly once when the connection breaks', async () => {
      const made = await pair()
      const responses = Array.from({ length: 20 }, () => openRecorded(made.gateway, {}, false))
      await until(() => made.connectorSide.streams.length === 20)
      made.cut()
      await until(() => made.gatewaySide.closes.length > 0 && made.connectorSide.closes.length > 0)
      for (const side of [responses, made.connectorSide.streams]) {
        for (const one of side)
          assert.deepEqual(
            one.resets.map(({ code }) => code),
            ['ERR_TUNNEL_LOST'],
          )
      }
      assert.equal(made.gatewaySide.closes.length, 1)
      assert.equal(made.connectorSide.closes.length, 1)
      assert.throws(() => openRecorded(made.gateway), { code: 'ERR_TUNNEL_CLOSED' })
    })

    it('tells the peer why it closes', async () => {
      const made = await pair()
      const response = openRecorded(made.gateway)
      await until(() => made.connectorSide.streams.length === 1)
      made.gateway.close({ code: 'ERR_CONNECTOR_REVOKED', message: 'the certificate was revoked' })
      const reason = { code: 'ERR_CONNECTOR_REVOKED', message: 'the certificate was revoked' }
      assert.deepEqual(response.resets, [reason])
      await until(() => made.connectorSide.closes.length === 1)
      assert.deepEqual(made.connectorSide.closes, [reason])
      assert.deepEqual(made.connectorSide.streams[0]?.resets, [reason])
      made.gateway.close({ code: 'ERR_AGAIN', message: '' })
      assert.deepEqual(made.gatewaySide.closes, [reason])
    })

    it('drains: open streams end, no new one begins, then both ends close', async () => {
      const made = await pair()
      const { gateway, gatewaySide, connector, connectorSide } = made
      const response = openRecorded(gateway)
      await until(() => connectorSide.streams.length === 1)
      connector.drain()
      await until(() => gatewaySide.drainings === 1)
      assert.throws(() => openRecorded(gateway), { code: 'ERR_TUNNEL_DRAINING' })
      assert.equal(gatewaySide.closes.length, 0)
      const [stream] = connectorSide.streams
      stream?.stream?.sendHead(OK)
      stream?.stream?.end(Buffer.from('last words'))
      await until(() => connectorSide.closes.length === 1 && gatewaySide.closes.length === 1)
      assert.equal(response.text, 'last words')
      assert.equal(response.ends, 1)
      assert.equal(response.resets.length, 0)
      assert.equal(gatewaySide.closes[0]?.code, 'ERR_TUNNEL_DRAINED')
      assert.equal(connectorSide.closes[0]?.code, 'ERR_TUNNEL_DRAINED')
    })

    it('takes a request that crossed with the connector’s wish to drain', async () => {
      const { gateway, connector, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendHead(OK)
        stream.end()
      }
      const response = openRecorded(gateway)
      connector.drain()
      await until(() => response.ends === 1)
      assert.equal(response.resets.length, 0)
    })

    it('carries control messages beside the streams, large ones too', async () => {
      const { gateway, connector, gatewaySide, connectorSide } = await pair()
      const proof: ControlMessage = { type: 'proof', id: 'p1', idToken: 'x'.repeat(60_000) }
      const status: ControlMessage = {
        type: 'status',
        version: '1.0',
        kerberos: { ready: false, problem: 'no keytab' },
      }
      gateway.sendControl(proof)
      const response = openRecorded(gateway, { proof: 'p1' })
      connector.sendControl(status)
      await until(() => connectorSide.streams.length === 1 && gatewaySide.controls.length === 1)
      assert.deepEqual(connectorSide.controls, [proof])
      assert.deepEqual(gatewaySide.controls, [status])
      assert.equal(response.resets.length, 0)
    })

    it('keeps a handler that throws from harming its neighbours', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (recorder, stream) => {
        if (recorder.request?.target === '/open') throw new Error('boom')
        recorder.onData = () => {
          throw new Error('boom')
        }
        stream.sendHead(OK)
        if (recorder.request?.target === '/fine') stream.end(Buffer.from('fine'))
      }
      const broken = openRecorded(gateway, { target: '/open' })
      const data = openRecorded(gateway, { target: '/data' }, false)
      data.stream.write(Buffer.from('x'))
      const fine = openRecorded(gateway, { target: '/fine' })
      await until(() => fine.ends === 1 && data.resets.length === 1 && broken.resets.length === 1)
      assert.equal(fine.text, 'fine')
      assert.equal(data.resets[0]?.code, 'ERR_TUNNEL_HANDLER')
      assert.equal(
        connectorSide.streams.find(({ request }) => request?.target === '/data')?.resets.length,
        1,
      )
    })

    it('refuses more streams than the peer allows, and opens again when one has ended', async () => {
      const { gateway, connectorSide } = await pair({ limits: { maxStreams: 2 } })
      const first = openRecorded(gateway)
      openRecorded(gateway)
      assert.throws(() => openRecorded(gateway), { code: 'ERR_TUNNEL_STREAM_LIMIT' })
      await until(() => connectorSide.streams.length === 2)
      first.stream.reset({ code: 'ERR_X', message: '' })
      openRecorded(gateway)
      await until(() => connectorSide.streams.length === 3)
    })

    it('refuses a head that breaks a rule without harm to the tunnel', async () => {
      const { gateway, connectorSide } = await pair()
      const bad = [
        { headers: ['x', 'a\r\nb: c'] },
        { headers: ['bad name', 'v'] },
        { headers: ['name'] },
        { target: 'http://x/' },
        { target: '/ x' },
        { method: 'GET ' },
        { headers: ['x', '☂'] },
        { headers: ['x', 'v'.repeat(65_600)] },
      ]
      for (const over of bad)
        assert.throws(() => openRecorded(gateway, over), { code: 'ERR_TUNNEL_HEAD' })
      openRecorded(gateway)
      await until(() => connectorSide.streams.length === 1)
      assert.equal(gateway.openStreams, 1)
    })

    it('moves 32 MiB through a window of 512 KiB', async () => {
      const { gateway, connectorSide } = await pair()
      const chunk = randomBytes(65_536)
      connectorSide.onStream = (recorder, stream) => {
        stream.sendHead(OK)
        pump(stream, recorder, Array<Uint8Array>(512).fill(chunk))
      }
      const response = openRecorded(gateway)
      let octets = 0
      response.onData = (data) => {
        octets += data.length
        response.stream.consumed(data.length)
      }
      await until(() => response.ends === 1)
      assert.equal(octets, 32 * MIB)
    })
  })
}

suite('memory', memoryPair)
suite('ws and TLS', wsPair)
