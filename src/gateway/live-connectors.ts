/**
 * The tunnels that are up: which one takes a request, what each connector has been told, who is cut off.
 *
 * @module
 */

import type { Clock, Logger } from '../platform/index.ts'
import {
  NEGOTIATE,
  PROBE,
  type ControlMessage,
  type SignInSettings,
  type StatusMessage,
  type StreamReason,
  type TunnelHandler,
} from '../tunnel/index.ts'
import type { Apps } from './apps.ts'
import { LiveConnector, type ConnectedTunnel } from './live-connector.ts'
import { folded, SharedAccounts } from './shared-accounts.ts'

/** A connector as lists show it. */
export interface ConnectorStatus {
  readonly id: string
  readonly group: string
  readonly openStreams: number
  readonly draining: boolean
  /** What the connector last said about itself. */
  readonly status: StatusMessage | undefined
}

/** What the tunnels are told, and what they are kept with. */
export interface LiveConnectorsPorts {
  readonly logger: Logger
  readonly clock: Clock
  /** With whom people sign in; absent where nobody does. */
  readonly signIn?: SignInSettings | undefined
}

/** All tunnels that are up. */
export class LiveConnectors {
  readonly #apps: Apps
  readonly #signIn: SignInSettings | undefined
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #byGroup = new Map<string, LiveConnector[]>()
  readonly #accounts = new SharedAccounts()
  /** Tunnels that only ask: told the apps, never given a request. */
  #probes: readonly LiveConnector[] = []
  #turn = 0

  constructor(apps: Apps, ports: LiveConnectorsPorts) {
    this.#apps = apps
    this.#signIn = ports.signIn
    this.#logger = ports.logger
    this.#clock = ports.clock
  }

  /**
   * Takes a tunnel that is up, and tells its connector the apps of its group. One that is a probe (PROTOCOL.md section 5.1) is told
   * and no more: it takes no requests, is in no list, and counts for nothing but an end by `cut`, `drain` and `close`.
   *
   * @param tunnel - From the tunnel listener.
   * @returns What the tunnel's events are to be given to.
   */
  add(tunnel: ConnectedTunnel): TunnelHandler {
    if (tunnel.session.peer.capabilities.includes(PROBE)) return this.#addProbe(tunnel)
    const live = new LiveConnector(tunnel, this.#clock)
    const group = this.#byGroup.get(live.group) ?? []
    this.#byGroup.set(live.group, [...group, live])
    const apps = this.#tellApps(live)
    this.#logger.info('connector is up', { connector: live.id, group: live.group, apps })
    return {
      onControl: (message) => {
        this.#onControl(live, message)
      },
      onClose: (reason) => {
        this.#remove(live, reason)
      },
      onDraining: () => {
        this.#logger.info('connector drains', { connector: live.id })
      },
    }
  }

  #addProbe(tunnel: ConnectedTunnel): TunnelHandler {
    const probe = new LiveConnector(tunnel, this.#clock)
    this.#probes = [...this.#probes, probe]
    const apps = this.#tellApps(probe)
    this.#logger.info('connector asks', { connector: probe.id, group: probe.group, apps })
    return {
      onControl: () => undefined,
      onClose: () => {
        this.#probes = this.#probes.filter((each) => each !== probe)
      },
    }
  }

  /** Says how many there are. */
  #tellApps({ group, session }: LiveConnector): number {
    const apps = this.#apps.settingsFor(group)
    const signIn = this.#signIn
    session.sendControl({ type: 'apps', revision: 1, apps, ...(signIn && { signIn }) })
    return apps.length
  }

  /**
   * What a tunnel that is about to be accepted has to be given as its handler: `add` happens once it is ready.
   *
   * @param connector - Whose tunnel it will be.
   * @returns The handler.
   */
  handlerFor(connector: Pick<ConnectedTunnel, 'id' | 'group'>): TunnelHandler {
    let added: TunnelHandler | undefined
    return {
      onReady: (session) => {
        added = this.add({ id: connector.id, group: connector.group, session })
      },
      onControl: (message) => {
        added?.onControl(message)
      },
      onClose: (reason) => {
        added?.onClose(reason)
      },
      onDraining: () => {
        added?.onDraining?.()
      },
    }
  }

  /**
   * The least loaded tunnel of a group.
   *
   * @param group - Connector group.
   * @param except - One that must not be taken (it has just failed).
   * @param fits - Which may be taken. Default any.
   * @returns A tunnel that takes requests, or undefined.
   */
  pick(
    group: string,
    except?: LiveConnector,
    fits?: (live: LiveConnector) => boolean,
  ): LiveConnector | undefined {
    const lives = this.#byGroup.get(group)
    if (!lives) return undefined
    let best: LiveConnector | undefined
    // Begin at another one each time: of equally loaded tunnels each gets its turn.
    const start = this.#turn++ % lives.length
    for (let step = 0; step < lives.length; step++) {
      const live = lives[(start + step) % lives.length]
      if (!live || live === except || live.session.draining || live.session.closed) continue
      if (fits !== undefined && !fits(live)) continue
      if (!best || live.session.openStreams < best.session.openStreams) best = live
    }
    return best
  }

  /**
   * A tunnel to a connector that judges browsers' Kerberos tokens.
   *
   * @param group - Connector group.
   * @returns The tunnel, or undefined.
   */
  pickForSignIn(group: string): LiveConnector | undefined {
    return this.pick(group, undefined, judgesTokens)
  }

  /**
   * Cuts every tunnel of a connector at once, with the streams in it.
   *
   * @param connectorId - Which.
   * @returns How many tunnels it had.
   */
  cut(connectorId: string): number {
    const lives = this.#all().filter((live) => live.id === connectorId)
    for (const live of lives) {
      live.session.close({ code: 'ERR_TUNNEL_REFUSED', message: 'the connector was revoked' })
    }
    this.#tellAccounts(this.#accounts.forget(connectorId))
    return lives.length
  }

  /**
   * Tells every connector something.
   *
   * @param message - What.
   */
  broadcast(message: ControlMessage): void {
    for (const live of this.tunnels()) live.session.sendControl(message)
  }

  /**
   * Has every connector drop the proofs of sessions that have ended.
   *
   * @param idHashes - The sessions.
   */
  forget(idHashes: readonly string[]): void {
    for (const live of this.tunnels()) live.forget(idHashes)
  }

  /** Every tunnel that is up, probes aside. */
  tunnels(): readonly LiveConnector[] {
    return [...this.#byGroup.values()].flat()
  }

  /** One tunnel of each connector that is up: the newest, one that does not drain before others. */
  newestOfEach(): readonly LiveConnector[] {
    const newest = new Map<string, LiveConnector>()
    for (const live of this.tunnels()) {
      if (!live.session.draining || newest.get(live.id)?.session.draining !== false) {
        newest.set(live.id, live)
      }
    }
    return [...newest.values()]
  }

  /** What is up, for lists. */
  list(): readonly ConnectorStatus[] {
    return this.tunnels().map(({ id, group, session, status }) => {
      const { openStreams, draining } = session
      return { id, group, openStreams, draining, status }
    })
  }

  /** No new streams on any tunnel; each closes when its last stream has ended. */
  drain(): void {
    for (const live of this.#all()) live.session.drain()
  }

  /**
   * Closes every tunnel.
   *
   * @param reason - Why.
   */
  close(reason: StreamReason): void {
    for (const live of this.#all()) live.session.close(reason)
  }

  #all(): readonly LiveConnector[] {
    return [...this.tunnels(), ...this.#probes]
  }

  #onControl(live: LiveConnector, message: ControlMessage): void {
    if (message.type === 'accepted') live.signIns.settle(message)
    if (message.type === 'inspected') live.inspections.settle(message)
    if (message.type === 'flushed') live.flushes.settle(message)
    if (message.type !== 'status') return
    live.status = message
    const { ready, problem } = message.kerberos
    this.#logger.info('connector status', { connector: live.id, ready, problem })
    this.#noteAccount(live, message.kerberos.principal)
  }

  /** A connector that rotates its password wants to know whether others are the same account. */
  #noteAccount(live: LiveConnector, principal: string | undefined): void {
    if (principal === undefined || principal === '') return
    const changed = this.#accounts.note(live.id, principal)
    if (!changed.includes(folded(principal))) this.#tellAccount(live)
    this.#tellAccounts(changed)
  }

  #tellAccounts(accounts: readonly string[]): void {
    for (const live of this.tunnels()) {
      const { principal = '' } = live.status?.kerberos ?? {}
      if (accounts.includes(folded(principal))) this.#tellAccount(live)
    }
  }

  #tellAccount({ session, status }: LiveConnector): void {
    const { principal = '' } = status?.kerberos ?? {}
    const connectors = this.#accounts.count(principal)
    if (connectors > 0) session.sendControl({ type: 'account', principal, connectors })
  }

  #remove(live: LiveConnector, reason: StreamReason): void {
    live.signIns.close()
    live.inspections.close()
    live.flushes.close()
    const left = (this.#byGroup.get(live.group) ?? []).filter((each) => each !== live)
    if (left.length > 0) this.#byGroup.set(live.group, left)
    else this.#byGroup.delete(live.group)
    this.#logger.info('connector is down', { connector: live.id, code: reason.code })
  }
}

function judgesTokens({ session }: LiveConnector): boolean {
  return session.peer.capabilities.includes(NEGOTIATE)
}
