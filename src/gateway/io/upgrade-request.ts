/**
 * A request to switch protocols as node:http hands it over: the bare socket, and what has been read of it too far. Until it
 * switches, it is answered like any request.
 *
 * @module
 */

import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** A connection that may switch. */
export interface UpgradeRequest {
  /** To which protocol, lower case. */
  readonly protocol: string
  readonly socket: Duplex
  /** What came after the request's head. */
  readonly head: Buffer
}

/**
 * Makes a response for a bare socket. The connection ends with it: what follows the request may be another protocol.
 *
 * @param request - What is answered.
 * @param socket - Its socket.
 * @returns The response; undefined when an answer to an earlier request is still on its way there.
 */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  socket.on('error', () => {
    socket.destroy()
  })
  try {
    response.assignSocket(request.socket)
  } catch {
    // A client that sends a second request behind the first has no business asking for a switch in it.
    socket.destroy()
    return undefined
  }
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => {
    response.detachSocket(request.socket)
    request.socket.destroySoon()
  })
  return response
}
