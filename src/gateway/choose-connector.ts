/**
 * Which tunnel takes a request: any of the app's group; for a session by Kerberos that of the connector which accepted it, since
 * nobody else can verify its assertion.
 *
 * @module
 */

import type { LiveConnector } from './live-connector.ts'
import type { LiveConnectors } from './live-connectors.ts'
import type { OpenSession } from './open-session.ts'

/** For whom a tunnel is wanted. */
export interface Wanted {
  readonly group: string
  readonly session: OpenSession | undefined
}

/** What says that a session by Kerberos is of no use any more. */
const USELESS = new Set([
  'ERR_SSO_ASSERTION_UNKNOWN',
  // The app has been changed since.
  'ERR_SSO_ASSERTION_INVALID',
  'ERR_SSO_PROOF_EXPIRED',
  'ERR_GATEWAY_CONNECTOR_CHANGED',
])

/**
 * Chooses.
 *
 * @param connectors - All that are up.
 * @param wanted - For whom.
 * @param avoid - One that has just failed.
 * @returns A tunnel, or undefined.
 */
export function chooseConnector(
  connectors: LiveConnectors,
  { group, session }: Wanted,
  avoid: LiveConnector | undefined,
): LiveConnector | undefined {
  const acceptedBy = session?.acceptedBy
  if (acceptedBy === undefined) return connectors.pick(group, avoid)
  return connectors.pick(group, avoid, ({ id }) => id === acceptedBy)
}

/**
 * Why there was none.
 *
 * @param connectors - All that are up.
 * @param wanted - For whom.
 * @returns The code: a session by Kerberos whose connector is gone while others are there begins anew.
 */
export function noConnectorCode(connectors: LiveConnectors, { group, session }: Wanted): string {
  const isLeft = session?.acceptedBy !== undefined && connectors.pick(group) !== undefined
  return isLeft ? 'ERR_GATEWAY_CONNECTOR_CHANGED' : 'ERR_GATEWAY_NO_CONNECTOR'
}

/**
 * Whether the user has to sign in again.
 *
 * @param session - Of the request.
 * @param code - Why it failed.
 * @returns True for a session by Kerberos that its connector knows no more.
 */
export function hasToSignInAgain(session: OpenSession | undefined, code: string): boolean {
  return session?.acceptedBy !== undefined && USELESS.has(code)
}
