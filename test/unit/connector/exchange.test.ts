import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RequestReader, ResponseWriter } from '../../../src/connector/exchange.ts'
import { RequestBodyPipe } from '../../../src/connector/request-body.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { FakeStream } from '../../support/fake-tunnel.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'

class FakeCall {
  resumed = 0
  aborted = 0
  resume(): void {
    this.resumed += 1
  }
  abort(): void {
    this.aborted += 1
  }
}

function exchange() {
  const stream = new FakeStream()
  const logger = new MemoryLogger()
  const body = new RequestBodyPipe(stream)
  const response = new ResponseWriter(stream, { logger, requestId: 'r1', app: 'a' }, body)
  const reader = new RequestReader(stream, response, body)
  return { stream, logger, response, reader, call: new FakeCall() }
}

describe('an exchange', () => {
  it('passes a response on', () => {
    const { stream, response, call } = exchange()
    response.attach(call)
    response.onHead(200, ['content-type', 'text/plain'])
    assert.ok(response.onData(Buffer.from('hello')))
    response.onEnd()
    assert.deepEqual(stream.head, { status: 200, headers: ['content-type', 'text/plain'] })
    assert.equal(stream.text, 'hello')
    assert.ok(stream.ended)
  })

  it('pauses the backend until the tunnel has room', () => {
    const { stream, response, reader, call } = exchange()
    response.attach(call)
    stream.room = false
    assert.equal(response.onData(Buffer.from('x')), false)
    assert.equal(call.resumed, 0)
    reader.onDrain()
    assert.equal(call.resumed, 1)
  })

  it('remembers room, and a reset, that came before the pipeline returned its call', () => {
    const early = exchange()
    early.reader.onDrain()
    early.response.attach(early.call)
    assert.equal(early.call.resumed, 1)
    const late = exchange()
    late.reader.onReset()
    late.response.attach(late.call)
    assert.equal(late.call.aborted, 1)
  })

  it('lets the backend go when the client goes, and says nothing more', () => {
    const { stream, response, reader, call } = exchange()
    response.attach(call)
    response.onHead(200, [])
    reader.onReset()
    response.onEnd()
    response.onError(new Error('too late'))
    assert.equal(call.aborted, 1)
    assert.ok(!stream.ended)
    assert.equal(stream.resetBy, undefined)
    assert.equal(response.onData(Buffer.from('x')), true)
    assert.equal(stream.text, '')
  })

  it('does not abort a call that has ended', () => {
    const { response, reader, call } = exchange()
    response.attach(call)
    response.onEnd()
    reader.onReset()
    assert.equal(call.aborted, 0)
  })

  it('resets the stream with the code of the refusal', () => {
    const { stream, response, logger } = exchange()
    response.onError(new SallyportError('ERR_SSO_POLICY_DENIED', 'not listed', { mend: 'list it' }))
    assert.deepEqual(stream.resetBy, { code: 'ERR_SSO_POLICY_DENIED', message: 'not listed' })
    assert.equal(logger.lines[0]?.fields['mend'], 'list it')
  })

  it('keeps the text of an unforeseen fault to its own log', () => {
    const { stream, response, logger } = exchange()
    response.onError(new Error('secret inside'))
    assert.equal(stream.resetBy?.code, 'ERR_UNEXPECTED')
    assert.doesNotMatch(stream.resetBy.message, /secret/)
    assert.equal(logger.lines[0]?.level, 'error')
  })

  it('lets the backend go when its head does not fit the tunnel', () => {
    for (const before of [true, false]) {
      const { stream, response, call } = exchange()
      if (before) response.attach(call)
      stream.headFault = new SallyportError('ERR_TUNNEL_HEAD', 'too many headers')
      response.onHead(200, [])
      if (!before) response.attach(call)
      assert.equal(stream.resetBy?.code, 'ERR_TUNNEL_HEAD')
      assert.equal(call.aborted, 1)
    }
  })

  it('throws the rest of a request body away once the response is complete', () => {
    const { stream, response, reader } = exchange()
    reader.onData(Buffer.alloc(10))
    response.onEnd()
    reader.onData(Buffer.alloc(5))
    assert.equal(stream.credit, 15)
    assert.ok(stream.ended)
  })

  it('gives credit back for data where no body was announced', () => {
    const stream = new FakeStream()
    const context = { logger: new MemoryLogger(), requestId: 'r', app: 'a' }
    const reader = new RequestReader(
      stream,
      new ResponseWriter(stream, context, undefined),
      undefined,
    )
    reader.onData(Buffer.alloc(3))
    reader.onEnd()
    assert.equal(stream.credit, 3)
  })
})
