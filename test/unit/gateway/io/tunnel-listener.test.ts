import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStore, TunnelListener } from '../../../../src/gateway/io/index.ts'
import { createAuthority, issueServerCertificate, serialOf } from '../../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { ManualClock, MemoryLogger } from '../../../support/manual-clock.ts'
import { bareTls } from '../../../support/trust-connector.ts'

const ports = { clock: systemClock, random: systemRandom }
const authority = createAuthority(ports)
const issue = () => issueServerCertificate(authority, { names: ['gw.example'] }, ports)

function setUp(loadCertificate: () => Promise<ReturnType<typeof issue>>) {
  const clock = new ManualClock()
  const logger = new MemoryLogger()
  const store = openStore(':memory:')
  const options = { address: '127.0.0.1', port: 0, limits: { certificateCheckMs: 1000 } }
  const listener = new TunnelListener(options, {
    caPem: authority.certificatePem,
    connectors: store.connectors,
    register: () => Promise.reject(new Error('no registrations here')),
    tunnelHandler: () => ({ onControl: () => undefined, onClose: () => undefined }),
    loadCertificate,
    clock,
    logger,
  })
  return { clock, logger, listener, store }
}

async function shownSerial(port: number): Promise<string> {
  const socket = await bareTls(port)
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  assert.ok(certificate)
  return serialOf(certificate)
}

describe('TunnelListener', () => {
  it('shows a renewed certificate without a restart, and keeps the old one when that fails', async () => {
    const [first, second] = [issue(), issue()]
    const answers = [first, first, second]
    const { clock, logger, listener, store } = setUp(() => {
      const next = answers.shift()
      return next ? Promise.resolve(next) : Promise.reject(new Error('disk full'))
    })
    const { port } = await listener.start()
    assert.equal(await shownSerial(port), first.serial)
    await clock.advance(1000)
    assert.equal(await shownSerial(port), first.serial)
    await clock.advance(1000)
    assert.equal(await shownSerial(port), second.serial)
    await clock.advance(1000)
    assert.equal(await shownSerial(port), second.serial)
    assert.equal(
      logger.lines.findLast((line) => line.level === 'error')?.fields['reason'],
      'disk full',
    )
    await listener.close()
    await store.close()
  })

  it('answers 500 without detail where a registration fails inside', async () => {
    const { listener, logger, store } = setUp(() => Promise.resolve(issue()))
    const { port } = await listener.start()
    const socket = await bareTls(port)
    socket.write(
      'POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    )
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString('latin1')
    assert.match(text, /^HTTP\/1.1 500 [^]*ERR_GATEWAY_REGISTRATION_FAILED/)
    assert.doesNotMatch(text, /no registrations here/)
    assert.equal(logger.lines.at(-1)?.fields['reason'], 'no registrations here')
    await listener.close()
    await store.close()
  })

  it('says when its address is taken', async () => {
    const first = setUp(() => Promise.resolve(issue()))
    const { port } = await first.listener.start()
    const second = new TunnelListener(
      { address: '127.0.0.1', port },
      {
        ...{ caPem: authority.certificatePem, connectors: first.store.connectors },
        ...{ clock: first.clock, logger: first.logger },
        register: () => Promise.reject(new Error('unused')),
        tunnelHandler: () => ({ onControl: () => undefined, onClose: () => undefined }),
        loadCertificate: () => Promise.resolve(issue()),
      },
    )
    await assert.rejects(second.start(), { code: 'ERR_GATEWAY_LISTEN', mend: /tunnel[.]port/ })
    await second.close()
    await first.listener.close()
    await first.store.close()
  })

  it('closes though strangers hold connections', async () => {
    const { listener, store } = setUp(() => Promise.resolve(issue()))
    const { port } = await listener.start()
    await bareTls(port)
    await listener.close()
    await listener.close()
    await store.close()
  })

  it('refuses limits that are none', async () => {
    const { clock, logger, store } = setUp(() => Promise.resolve(issue()))
    const options = { address: '127.0.0.1', port: 0, limits: { maxPending: 0 } }
    const ports = {
      ...{ caPem: '', connectors: store.connectors, clock, logger },
      register: () => Promise.reject(new Error('unused')),
      tunnelHandler: () => ({ onControl: () => undefined, onClose: () => undefined }),
      loadCertificate: () => Promise.resolve(issue()),
    }
    assert.throws(() => new TunnelListener(options, ports), RangeError)
    await store.close()
  })
})
