/**
 * Sends a page of the gateway's own as the response to a browser.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Page } from '../pages.ts'

/** A request body up to this size is read and thrown away, so that the connection can be used again. */
const MAX_DISCARDED_OCTETS = 262_144

function bodyIsShort(request: IncomingMessage): boolean {
  if (request.complete) return true
  const length = request.headers['content-length']
  const chunked = request.headers['transfer-encoding'] !== undefined
  return !chunked && Number(length ?? 0) <= MAX_DISCARDED_OCTETS
}

/**
 * Sends a page. Does nothing when a response has begun already or the browser is gone.
 *
 * @param request - The request it answers; for HEAD no body is sent.
 * @param response - The response.
 * @param page - What to send.
 */
export function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  if (response.headersSent || response.destroyed) return
  const closing = bodyIsShort(request) ? [] : ['Connection', 'close']
  response.writeHead(page.status, [...page.headers, ...closing])
  response.end(request.method === 'HEAD' ? undefined : page.body)
}
