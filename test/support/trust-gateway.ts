/** The gateway's side of trust on a real TLS listener on port 0: CA, store, registration, tunnels. For scenario tests. */
import { openStore, TunnelListener } from '../../src/gateway/io/index.ts'
import {
  createRegistrationToken,
  Registration,
  type GatewayStore,
} from '../../src/gateway/index.ts'
import { createAuthority, issueServerCertificate, type Authority } from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import type { Clock } from '../../src/platform/index.ts'
import type { TunnelHandler, TunnelSession } from '../../src/tunnel/index.ts'
import { MemoryLogger } from './manual-clock.ts'

/** Name in the gateway's certificate. */
export const SERVER_NAME = 'gateway.example'

/** A tunnel that was let in. */
export interface AdmittedTunnel {
  readonly id: string
  readonly group: string
  readonly session: TunnelSession
}

/** What a test may choose. */
export interface TrustGatewayOptions {
  readonly authority?: Authority
  readonly limits?: ConstructorParameters<typeof TunnelListener>[0]['limits']
  readonly rate?: { perAddress?: number; overall?: number }
}

/** A clock that is ahead of the real one by what a test says; timers are real. */
export interface ShiftedClock extends Clock {
  shiftMs: number
}

function shiftedClock(): ShiftedClock {
  const clock: ShiftedClock = {
    ...systemClock,
    shiftMs: 0,
    nowMs: () => systemClock.nowMs() + clock.shiftMs,
  }
  return clock
}

/** A gateway as far as connectors see it before any app. */
export class TrustGateway {
  readonly authority: Authority
  readonly store: GatewayStore = openStore(':memory:')
  readonly clock: ShiftedClock = shiftedClock()
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly tunnels: AdmittedTunnel[] = []
  readonly #waiting: ((tunnel: AdmittedTunnel) => void)[] = []
  readonly #options: TrustGatewayOptions
  readonly #registration: Registration
  readonly #listener: TunnelListener
  #port = 0

  constructor(options: TrustGatewayOptions = {}) {
    this.#options = options
    const { clock, logger } = this
    this.authority = options.authority ?? createAuthority({ clock, random: systemRandom })
    const tokens = this.store.registrationTokens
    this.#registration = new Registration(
      { authority: this.authority, tokens, clock, random: systemRandom, logger },
      { rate: options.rate ?? {} },
    )
    this.#listener = this.#createListener()
  }

  /** `host:port` of the listener. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }
  get port(): number {
    return this.#port
  }

  async start(): Promise<this> {
    const { port } = await this.#listener.start()
    this.#port = port
    return this
  }

  /** A token for this gateway; a test may bend where it leads. */
  async createToken(bent: { address?: string; lifetimeMinutes?: number } = {}): Promise<string> {
    const order = { group: 'default', lifetimeMinutes: 60, serverName: SERVER_NAME }
    const tokens = this.store.registrationTokens
    const { authority, clock } = this
    const { token } = await createRegistrationToken(
      { ...order, address: this.address, ...bent },
      { authority, tokens, clock, random: systemRandom },
    )
    return token
  }

  /** The tunnel that opens next. Ask before dialling. */
  nextTunnel(): Promise<AdmittedTunnel> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  async stop(): Promise<void> {
    for (const { session } of this.tunnels) session.close({ code: 'ERR_TEST', message: 'over' })
    await this.#listener.close()
    await this.store.close()
  }

  #createListener(): TunnelListener {
    const { authority, clock, logger } = this
    const ports = { clock, random: systemRandom }
    return new TunnelListener(
      { address: '127.0.0.1', port: 0, limits: this.#options.limits ?? {} },
      {
        caPem: authority.certificatePem,
        connectors: this.store.connectors,
        register: (body, address) => this.#registration.register(body, address),
        tunnelHandler: (connector) => this.#handler(connector),
        loadCertificate: () =>
          Promise.resolve(issueServerCertificate(authority, { names: [SERVER_NAME] }, ports)),
        clock,
        logger,
      },
    )
  }

  #handler({ id, group }: { id: string; group: string }): TunnelHandler {
    return {
      onReady: (session) => {
        const tunnel = { id, group, session }
        this.tunnels.push(tunnel)
        for (const resolve of this.#waiting.splice(0)) resolve(tunnel)
      },
      onControl: () => undefined,
      onClose: () => undefined,
    }
  }
}
