/**
 * Requests to switch to another protocol (RFC 9110 section 7.8): which are taken, from whose pages, and what is answered.
 *
 * @module
 */

import type { ResponseHead } from '../tunnel/index.ts'
import type { AppRoute } from './apps.ts'
import { GatewayError } from './errors.ts'
import { rawField } from './raw-fields.ts'
import { bodilessFields } from './response-fields.ts'

/** What is looked at of a request. */
export interface UpgradeHead {
  readonly method?: string | undefined
  /** Flat: name, value and so on. */
  readonly rawHeaders: readonly string[]
}

/**
 * The protocol that a request is switched to. Every other request with an Upgrade field is an ordinary one: a server may
 * pass over Upgrade.
 *
 * @param request - A request with `Connection: upgrade`.
 * @param route - The app.
 * @returns The protocol, lower case; undefined when it is none of the app's, not a GET, or comes with a body.
 */
export function protocolToSwitchTo(request: UpgradeHead, route: AppRoute): string | undefined {
  const { method, rawHeaders } = request
  const protocol = rawField(rawHeaders, 'upgrade')?.toLowerCase().trim()
  if (protocol === undefined || method !== 'GET' || !route.upgrades.has(protocol)) return undefined
  const length = rawField(rawHeaders, 'content-length')
  const hasBody =
    rawField(rawHeaders, 'transfer-encoding') !== undefined || Number(length ?? 0) !== 0
  return hasBody ? undefined : protocol
}

/**
 * Whether a switch that a session's cookie answers for was asked for by a page that may. Any site can have a browser open
 * a WebSocket, with cookies, and read what comes (cross-site WebSocket hijacking); the browser's Origin field tells.
 * A program that is no browser sends none.
 *
 * @param rawHeaders - Flat: name, value and so on.
 * @param route - The app.
 * @returns False when the page's origin is neither the app's nor listed.
 */
export function mayOriginSwitch(rawHeaders: readonly string[], route: AppRoute): boolean {
  const origin = rawField(rawHeaders, 'origin')
  if (origin !== undefined) return route.upgradeOrigins.has(origin.toLowerCase())
  const site = rawField(rawHeaders, 'sec-fetch-site')
  return site === undefined || site === 'same-origin'
}

/**
 * The fields of the answer that switches.
 *
 * @param head - 101, from the connector.
 * @param route - The app.
 * @param protocol - What was asked for.
 * @returns Flat: name, value and so on.
 * @throws GatewayError ERR_GATEWAY_BAD_RESPONSE when it switches to another protocol, or must not be passed on.
 */
export function switchFields(head: ResponseHead, route: AppRoute, protocol: string): string[] {
  if (rawField(head.headers, 'upgrade')?.toLowerCase() !== protocol) {
    throw new GatewayError('ERR_GATEWAY_BAD_RESPONSE', 'switched to a protocol not asked for')
  }
  return ['Connection', 'Upgrade', 'Upgrade', protocol, ...bodilessFields(head, route)]
}
