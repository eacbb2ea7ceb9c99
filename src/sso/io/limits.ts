/**
 * The settings of the backend connections, with their defaults.
 *
 * @module
 */

import { withDefaults } from '../../platform/index.ts'

/** How many connections there are, and for how long. */
export interface BackendLimits {
  /** Connections of one user to one app. Default 32. */
  readonly socketsPerUser: number
  /** Connections of one app for requests without a user. Default 256. */
  readonly socketsPerApp: number
  /** All connections. Default 4096. */
  readonly sockets: number
  /** Requests that wait for a connection of their pool. Default 256. */
  readonly waiting: number
  /** An unused connection is closed after this, milliseconds; a backend's Keep-Alive may shorten it. Default 15 000. */
  readonly idleSocketMs: number
  /** Longest response head, octets. Default 65 536. */
  readonly responseHeadOctets: number
}

const DEFAULTS: BackendLimits = {
  socketsPerUser: 32,
  socketsPerApp: 256,
  sockets: 4096,
  waiting: 256,
  idleSocketMs: 15_000,
  responseHeadOctets: 65_536,
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param limits - What the caller chose.
 * @returns Every setting, checked.
 * @throws RangeError when a setting is not a whole number above 0.
 */
export function resolveBackendLimits(limits: Partial<BackendLimits> = {}): BackendLimits {
  const resolved = withDefaults(DEFAULTS, limits)
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`backend limit ${name} must be a whole number of at least 1`)
    }
  }
  return resolved
}
