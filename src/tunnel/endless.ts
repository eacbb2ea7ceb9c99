/**
 * Responses that have no end of their own.
 *
 * @module
 */

import type { ResponseHead } from './types.ts'

/**
 * Says whether a response lasts until someone ends it: a connection that has switched protocols, or a stream of server-sent
 * events (WHATWG HTML section 9.2). Clients of both open them anew, so a peer that stops does not wait for them.
 *
 * @param head - From the backend.
 * @returns True for 101, and for the media type text/event-stream.
 */
export function isEndless({ status, headers }: ResponseHead): boolean {
  if (status === 101) return true
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.length !== 12 || headers[at]?.toLowerCase() !== 'content-type') continue
    if (/^text\/event-stream[ \t]*(?:;|$)/i.test(headers[at + 1]?.trim() ?? '')) return true
  }
  return false
}
