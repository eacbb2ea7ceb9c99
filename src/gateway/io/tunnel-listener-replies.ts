/**
 * Answers of the tunnel listener: JSON, and nothing that tells a stranger what is inside.
 *
 * @module
 */

import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { SallyportError } from '../../platform/index.ts'

/** What every refusal looks like. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly mend?: string | undefined
}

/** There is nothing here. */
export const NOT_FOUND: Refusal = {
  status: 404,
  code: 'ERR_GATEWAY_NOT_FOUND',
  message: 'there is nothing here',
}

/** The tunnel's path without a WebSocket. */
export const UPGRADE_REQUIRED: Refusal = {
  status: 426,
  code: 'ERR_GATEWAY_UPGRADE_REQUIRED',
  message: 'this path takes WebSockets only',
}

/** One answer for every reason: which one it was stands in the gateway's log. */
export const NOT_A_CONNECTOR: Refusal = {
  status: 403,
  code: 'ERR_GATEWAY_CONNECTOR_REFUSED',
  message: 'not a connector of this gateway',
  mend: "See the gateway's log for the reason; register the connector again where it was revoked.",
}

/** The gateway has a fault or is overloaded. */
export const UNAVAILABLE: Refusal = {
  status: 503,
  code: 'ERR_GATEWAY_UNAVAILABLE',
  message: 'the gateway cannot take this now',
  mend: 'Try again later.',
}

const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_GATEWAY_TOKEN_UNKNOWN: 403,
  ERR_GATEWAY_TOKEN_USED: 403,
  ERR_GATEWAY_TOKEN_EXPIRED: 403,
  ERR_GATEWAY_REGISTRATION_BODY: 400,
  ERR_GATEWAY_REGISTRATION_RATE: 429,
  ERR_PKI_REQUEST: 400,
  ERR_PKI_KEY: 400,
}

/**
 * What a failed registration is answered with.
 *
 * @param error - What was thrown.
 * @returns A refusal; faults that are not the sender's tell nothing.
 */
export function registrationRefusal(error: unknown): Refusal {
  const status = error instanceof SallyportError ? STATUS_OF[error.code] : undefined
  if (!(error instanceof SallyportError) || status === undefined) {
    return {
      status: 500,
      code: 'ERR_GATEWAY_REGISTRATION_FAILED',
      message: 'the gateway could not register the connector',
      mend: "See the gateway's log for the reason.",
    }
  }
  const { code, message, mend } = error
  return { status, code, message, mend }
}

const bodyOf = ({ code, message, mend }: Refusal) => JSON.stringify({ code, message, mend })

const COMMON_FIELDS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  connection: 'close',
}

/**
 * Answers a request with JSON and ends its connection.
 *
 * @param response - The response.
 * @param status - HTTP status.
 * @param body - JSON text.
 */
export function answer(response: ServerResponse, status: number, body: string): void {
  const upgrade = status === 426 ? { upgrade: 'websocket' } : {}
  const length = { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...COMMON_FIELDS, ...length, ...upgrade }).end(body)
}

/**
 * Refuses a request.
 *
 * @param response - The response.
 * @param refusal - What to say.
 */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  answer(response, refusal.status, bodyOf(refusal))
}

/**
 * Refuses an upgrade request and ends its connection.
 *
 * @param socket - The connection.
 * @param refusal - What to say.
 */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
  const body = bodyOf(refusal)
  const fields = { ...COMMON_FIELDS, 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`
  socket.end([head, ...lines, '', body].join('\r\n'), () => {
    socket.destroy()
  })
}

/**
 * Reads a JSON body.
 *
 * @param request - The request.
 * @param maxOctets - The largest that is taken.
 * @returns What it holds; undefined when it is too large, cut off or no JSON.
 */
export async function readJson(request: IncomingMessage, maxOctets: number): Promise<unknown> {
  const isJson = /^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')
  if (!isJson) return undefined
  const chunks: Buffer[] = []
  let octets = 0
  try {
    // Leaving the loop must not destroy the connection: the refusal still has to go out.
    const iterator = request.iterator({ destroyOnReturn: false })
    for await (const chunk of iterator as AsyncIterable<Buffer>) {
      octets += chunk.length
      if (octets > maxOctets) return undefined
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}
