/**
 * What a connector needs of the outside.
 *
 * @module
 */

import type { Clock, Logger, Random, SecurityLog } from '../platform/index.ts'
import type { SsoPipeline } from '../sso/index.ts'
import type { PasswordRotation } from './password-rotation.ts'
import type { KdcTotals } from './statistics.ts'
import type { StatusMessage, TunnelHandler, TunnelSession } from '../tunnel/index.ts'

/** Whether Kerberos works, as the gateway shows it. */
export type KerberosStatus = StatusMessage['kerberos'] & {
  /** What to do about it, for this host's log alone. */
  readonly mend?: string | undefined
}

/** Dials the gateway. */
export interface TunnelDialler {
  /**
   * Opens one tunnel.
   *
   * @param handler - Told of everything in it; its `onReady` may come before this resolves.
   * @param signal - Gives up.
   * @returns The tunnel, its hellos exchanged.
   */
  dial(handler: TunnelHandler, signal: AbortSignal): Promise<TunnelSession>
}

/** The outside world of a connector. */
export interface ConnectorPorts {
  readonly dialler: TunnelDialler
  readonly pipeline: Pick<
    SsoPipeline,
    | 'handle'
    | 'signIn'
    | 'offer'
    | 'forget'
    | 'flush'
    | 'inspect'
    | 'appsChanged'
    | 'counters'
    | 'drain'
    | 'close'
  >
  /** Asks the KDC whether our own account works. Never rejects; absent where there is no Kerberos. */
  readonly checkKerberos?: (signal: AbortSignal) => Promise<KerberosStatus>
  /** Changes our own password from time to time; absent where it is not to. */
  readonly rotation?: Pick<PasswordRotation, 'start' | 'heard' | 'stop'> | undefined
  /** What is known of the KDCs; absent where there is no Kerberos. */
  readonly kdcStatistics?: (() => KdcTotals) | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Where lies of the gateway are written down. Default: lines of the logger. */
  readonly security?: Pick<SecurityLog, 'report'> | undefined
}
