import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { HTTP_CAPABILITIES } from '../../../src/tunnel/index.ts'
import { memoryPair, until, wsPair, type MakePair, type Pair } from '../../support/tunnel/pairs.ts'
import { openRecorded } from '../../support/tunnel/recorder.ts'

const ABLE = { capabilities: HTTP_CAPABILITIES }

function suite(name: string, makePair: MakePair): void {
  describe(`the whole of HTTP/1.1 over ${name}`, { timeout: 60_000 }, () => {
    const pairs: Pair[] = []
    const pair = async (...options: Parameters<MakePair>): Promise<Pair> => {
      const made = await makePair(...options)
      pairs.push(made)
      return made
    }
    after(() => Promise.all(pairs.map((made) => made.dispose())))

    it('carries interim heads before the response, in order', async () => {
      const { gateway, connectorSide } = await pair(ABLE)
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendInterim({ status: 103, headers: ['link', '</a.css>; rel=preload'] })
        stream.sendInterim({ status: 102, headers: [] })
        stream.sendHead({ status: 200, headers: [] })
        stream.end(Buffer.from('body'))
      }
      const response = openRecorded(gateway)
      await until(() => response.ends === 1)
      assert.deepEqual(response.interims, [
        { status: 103, headers: ['link', '</a.css>; rel=preload'] },
        { status: 102, headers: [] },
      ])
      assert.deepEqual([response.head?.status, response.text], [200, 'body'])
    })

    it('carries trailers both ways', async () => {
      const { gateway, connector, connectorSide } = await pair(ABLE)
      connectorSide.onStream = (recorder, stream) => {
        recorder.onEnd = () => {
          stream.sendHead({ status: 200, headers: [] })
          stream.write(Buffer.from(recorder.text))
          stream.endWithTrailers(['x-seen', recorder.trailers?.join() ?? ''])
        }
      }
      const response = openRecorded(gateway, { method: 'POST' }, false)
      response.stream.write(Buffer.from('body'))
      response.stream.endWithTrailers(['x-sum', '4'])
      await until(() => response.ends === 1)
      assert.deepEqual([response.text, response.trailers], ['body', ['x-seen', 'x-sum,4']])
      assert.equal(gateway.openStreams + connector.openStreams, 0)
    })

    it('does without them where one end knows nothing of them', async () => {
      const { gateway, connectorSide } = await pair()
      connectorSide.onStream = (_recorder, stream) => {
        stream.sendInterim({ status: 103, headers: [] })
        stream.sendHead({ status: 200, headers: [] })
        stream.endWithTrailers(['x-sum', '4'])
      }
      const response = openRecorded(gateway)
      await until(() => response.ends === 1)
      assert.deepEqual([response.interims, response.trailers], [[], undefined])
    })

    it('carries an upgraded protocol after 101, and each direction ends by itself', async () => {
      const { gateway, connectorSide } = await pair(ABLE)
      connectorSide.onStream = (recorder, stream) => {
        stream.sendHead({ status: 101, headers: ['upgrade', 'websocket'] })
        recorder.onEnd = () => {
          stream.end(Buffer.from(`after the end of ${recorder.text}`))
        }
      }
      const response = openRecorded(gateway, { headers: ['Upgrade', 'websocket'] }, false)
      await until(() => response.head?.status === 101)
      response.stream.end(Buffer.from('ours'))
      await until(() => response.ends === 1)
      assert.equal(response.text, 'after the end of ours')
      assert.equal(gateway.openStreams, 0)
    })
  })
}

suite('memory', memoryPair)
suite('ws and TLS', wsPair)
