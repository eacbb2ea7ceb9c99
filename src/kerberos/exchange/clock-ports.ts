/**
 * Whose time goes into a request: ours, put right by what the realm's KDC said.
 *
 * @module
 */

import { KrbErrorCode } from '../iana/index.ts'
import type { KrbError } from '../messages/index.ts'
import type { ExchangePorts } from './types.ts'

/**
 * The ports of an exchange with one realm.
 *
 * @param ports - Ports with our own clock.
 * @param realm - Whose KDC is asked.
 * @returns The same, with that realm's clock.
 */
export function portsOf(ports: ExchangePorts, realm: string): ExchangePorts {
  return { ...ports, clock: ports.clocks?.of(realm) ?? ports.clock }
}

/**
 * Whether a request is worth a repeat because the KDC refused its time and that was taken over.
 *
 * @param refused - The KRB-ERROR.
 * @param realm - Whose KDC was asked.
 * @param ports - With the clocks.
 * @returns True when it is.
 */
export function correctedBy(refused: KrbError, realm: string, ports: ExchangePorts): boolean {
  if (refused.errorCode !== KrbErrorCode.KRB_AP_ERR_SKEW) return false
  return ports.clocks?.correct(realm, refused.stimeMs) ?? false
}
