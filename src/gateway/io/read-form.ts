/**
 * Reads the body of a short form.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Longest form, octets. A logout token has some 1 KB. */
const MAX_FORM_OCTETS = 32_768

/**
 * Reads a request's body.
 *
 * @param request - The request.
 * @param response - Its response, told to go on where the client waits for that.
 * @returns The text; undefined when it is too long, and the rest is then not read.
 * @throws Error when the client goes away.
 */
export async function readForm(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_FORM_OCTETS) return undefined
  if (request.headers.expect !== undefined) response.writeContinue()
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_FORM_OCTETS) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
