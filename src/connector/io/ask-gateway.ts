/**
 * Asks the gateway what it would tell a connector, over a tunnel that takes no requests (PROTOCOL.md section 5.1, `probe`).
 *
 * For `doctor` and the commands that explain: a connector keeps no copy of the apps.
 *
 * @module
 */

import type { Clock, Logger } from '../../platform/index.ts'
import {
  PROBE,
  TunnelError,
  type AppsMessage,
  type StreamReason,
  type TunnelHandler,
  type TunnelSession,
} from '../../tunnel/index.ts'
import { dialTunnel } from '../../tunnel/io/index.ts'
import type { TunnelIdentity } from './tunnel-dialler.ts'

/** What the gateway said: the apps of our connector group, and with whom people sign in. */
export interface GatewayAnswer extends Pick<AppsMessage, 'apps' | 'signIn'> {
  /** The way there and back, milliseconds. */
  readonly roundTripMs: number
  /** Protocol revision that both speak. */
  readonly revision: number
}

/** How the gateway is asked. */
export interface AskGatewayOptions {
  /** From `readRegistration`. */
  readonly identity: TunnelIdentity
  readonly clock: Clock
  readonly logger: Logger
  /** Gives up. */
  readonly signal?: AbortSignal
  /** Longest wait for the apps and the PONG once the tunnel is up, milliseconds. Default 10 000. */
  readonly answerMs?: number
}

/** Hears what comes in the tunnel; without `onOpen` every stream is refused. */
class Listener implements TunnelHandler {
  readonly #apps = Promise.withResolvers<AppsMessage>()
  readonly #over = Promise.withResolvers<never>()

  constructor() {
    // Whoever waits hears of it; nobody else has to.
    this.#over.promise.catch(() => undefined)
  }

  get apps(): Promise<AppsMessage> {
    return this.#apps.promise
  }
  /** Rejects when the tunnel ends. */
  get over(): Promise<never> {
    return this.#over.promise
  }

  onControl(message: Parameters<TunnelHandler['onControl']>[0]): void {
    if (message.type === 'apps') this.#apps.resolve(message)
  }
  onClose({ code, message }: StreamReason): void {
    const text = `the gateway closed the tunnel: ${code}: ${message}`
    this.#over.reject(new TunnelError('ERR_TUNNEL_LOST', text))
  }
}

/**
 * Dials, listens, measures, and closes.
 *
 * @param options - Who we are and where the gateway is.
 * @returns What the gateway said.
 * @throws TunnelError as `dialTunnel` does; ERR_TUNNEL_LOST when the gateway ends the tunnel, ERR_TUNNEL_TIMEOUT when it says nothing,
 *   ERR_TUNNEL_VERSION when it knows no probes; the signal's reason.
 */
export async function askGateway(options: AskGatewayOptions): Promise<GatewayAnswer> {
  const { identity, clock, logger, signal } = options
  const { address, serverName, ca, cert, key } = identity
  const listener = new Listener()
  const dialling = dialTunnel({
    ...{ address, serverName, ca, cert, key, clock, logger },
    handler: listener,
    capabilities: [PROBE],
    ...(signal && { signal }),
  })
  const session = await dialling.catch((error: unknown) => {
    signal?.throwIfAborted()
    throw error
  })
  try {
    return await hear(session, listener, options)
  } finally {
    session.close({ code: 'ERR_TUNNEL_CLOSED', message: 'the probe has its answer' })
  }
}

async function hear(
  session: TunnelSession,
  listener: Listener,
  { clock, signal, answerMs = 10_000 }: AskGatewayOptions,
): Promise<GatewayAnswer> {
  if (!session.peer.capabilities.includes(PROBE)) {
    throw new TunnelError('ERR_TUNNEL_VERSION', 'the gateway knows no probes', {
      mend: 'Update the gateway: it is older than this connector.',
    })
  }
  const pong = new Promise<number>((resolve) => {
    session.ping(resolve)
  })
  const answer = Promise.all([listener.apps, pong])
  const late = Promise.withResolvers<never>()
  const timer = clock.setTimer(answerMs, () => {
    const text = `the gateway told no apps within ${answerMs} ms`
    late.reject(new TunnelError('ERR_TUNNEL_TIMEOUT', text))
  })
  const onAbort = (): void => {
    late.reject(signal?.reason)
  }
  signal?.addEventListener('abort', onAbort)
  try {
    const [told, roundTripMs] = await Promise.race([answer, listener.over, late.promise])
    const { apps, signIn } = told
    return { apps, ...(signIn && { signIn }), roundTripMs, revision: session.peer.version }
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', onAbort)
  }
}
