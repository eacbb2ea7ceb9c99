import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it, type TestContext } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { count, digest, octets, OwnBackend, peakMemory } from '../support/own-backend.ts'

const lab = sharedLab()
const MIB = 1_048_576
const GIB = 1024 * MIB
/** What each process may have had at most, MiB; a stream that is kept anywhere passes it. */
const MOST_MEMORY = 400
/** Guards against hangs only. */
const PATIENCE = { timeout: 240_000 }

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until a count stands still. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; ; await pause(500)) {
    if (value() === last && last > 0) return last
    last = value()
  }
}

describe('long bodies through gateway and connector', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let backend: OwnBackend
  before(async () => {
    backend = await OwnBackend.start(lab)
  })
  after(() => backend.stop())

  function assertModest(t: TestContext): void {
    const { gateway, connector } = backend.stack
    const [inGateway, inConnector] = [peakMemory(gateway.pid), peakMemory(connector.pid)]
    t.diagnostic(`peak memory: gateway ${inGateway} MiB, connector ${inConnector} MiB`)
    assert.ok(inGateway < MOST_MEMORY && inConnector < MOST_MEMORY)
  }

  /** Says how fast it went; nothing depends on it. */
  async function timed<T>(t: TestContext, mib: number, work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await work()
    t.diagnostic(`${Math.round((mib * 1000) / (performance.now() - began))} MiB/s`)
    return result
  }

  it('a body arrives as it was sent, both ways at once', PATIENCE, async () => {
    backend.on('/mirror', (request, response) => {
      request.pipe(response)
    })
    const sent = backend.send('/mirror', { method: 'POST' })
    const [there] = await digest(octets(32 * MIB))
    const upload = pipeline(octets(32 * MIB), sent.request)
    const [back, size] = await digest(await sent.response)
    await upload
    assert.deepEqual([back, size], [there, 32 * MIB])
  })

  it('begins with little memory', assertModest)

  it('downloads 1 GiB', PATIENCE, async (t) => {
    backend.on('/download', (_request, response) => {
      response.setHeader('content-length', GIB)
      octets(GIB).pipe(response)
    })
    const sent = backend.send('/download')
    sent.request.end()
    assert.equal(await timed(t, 1024, async () => count(await sent.response)), GIB)
    assertModest(t)
  })

  it('uploads 1 GiB', PATIENCE, async (t) => {
    backend.on('/upload', (request, response) => {
      void count(request).then((total) => response.end(String(total)))
    })
    const headers = { 'content-length': String(GIB) }
    const sent = backend.send('/upload', { method: 'PUT', headers })
    await timed(t, 1024, () => pipeline(octets(GIB), sent.request))
    const answer = await (await sent.response).toArray()
    assert.equal(Buffer.concat(answer as Buffer[]).toString(), String(GIB))
    assertModest(t)
  })

  it('a reader that does not read holds the backend up', PATIENCE, async (t) => {
    const total = 512 * MIB
    let written = 0
    backend.on('/faster', (_request, response) => {
      octets(total, (size) => (written += size)).pipe(response)
    })
    const sent = backend.send('/faster')
    sent.request.end()
    const response = await sent.response
    const held = await settled(() => written)
    t.diagnostic(`${Math.round(held / MIB)} MiB left the backend while nobody read`)
    assert.ok(held < 64 * MIB)
    assertModest(t)
    const other = await backend.fetch('/nowhere')
    assert.equal(other.status, 404, 'others are served meanwhile')
    assert.equal(await count(response), total)
    assertModest(t)
  })

  it('a backend that does not read holds the sender up', PATIENCE, async (t) => {
    const total = 512 * MIB
    let taken = 0
    const arrived = backend.next('/slower')
    const sent = backend.send('/slower', { method: 'POST' })
    const upload = pipeline(
      octets(total, (size) => (taken += size)),
      sent.request,
    )
    const [request, response] = await arrived
    const held = await settled(() => taken)
    t.diagnostic(`${Math.round(held / MIB)} MiB left the sender while the backend did not read`)
    assert.ok(held < 64 * MIB)
    assertModest(t)
    assert.equal(await count(request), total)
    response.end('thanks')
    await upload
    await count(await sent.response)
    assertModest(t)
  })

  it('a client that leaves mid-download leaves the backend too', PATIENCE, async () => {
    const arrived = backend.next('/left')
    const sent = backend.send('/left')
    sent.request.end()
    const [, response] = await arrived
    octets(GIB).pipe(response)
    await once(await sent.response, 'data')
    const closed = once(response, 'close')
    sent.request.destroy()
    await closed
    assert.equal(response.writableFinished, false)
  })

  it('a client that leaves before the head leaves the backend too', PATIENCE, async () => {
    const arrived = backend.next('/waiting')
    const sent = backend.send('/waiting')
    sent.request.end()
    const [, response] = await arrived
    const closed = once(response, 'close')
    sent.request.destroy()
    await closed
    assert.equal(response.writableEnded, false)
  })

  it('a client that leaves mid-upload is no whole request to the backend', PATIENCE, async () => {
    for (const headers of [{}, { 'content-length': String(MIB) }]) {
      const arrived = backend.next('/half')
      const sent = backend.send('/half', { method: 'POST', headers })
      sent.request.write(Buffer.alloc(MIB / 2))
      const [request] = await arrived
      await once(request, 'data')
      const broken = assert.rejects(count(request), { code: 'ECONNRESET' })
      sent.request.destroy()
      await broken
      assert.equal(request.complete, false)
    }
  })

  it('a backend that breaks off never looks like a clean end', PATIENCE, async () => {
    const heads: ((response: ServerResponse) => void)[] = [
      (response) => response.setHeader('content-length', MIB),
      () => undefined,
      // Without either, closing is the end: only a reset tells.
      (response) => response.setHeader('connection', 'close'),
    ]
    for (const prepare of heads) {
      const arrived = backend.next('/broken')
      const sent = backend.send('/broken')
      sent.request.end()
      const [, response] = await arrived
      prepare(response)
      response.write(Buffer.alloc(1000))
      const received = await sent.response
      await once(received, 'data')
      response.socket?.resetAndDestroy()
      await assert.rejects(count(received), { code: 'ECONNRESET' })
      assert.equal(received.complete, false)
    }
  })

  it('an answer that comes before the body has ended reaches the client', PATIENCE, async () => {
    backend.on('/early', (_request, response) => {
      response.writeHead(413, { connection: 'close' }).end('too much')
    })
    const sent = backend.send('/early', { method: 'POST' })
    const endless = Readable.from(octets(GIB))
    const upload = pipeline(endless, sent.request).catch(() => undefined)
    const response = await sent.response
    assert.equal(response.statusCode, 413)
    await count(response)
    sent.request.destroy()
    await upload
  })

  it('has forgotten it all in the end', (t) => {
    assertModest(t)
  })
})
