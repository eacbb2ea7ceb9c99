/**
 * What a request says to the next hop alone (RFC 9110 section 7.6.1), and what of it is said anew to the connector: only
 * what that has announced to understand.
 *
 * @module
 */

import { CAPABILITY, isTrailerName, keptFields } from '../tunnel/index.ts'
import { requestAction } from './header-names.ts'

/** What a request says to the next hop. */
export interface HopFields {
  /** `TE: trailers`: the browser takes trailer fields. */
  readonly takesTrailers: boolean
  /** Names that the request body may end with, from Trailer. */
  readonly trailer: string | undefined
  /** The browser waits for 100 before it sends its body. */
  readonly expectsContinue: boolean
}

/**
 * Whether a TE field names trailers.
 *
 * @param value - The field's value.
 * @returns True for `trailers`, alone or in a list.
 */
export function takesTrailers(value: string): boolean {
  return value.split(',').some((coding) => coding.trim().toLowerCase() === 'trailers')
}

/**
 * Whether the inside may be given a trailer field of a browser.
 *
 * @param name - Its name.
 * @returns False for what must not stand in trailers, and for what a client may not say at all.
 */
function mayTrail(name: string): boolean {
  return isTrailerName(name) && requestAction(name) === 'keep'
}

/**
 * Takes out of a browser's trailers what the inside may not be given.
 *
 * @param raw - Flat: name, value and so on.
 * @returns A new flat list.
 */
export function inwardTrailers(raw: readonly string[]): string[] {
  return keptFields(raw, mayTrail)
}

function trailerNames(value: string): string {
  const names = value.split(',').map((name) => name.trim())
  return names.filter((name) => mayTrail(name)).join(', ')
}

/**
 * The fields for the connector that takes the request.
 *
 * @param hop - What the browser said.
 * @param upgrade - Protocol to switch to.
 * @param capabilities - Of the connector.
 * @returns Flat: name, value and so on.
 */
export function hopFieldsFor(
  hop: HopFields | undefined,
  upgrade: string | undefined,
  capabilities: readonly string[],
): string[] {
  const fields: string[] = []
  if (upgrade !== undefined) fields.push('Upgrade', upgrade)
  if (hop === undefined) return fields
  if (capabilities.includes(CAPABILITY.TRAILERS)) {
    if (hop.takesTrailers) fields.push('TE', 'trailers')
    const names = trailerNames(hop.trailer ?? '')
    if (names !== '') fields.push('Trailer', names)
  }
  const waits = hop.expectsContinue && capabilities.includes(CAPABILITY.INTERIM)
  if (waits) fields.push('Expect', '100-continue')
  return fields
}
