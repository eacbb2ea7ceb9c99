/**
 * Heads before the response's own: 103 Early Hints and the like.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import type { ResponseHead } from '../../tunnel/index.ts'
import type { AppRoute } from '../apps.ts'
import { bodilessFields } from '../response-fields.ts'

/**
 * Sends an interim head on. A browser of HTTP/1.0 would take it for the response, so it gets none (RFC 9110 section 15.2).
 *
 * @param response - The response that it comes before.
 * @param head - From the connector; 100 is not for the browser.
 * @param route - The app.
 * @throws Error when the head must not be passed on.
 */
export function sendInterim(response: ServerResponse, head: ResponseHead, route: AppRoute): void {
  const { req, headersSent, destroyed } = response
  if (head.status === 100 || headersSent || destroyed || req.httpVersionMinor !== 1) return
  const fields = bodilessFields(head, route)
  // Node 22 has no way to send one of any status.
  if (typeof response.writeInformation === 'function') {
    response.writeInformation(head.status, fields)
  }
}
