/**
 * The gateway as one object: wires apps, sessions, sign-in, connectors and the browser listener.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import { tlsServerEndPoint } from '../../kerberos/index.ts'
import {
  errorCode,
  SecurityLog,
  type Clock,
  type Logger,
  type Random,
  type Timer,
} from '../../platform/index.ts'
import type { TunnelHandler } from '../../tunnel/index.ts'
import { ActiveExchanges } from '../active-exchanges.ts'
import { Apps } from '../apps.ts'
import { BackchannelLogout } from '../backchannel-logout.ts'
import type { GatewayConfig, SessionConfig } from '../config.ts'
import type { ConnectedTunnel } from '../live-connector.ts'
import { LiveConnectors } from '../live-connectors.ts'
import { headRoom, Negotiate } from '../negotiate.ts'
import type { OidcProvider } from '../oidc.ts'
import { Sessions, type SessionLimits } from '../sessions.ts'
import { SignIn } from '../sign-in.ts'
import type { SessionRepository, SessionSummary } from '../store.ts'
import { TokenKeeper } from '../token-keeper.ts'
import { BrowserListener, type ListenAddress, type ServerCertificate } from './browser-listener.ts'
import { Front, type UserPorts } from './front.ts'
import { UnreadableRequests } from './unreadable-requests.ts'

/** What the gateway needs of the outside. */
export interface GatewayPorts {
  readonly sessions: SessionRepository
  /** Absent when every app is passthrough. */
  readonly provider: OidcProvider | undefined
  /** For the browser listener. */
  readonly certificate: ServerCertificate
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const SWEEP_MS = 60_000
const TOUCH_MS = 60_000
const REFRESH_AHEAD_MS = 60_000
const CLOSE_REASON = { code: 'ERR_GATEWAY_STOPPING', message: 'the gateway is stopping' }

function sessionLimits(config: SessionConfig): SessionLimits {
  return {
    idleMs: config.idleMinutes * 60_000,
    absoluteMs: config.absoluteHours * 3_600_000,
    cached: config.cachedSessions,
    touchMs: TOUCH_MS,
    refreshAheadMs: REFRESH_AHEAD_MS,
  }
}

/** RFC 5929 section 4.1; undefined for a certificate that cannot be read, which the listener refuses by itself. */
function bindingOf({ certificatePem }: ServerCertificate): Uint8Array | undefined {
  try {
    return tlsServerEndPoint(new X509Certificate(certificatePem).raw)
  } catch {
    return undefined
  }
}

/** A gateway. */
export class Gateway {
  /** The tunnels that are up. */
  readonly connectors: LiveConnectors
  readonly #config: GatewayConfig
  readonly #ports: GatewayPorts
  readonly #active: ActiveExchanges
  readonly #security: SecurityLog
  readonly #sessions: Sessions
  readonly #front: Front
  readonly #listener: BrowserListener
  #sweep: Timer | undefined
  /** Of browsers' connections: changes with the certificate. */
  #channelBinding: Uint8Array | undefined

  constructor(config: GatewayConfig, ports: GatewayPorts) {
    const { clock, random, logger, certificate } = ports
    const { address, port, limits } = config.browser
    const apps = new Apps(config.apps)
    this.#config = config
    this.#ports = ports
    this.#security = new SecurityLog(ports)
    const signIn = config.oidc && { issuer: config.oidc.issuer, clientId: config.oidc.clientId }
    this.connectors = new LiveConnectors(apps, { logger, clock, signIn })
    this.#active = new ActiveExchanges(clock, logger)
    this.#sessions = this.#createSessions()
    const users = this.#users()
    const requestIdPrefix = Buffer.from(random.bytes(6)).toString('base64url')
    this.#front = new Front({
      apps,
      users,
      exchange: {
        ...{ connectors: this.connectors, active: this.#active, limits, clock, logger },
        stillUsed: (session) => {
          this.#sessions.use(session, clock.nowMs())
          this.#sessions.keepOpen(session)
          // 'ended' and 'unavailable' show at the next request.
          void users?.keeper.ensure(session)
        },
        stepUp: (admitted, wish) => {
          this.#front.stepUp(admitted, wish)
        },
        signInAgain: (admitted, code) => {
          this.#front.signInAgain(admitted, code)
        },
        stillOpen: (session) => {
          this.#sessions.keepOpen(session)
          void users?.keeper.ensure(session)
        },
      },
      ...{ logger, requestIdPrefix },
    })
    this.#channelBinding = bindingOf(certificate)
    const headerOctets = headRoom(limits.headerOctets, config.apps)
    const listening = { address, port, limits: { ...limits, headerOctets }, certificate }
    const told = { clock, logger, security: this.#security, requestIdPrefix }
    const unreadable = new UnreadableRequests(told)
    this.#listener = new BrowserListener(listening, { requests: this.#front, unreadable })
  }

  /**
   * Starts listening for browsers.
   *
   * @returns Where.
   * @throws SallyportError ERR_GATEWAY_LISTEN when the address cannot be had.
   */
  async start(): Promise<ListenAddress> {
    const where = await this.#listener.listen()
    this.#active.start()
    this.#sweepLater()
    return where
  }

  /**
   * Takes a tunnel that is up.
   *
   * @param tunnel - From the tunnel listener.
   * @returns What the tunnel's events are to be given to.
   */
  onTunnel(tunnel: ConnectedTunnel): TunnelHandler {
    return this.connectors.add(tunnel)
  }

  /**
   * The handler for a tunnel that is about to be accepted.
   *
   * @param connector - Whose.
   * @returns To be given to the tunnel.
   */
  tunnelHandler(connector: Pick<ConnectedTunnel, 'id' | 'group'>): TunnelHandler {
    return this.connectors.handlerFor(connector)
  }

  /** Every browser session. */
  listSessions(): Promise<readonly SessionSummary[]> {
    return this.#sessions.list()
  }

  /**
   * Ends every session of a user, here and at the connectors, with the requests in flight.
   *
   * @param user - Login name, in any case.
   * @returns How many sessions there were.
   */
  async revokeUser(user: string): Promise<number> {
    const count = await this.#sessions.revokeUser(user)
    this.#ports.logger.info('sessions revoked', { user, count })
    this.connectors.broadcast({ type: 'flush', user })
    return count
  }

  /**
   * Uses another certificate for new browser connections.
   *
   * @param certificate - Chain and key.
   */
  replaceCertificate(certificate: ServerCertificate): void {
    this.#listener.replaceCertificate(certificate)
    this.#channelBinding = bindingOf(certificate)
  }

  /** Lets requests in flight end within the configured time, then closes everything. */
  async stop(): Promise<void> {
    this.#front.stopping = true
    this.#listener.stopAccepting()
    await this.#active.drain(this.#config.browser.limits.drainMs)
    this.#active.stop()
    this.#sweep?.cancel()
    this.#security.close()
    this.connectors.close(CLOSE_REASON)
    await this.#listener.close()
  }

  #createSessions(): Sessions {
    const { sessions: repository, clock, random, logger } = this.#ports
    return new Sessions(sessionLimits(this.#config.session), {
      ...{ repository, clock, random, logger },
      onEnded: (idHashes) => {
        this.connectors.forget(idHashes)
        this.#active.endSessions(idHashes)
      },
    })
  }

  #users(): UserPorts | undefined {
    const { provider, clock, random, logger } = this.#ports
    const { oidc } = this.#config
    if (!provider || !oidc) return undefined
    const { loginClaim, groupsClaim, logoutTokens } = oidc
    const sessions = this.#sessions
    const security = this.#security
    return {
      sessions,
      keeper: new TokenKeeper({ provider, sessions, clock, logger, loginClaim }),
      signIn: new SignIn({ provider, sessions, clock, random, logger, loginClaim }),
      logout: new BackchannelLogout(logoutTokens, { provider, sessions, clock, logger, security }),
      claimNames: { loginClaim, groupsClaim },
      negotiate: new Negotiate({
        ...{ connectors: this.connectors, sessions, logger, clock, security },
        tokens: this.#config.browser.limits.kerberosTokens,
        channelBinding: () => this.#channelBinding,
      }),
    }
  }

  #sweepLater(): void {
    this.#sweep = this.#ports.clock.setTimer(SWEEP_MS, () => {
      this.#sessions.sweep().catch((error: unknown) => {
        this.#ports.logger.warn('expired sessions not swept', { code: errorCode(error) })
      })
      this.#sweepLater()
    })
  }
}

/**
 * Composes a gateway. Nothing listens before `start`.
 *
 * @param config - gateway.yaml.
 * @param ports - The outside.
 * @returns The gateway.
 * @throws SallyportError ERR_GATEWAY_CERTIFICATE when certificate and key cannot be used.
 */
export function createGateway(config: GatewayConfig, ports: GatewayPorts): Gateway {
  return new Gateway(config, ports)
}
