/**
 * What the checks of the way to the gateway may ask.
 *
 * @module
 */

import type { AppSettings, SignInSettings } from '../../tunnel/index.ts'
import type { PeerFacts } from '../tls-facts.ts'

/** What registration left, without the key. */
export interface RegistrationFacts {
  /** `host:port`. */
  readonly address: string
  readonly serverName: string
  readonly id: string
  readonly group: string
  /** PEM of the connector's certificate. */
  readonly cert: string
  /** PEM of the gateway's CA. */
  readonly ca: string
}

/** What the gateway said over a probe tunnel. */
export interface GatewayFacts {
  readonly apps: readonly AppSettings[]
  /** Absent: nobody signs in with a provider, or the gateway is older. */
  readonly signIn?: SignInSettings
  readonly roundTripMs: number
}

/** What these checks may ask. */
export interface TunnelWorld {
  readonly nowMs: number
  /** For the mends. */
  readonly stateDirectory: string
  /** URL of the forward proxy that the environment names for the gateway, without its password. */
  readonly proxy: string | undefined
  /** Rejects where there is none. */
  registration(): Promise<RegistrationFacts>
  /** By the host's own resolver. */
  addresses(host: string): Promise<readonly string[]>
  /** Opens and closes a TCP connection; the milliseconds it took. */
  connect(host: string, port: number, signal: AbortSignal): Promise<number>
  /** TLS without verification, to see who answers. */
  peek(
    place: { host: string; port: number; name: string; ca: string },
    signal: AbortSignal,
  ): Promise<PeerFacts>
  /** One answer for the whole run. */
  ask(): Promise<GatewayFacts>
}
