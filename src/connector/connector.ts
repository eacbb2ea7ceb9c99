/**
 * The connector: keeps a tunnel to the gateway for ever, and hands what arrives in it to the pipeline.
 *
 * @module
 */

import {
  backoffDelayMs,
  errorCode,
  errorMend,
  errorText,
  resolveBackoff,
  SallyportError,
  SecurityLog,
  type Timer,
} from '../platform/index.ts'
import type { AccountMessage, StreamReason, TunnelSession } from '../tunnel/index.ts'
import { AppList } from './apps.ts'
import type { ConnectorLimits } from './config.ts'
import { ConnectorError } from './errors.ts'
import type { ConnectorPorts, KerberosStatus } from './ports.ts'
import { ProofCache } from './proofs.ts'
import { StatisticsLog } from './statistics.ts'
import { TunnelLink, type LinkOwner } from './tunnel-link.ts'

/** What a connector is told about itself. */
export interface ConnectorOptions {
  /** Sallyport's version, for the gateway. */
  readonly version: string
  readonly limits: ConnectorLimits
}

/** A connector that can be started and stopped once. */
export interface Connector {
  /** Dials, now and whenever there is no tunnel. */
  start(): void
  /** Tunnels that carry requests now. */
  readonly tunnels: number
  /**
   * Takes no more requests, lets those in flight end within `drainMs`, then closes everything. WebSockets and event streams are
   * not waited for.
   */
  stop(): Promise<void>
}

const NO_KERBEROS: KerberosStatus = {
  ready: false,
  problem: 'no kerberos section in connector.yaml',
}

/** A longer text would make the status message a protocol violation, and cost the tunnel. */
const MAX_STATUS_LENGTH = 512
const MAX_VERSION_LENGTH = 64

/**
 * Puts a connector together.
 *
 * @param options - What it is told about itself.
 * @param ports - What it works through.
 * @returns The connector, not started.
 */
export function createConnector(options: ConnectorOptions, ports: ConnectorPorts): Connector {
  return new TunnelKeeper(options, ports)
}

class TunnelKeeper implements Connector, LinkOwner {
  readonly #options: ConnectorOptions
  readonly #ports: ConnectorPorts
  readonly #backoff: ReturnType<typeof resolveBackoff>
  readonly #apps = new AppList()
  readonly #security: Pick<SecurityLog, 'report'>
  /** Tunnels that are up, and the time since when. */
  readonly #links = new Map<TunnelLink, number>()
  readonly #stopping = new AbortController()
  readonly #statistics: StatisticsLog
  /** The link that is being dialled, or that new requests come in on. */
  #current: TunnelLink | undefined
  #failures = 0
  #redial: Timer | undefined
  #statusTimer: Timer | undefined
  #kerberos: KerberosStatus
  #idle: (() => void) | undefined

  constructor(options: ConnectorOptions, ports: ConnectorPorts) {
    const { reconnectFirstMs, reconnectMaxMs } = options.limits
    this.#options = options
    this.#ports = ports
    this.#security = ports.security ?? new SecurityLog(ports)
    this.#statistics = new StatisticsLog(ports, options.limits.statisticsMs)
    this.#backoff = resolveBackoff({ firstDelayMs: reconnectFirstMs, maxDelayMs: reconnectMaxMs })
    this.#kerberos = ports.checkKerberos
      ? { ready: false, problem: 'not checked yet' }
      : NO_KERBEROS
  }

  get tunnels(): number {
    return this.#links.size
  }

  start(): void {
    if (!this.#ports.checkKerberos) {
      this.#ports.logger.warn('no kerberos section: only apps without Kerberos are served')
    }
    this.#statistics.start()
    void this.#checkKerberos()
    void this.#dial()
    this.#ports.rotation?.start()
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort(new ConnectorError('ERR_CONNECTOR_STOPPED', 'the connector is stopping'))
    this.#redial?.cancel()
    this.#statusTimer?.cancel()
    const rotated = this.#ports.rotation?.stop(this.#options.limits.drainMs)
    for (const link of this.#links.keys()) link.session?.drain()
    this.#ports.pipeline.drain()
    if (this.#links.size > 0) await this.#drained()
    for (const link of this.#links.keys()) {
      link.session?.close({ code: 'ERR_CONNECTOR_STOPPED', message: 'the connector has stopped' })
    }
    await rotated
    this.#statistics.stop()
    await this.#ports.pipeline.close()
  }

  linkReady(link: TunnelLink, session: TunnelSession): void {
    this.#links.set(link, this.#ports.clock.monotonicMs())
    this.#ports.logger.info('tunnel up', { version: session.peer.version })
    this.#sendStatus(session)
    if (this.#stopping.signal.aborted) session.drain()
  }

  linkDraining(link: TunnelLink): void {
    this.#ports.logger.info('the gateway drains this tunnel')
    this.#replace(link)
  }

  linkClosed(link: TunnelLink, reason: StreamReason): void {
    // A tunnel that was never up is reported by the dialler, which also plans the next attempt.
    if (!this.#links.has(link)) return
    const level = this.#stopping.signal.aborted ? 'info' : 'warn'
    this.#ports.logger[level]('tunnel down', { code: reason.code, reason: reason.message })
    this.#replace(link)
    this.#links.delete(link)
    if (this.#links.size === 0) this.#idle?.()
  }

  /** Plans another tunnel when this was the one in use. */
  #replace(link: TunnelLink): void {
    if (this.#current !== link) return
    this.#current = undefined
    const sinceMs = this.#links.get(link) ?? Infinity
    const lastedMs = this.#ports.clock.monotonicMs() - sinceMs
    if (lastedMs >= this.#options.limits.stableMs) this.#failures = 0
    this.#dialLater()
  }

  #dialLater(): void {
    if (this.#stopping.signal.aborted) return
    this.#failures += 1
    const delayMs = backoffDelayMs(this.#failures, this.#backoff, this.#ports.random)
    this.#redial = this.#ports.clock.setTimer(delayMs, () => void this.#dial())
  }

  async #dial(): Promise<void> {
    const { logger, pipeline, dialler, rotation } = this.#ports
    const proofs = new ProofCache(this.#options.limits)
    const account = (message: AccountMessage): void => rotation?.heard(message)
    const shared = { apps: this.#apps, security: this.#security, account }
    const link = new TunnelLink({ pipeline, proofs, logger, ...shared }, this)
    this.#current = link
    const attempt = this.#attempt()
    try {
      await dialler.dial(link, attempt.signal)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      logger.warn('the gateway cannot be reached', {
        code: errorCode(error),
        reason: errorText(error),
        mend: errorMend(error),
        attempt: this.#failures + 1,
      })
      this.#replace(link)
    } finally {
      attempt.done()
    }
  }

  /** A signal that fires when dialling takes too long or the connector stops. */
  #attempt(): { signal: AbortSignal; done: () => void } {
    const { dialMs } = this.#options.limits
    const late = new AbortController()
    const timer = this.#ports.clock.setTimer(dialMs, () => {
      const text = `no tunnel within dialMs (${dialMs})`
      late.abort(new SallyportError('ERR_TUNNEL_TIMEOUT', text))
    })
    const signal = AbortSignal.any([late.signal, this.#stopping.signal])
    return {
      signal,
      done: () => {
        timer.cancel()
      },
    }
  }

  async #checkKerberos(): Promise<void> {
    const check = this.#ports.checkKerberos
    if (!check) return
    const before = JSON.stringify(this.#kerberos)
    this.#kerberos = await check(this.#stopping.signal)
    if (this.#stopping.signal.aborted) return
    if (JSON.stringify(this.#kerberos) !== before) this.#tellStatus()
    this.#statusTimer = this.#ports.clock.setTimer(
      this.#options.limits.statusMs,
      () => void this.#checkKerberos(),
    )
  }

  #tellStatus(): void {
    const { ready, principal, problem, mend } = this.#kerberos
    if (ready) this.#ports.logger.info('kerberos works', { principal })
    else this.#ports.logger.error('kerberos does not work', { principal, reason: problem, mend })
    for (const { session } of this.#links.keys()) if (session) this.#sendStatus(session)
  }

  #sendStatus(session: TunnelSession): void {
    const { ready, principal, problem } = this.#kerberos
    session.sendControl({
      type: 'status',
      version: this.#options.version.slice(0, MAX_VERSION_LENGTH),
      kerberos: {
        ready,
        ...(principal === undefined ? {} : { principal: principal.slice(0, MAX_STATUS_LENGTH) }),
        ...(problem === undefined ? {} : { problem: problem.slice(0, MAX_STATUS_LENGTH) }),
      },
    })
  }

  /** Waits until no tunnel is up, within the limit. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.setTimer(this.#options.limits.drainMs, resolve)
      this.#idle = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
