/**
 * What node:http could make no request of: a head with too many or too large fields, text that is not HTTP, a request that never
 * came whole. It has neither request nor response for these, so that the page is written to the bare socket, which then ends.
 *
 * @module
 */

import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { errorCode, type Clock, type Logger, type SecurityLog } from '../../platform/index.ts'
import { wantsHtml } from '../browser-request.ts'
import type { GatewayErrorCode } from '../errors.ts'
import { errorPage, type Page } from '../pages.ts'

/** Who is told, and what it is told with. */
export interface UnreadablePorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly security: Pick<SecurityLog, 'report'>
  /** Makes request ids unique across restarts and gateways. */
  readonly requestIdPrefix: string
}

/** How long the rest of what a browser sends is read and thrown away: a socket that is closed on it would take the page along. */
const LINGER_MS = 1000
/** Of a head that could not be read, for who asks. */
const MAX_LOOKED_AT_OCTETS = 16_384

const FIELDS = ['accept', 'sec-fetch-mode', 'x-requested-with'] as const

const MEND =
  'Most often a site has set many cookies. Raise browser.limits.headerOctets or headerFields, if such requests are to be taken.'

/** The browser has gone in the middle of a request. */
const GONE = 'HPE_INVALID_EOF_STATE'

/** Undefined where there is nobody to answer. */
function codeOf(error: Error): GatewayErrorCode | undefined {
  const code = errorCode(error)
  if (code === 'HPE_HEADER_OVERFLOW') return 'ERR_GATEWAY_FIELDS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'ERR_GATEWAY_CLIENT_STALLED'
  return code.startsWith('HPE_') && code !== GONE ? 'ERR_GATEWAY_BAD_REQUEST' : undefined
}

/** What can be seen of the head says for whom the answer is; a person gets on with HTML, a program goes by the status. */
function isForPerson(error: Error & { rawPacket?: unknown }): boolean {
  if (!Buffer.isBuffer(error.rawPacket)) return true
  const text = error.rawPacket.toString('latin1', 0, MAX_LOOKED_AT_OCTETS)
  const seen = FIELDS.flatMap((name) => {
    const value = new RegExp(`^${name}:[ \\t]*(.*)`, 'im').exec(text)?.[1]
    return value === undefined ? [] : [[name, value] as const]
  })
  return seen.length === 0 || wantsHtml(Object.fromEntries(seen))
}

/** RFC 9112 section 4. */
function inOctets({ status, headers, body }: Page): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  return [...lines, 'Connection: close', '', body].join('\r\n')
}

/** False in the middle of another answer, or behind one that waits for its turn. */
function mayAnswer(socket: Duplex, last: ServerResponse | undefined): boolean {
  if (!socket.writable) return false
  if (last === undefined || last.writableFinished) return true
  return last.socket === socket && !last.headersSent
}

/** Answers them. */
export class UnreadableRequests {
  readonly #ports: UnreadablePorts
  /** The last response of each connection. */
  readonly #last = new WeakMap<Duplex, ServerResponse>()
  readonly #refused = new WeakSet<Duplex>()
  #count = 0

  constructor(ports: UnreadablePorts) {
    this.#ports = ports
  }

  /**
   * Notes what is being answered on a connection.
   *
   * @param socket - The connection.
   * @param response - The response that has just begun, or waits for those before it.
   */
  answering(socket: Duplex, response: ServerResponse): void {
    this.#last.set(socket, response)
  }

  /**
   * Answers, and ends the connection.
   *
   * @param error - From node:http's `clientError`.
   * @param socket - The connection.
   */
  refuse(error: Error, socket: Duplex): void {
    // What comes after is no request either.
    if (this.#refused.has(socket)) return
    this.#refused.add(socket)
    const code = codeOf(error)
    if (code === undefined || !mayAnswer(socket, this.#last.get(socket))) {
      socket.destroy(error)
      return
    }
    const requestId = `${this.#ports.requestIdPrefix}.${(++this.#count).toString(36)}`
    const { remoteAddress: address } = socket as Partial<Socket>
    this.#tell(code, { requestId, address, reason: errorCode(error) })
    socket.on('error', () => undefined)
    socket.end(inOctets(errorPage({ code, requestId, html: isForPerson(error) })))
    const linger = this.#ports.clock.setTimer(LINGER_MS, () => {
      socket.destroy()
    })
    socket.once('close', () => {
      linger.cancel()
    })
  }

  /** A connection that a browser opens ahead and then does not need is told so as well: that is no event. */
  #tell(code: GatewayErrorCode, fields: Readonly<Record<string, string | undefined>>): void {
    const { logger, security } = this.#ports
    if (code === 'ERR_GATEWAY_CLIENT_STALLED') {
      logger.debug('a request did not come in time', { ...fields, code })
      return
    }
    const tooLarge = code === 'ERR_GATEWAY_FIELDS_TOO_LARGE'
    const what = tooLarge ? 'header-fields-too-large' : 'malformed-request'
    security.report({ code, what, fields: { ...fields, ...(tooLarge && { mend: MEND }) } })
  }
}
