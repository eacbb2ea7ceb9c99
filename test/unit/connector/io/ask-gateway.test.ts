import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { askGateway, type AskGatewayOptions } from '../../../../src/connector/io/index.ts'
import { systemClock } from '../../../../src/platform/io/index.ts'
import type { TunnelSession } from '../../../../src/tunnel/index.ts'
import { PLAIN_APP } from '../../../support/fake-tunnel.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { TrustConnector } from '../../../support/trust-connector.ts'
import { TrustGateway } from '../../../support/trust-gateway.ts'
import {
  dialOptions,
  makeCertificates,
  SILENT,
  TestListener,
} from '../../../support/tunnel/pairs.ts'
import { openRecorded, TunnelRecorder } from '../../../support/tunnel/recorder.ts'

const REASON = { code: 'ERR_GATEWAY_STOPPING', message: 'bye' }
// Timers of the product never hold the process.
const alive = setInterval(() => undefined, 1000)
after(() => {
  clearInterval(alive)
})

describe('askGateway', { timeout: 30_000 }, () => {
  const gateway = new TrustGateway()
  const connector = new TrustConnector()
  before(async () => {
    await gateway.start()
    await connector.register(await gateway.createToken())
  })
  after(async () => {
    await gateway.stop()
    connector.remove()
  })

  /** Asks while the test plays the gateway. */
  async function ask(
    play: (session: TunnelSession) => void,
    change: Partial<AskGatewayOptions> = {},
  ) {
    const next = gateway.nextTunnel().then(({ session }) => {
      play(session)
      return session
    })
    const identity = await connector.read()
    const ports = { clock: systemClock, logger: new MemoryLogger() }
    const answer = await askGateway({ identity, ...ports, ...change })
    return { answer, session: await next }
  }

  it('brings the apps and the round trip, and closes', async () => {
    const { answer, session } = await ask((each) => {
      each.sendControl({ type: 'apps', revision: 1, apps: [PLAIN_APP] })
    })
    assert.deepEqual(answer.apps, [PLAIN_APP])
    assert.ok(answer.roundTripMs >= 0 && Number.isFinite(answer.roundTripMs))
    assert.equal(answer.revision, 1)
    assert.deepEqual(session.peer.capabilities, ['probe'])
    while (!session.closed) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  it('brings with whom people sign in, where the gateway says it', async () => {
    const signIn = { issuer: 'https://idp.example', clientId: 'sallyport' }
    const { answer } = await ask((each) => {
      each.sendControl({ type: 'apps', revision: 1, apps: [], signIn })
    })
    assert.deepEqual(answer.signIn, signIn)
    const older = await ask((each) => {
      each.sendControl({ type: 'apps', revision: 1, apps: [] })
    })
    assert.equal(older.answer.signIn, undefined)
  })

  it('refuses every stream', async () => {
    let refused = ''
    await ask((session) => {
      const stream = openRecorded(session)
      stream.onChange = () => {
        refused = stream.resets[0]?.code ?? ''
        session.sendControl({ type: 'apps', revision: 1, apps: [] })
      }
    })
    assert.equal(refused, 'ERR_TUNNEL_REFUSED')
  })

  it('says so when the gateway closes, when it is silent, and when nobody waits any more', async () => {
    const closing = ask((session) => {
      session.close(REASON)
    })
    await assert.rejects(closing, { code: 'ERR_TUNNEL_LOST', message: /ERR_GATEWAY_STOPPING: bye/ })
    const silent = ask(() => undefined, { answerMs: 20 })
    await assert.rejects(silent, { code: 'ERR_TUNNEL_TIMEOUT' })
    const stop = new AbortController()
    const stopped = ask(
      () => {
        stop.abort(new Error('enough'))
      },
      { signal: stop.signal },
    )
    await assert.rejects(stopped, { message: 'enough' })
  })

  it('leaves a gateway that knows no probes', async () => {
    const certificates = makeCertificates()
    const listener = new TestListener(certificates)
    await listener.listen()
    const { address, serverName, ca, cert, key } = dialOptions(
      listener,
      certificates,
      new TunnelRecorder(),
    )
    const identity = { address, serverName, ca, cert, key }
    const old = new TunnelRecorder()
    const accepted = listener.accept({ clock: systemClock, logger: SILENT, handler: old })
    const asked = askGateway({ identity, clock: systemClock, logger: SILENT })
    await assert.rejects(asked, { code: 'ERR_TUNNEL_VERSION' })
    await accepted
    await listener.close()
  })
})
