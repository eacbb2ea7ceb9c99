import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RequestBodyPipe } from '../../../src/connector/request-body.ts'
import { FakeStream } from '../../support/fake-tunnel.ts'

/** A backend that takes chunks, and pauses when told. */
class Taker {
  readonly chunks: Uint8Array[] = []
  ended = false
  error: Error | undefined
  room = true
  onData(chunk: Uint8Array): boolean {
    this.chunks.push(chunk)
    return this.room
  }
  onEnd(): void {
    this.ended = true
  }
  onError(error: Error): void {
    this.error = error
  }
  get octets(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }
}

function pipe() {
  const stream = new FakeStream()
  return { stream, body: new RequestBodyPipe(stream), taker: new Taker() }
}

describe('RequestBodyPipe', () => {
  it('gives no credit before the backend takes anything', () => {
    const { stream, body, taker } = pipe()
    body.push(Buffer.alloc(10))
    body.end()
    assert.equal(stream.credit, 0)
    body.start(taker)
    assert.equal(stream.credit, 10)
    assert.ok(taker.ended)
  })

  it('holds credit back while the backend is slow', () => {
    const { stream, body, taker } = pipe()
    taker.room = false
    const flow = body.start(taker)
    body.push(Buffer.alloc(10))
    body.push(Buffer.alloc(20))
    body.end()
    assert.equal(taker.octets, 10)
    assert.equal(stream.credit, 0)
    taker.room = true
    flow.resume()
    assert.equal(taker.octets, 30)
    assert.equal(stream.credit, 30)
    assert.ok(taker.ended)
  })

  it('throws away what nobody wants, so that the client is not held up', () => {
    const { stream, body, taker } = pipe()
    taker.room = false
    body.start(taker)
    body.push(Buffer.alloc(10))
    body.push(Buffer.alloc(20))
    body.cancel()
    body.push(Buffer.alloc(5))
    body.end()
    body.cancel()
    assert.equal(stream.credit, 35)
    assert.equal(taker.octets, 10)
    assert.ok(!taker.ended)
  })

  it('may be cancelled by the very chunk it passes on', () => {
    for (const answer of [true, false]) {
      const { stream, body, taker } = pipe()
      taker.onData = () => {
        body.cancel()
        return answer
      }
      body.push(Buffer.alloc(10))
      body.push(Buffer.alloc(20))
      body.start(taker)
      body.end()
      assert.equal(stream.credit, 30)
      assert.ok(!taker.ended)
    }
  })

  it('passes nothing on once the stream is gone', () => {
    const { stream, body, taker } = pipe()
    body.push(Buffer.alloc(10))
    body.abandon()
    body.start(taker)
    body.end()
    assert.equal(taker.octets, 0)
    assert.ok(!taker.ended)
    assert.equal(stream.credit, 0)
  })

  it('delivers every octet in order and gives every credit back, however it is paused', () => {
    const step = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 5 }),
      fc.constantFrom('start', 'pause', 'resume'),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { stream, body, taker } = pipe()
        const sent: number[] = []
        let started = false
        for (const each of steps) {
          if (each instanceof Uint8Array) {
            sent.push(...each)
            body.push(each)
          } else if (each === 'start' && !started) {
            started = true
            body.start(taker)
          } else if (each === 'pause') taker.room = false
          else if (each === 'resume' && started) {
            taker.room = true
            body.resume()
          }
        }
        body.end()
        taker.room = true
        if (!started) body.start(taker)
        body.resume()
        assert.deepEqual([...Buffer.concat(taker.chunks)], sent)
        assert.equal(stream.credit, sent.length)
        assert.ok(taker.ended)
      }),
    )
  })
})
