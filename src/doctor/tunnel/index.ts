/**
 * The way to the gateway: registration, name, TCP, TLS, tunnel.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { probeCheck } from './probe.ts'
import { certificateCheck, registrationCheck } from './registration.ts'
import { resolveCheck, tcpCheck, tlsCheck } from './way.ts'
import type { TunnelWorld } from './world.ts'

export type { GatewayFacts, RegistrationFacts, TunnelWorld } from './world.ts'

/** In the order in which they are told. */
export const TUNNEL_CHECKS: readonly Check<TunnelWorld>[] = [
  registrationCheck,
  certificateCheck,
  resolveCheck,
  tcpCheck,
  tlsCheck,
  probeCheck,
]
