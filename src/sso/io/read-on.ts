/**
 * Lets an early answer be read although the rest of the request can no longer be written.
 *
 * A backend may answer before it has read the whole body (413, 401) and close. What we write then meets a reset, and Node
 * ends a socket at the first write that fails: an answer that is already in the receive buffer would be lost with it.
 *
 * @module
 */

import { Socket } from 'node:net'
import { errorCode } from '../../platform/index.ts'

type Done = (error?: Error | null) => void

/** What a write says when the other side has closed. */
const PEER_CLOSED = new Set(['EPIPE', 'ECONNRESET'])

/**
 * Holds a failed write open, because reading tells the end as well: what the peer sent, then the reset or the end.
 * The request's own time limits hold meanwhile.
 */
function unlessPeerClosed(done: Done): Done {
  return (error) => {
    if (error == null || !PEER_CLOSED.has(errorCode(error))) done(error)
  }
}

/**
 * Makes a socket's reading outlive its writing.
 *
 * @param socket - A connected socket, over TCP or TLS; changed in place.
 */
export function readOnAfterFailedWrite(socket: Socket): void {
  socket._write = (chunk, encoding, done) => {
    Socket.prototype._write.call(socket, chunk, encoding, unlessPeerClosed(done))
  }
  socket._writev = (chunks, done) => {
    Socket.prototype._writev?.call(socket, chunks, unlessPeerClosed(done))
  }
}
