/**
 * The answer to a request to switch protocols: an ordinary response when the backend refuses, else the connection's octets.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ResponseHead } from '../../tunnel/index.ts'
import { switchFields } from '../upgrade.ts'
import type { BrowserResponse } from './browser-response.ts'
import { ResponseBody, type ResponseContext } from './response-body.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** One answer. */
export class UpgradeResponse implements BrowserResponse {
  readonly #response: ServerResponse
  readonly #upgrade: UpgradeRequest
  readonly #context: ResponseContext
  readonly #refusal: ResponseBody
  #socket: Duplex | undefined
  /** Octets written while the browser was slow: their credit is held back until it has taken them. */
  #owed = 0

  constructor(response: ServerResponse, upgrade: UpgradeRequest, context: ResponseContext) {
    this.#response = response
    this.#upgrade = upgrade
    this.#context = context
    this.#refusal = new ResponseBody(response, context)
  }

  get switched(): boolean {
    return this.#socket !== undefined
  }

  get begun(): boolean {
    return this.switched || this.#refusal.begun
  }

  get overrun(): boolean {
    return this.#refusal.overrun
  }

  /** A connection that has switched is never complete before it is closed. */
  get complete(): boolean {
    return this.#refusal.complete
  }

  get waitsForClient(): boolean {
    return this.#owed > 0 || this.#refusal.waitsForClient
  }

  head(head: ResponseHead): void {
    if (head.status === 101) this.#switch(head)
    else this.#refusal.head(head)
  }

  #switch(head: ResponseHead): void {
    const { protocol, socket } = this.#upgrade
    const fields = switchFields(head, this.#context.route, protocol)
    this.#response.writeHead(101, fields)
    this.#response.flushHeaders()
    this.#response.detachSocket(this.#response.req.socket)
    // Each direction ends by itself from now on.
    socket.allowHalfOpen = true
    this.#socket = socket
  }

  data(chunk: Uint8Array): number {
    if (this.#socket === undefined) return this.#refusal.data(chunk)
    if (this.#socket.write(chunk)) return chunk.length
    this.#owed += chunk.length
    return 0
  }

  trailers(): void {
    // A refusal's trailers are of no use to a client that wanted another protocol.
  }

  end(): boolean {
    if (this.#socket === undefined) return this.#refusal.end()
    this.#socket.end()
    return true
  }

  drained(): number {
    const owed = this.#owed + this.#refusal.drained()
    this.#owed = 0
    return owed
  }

  destroy(): void {
    this.#upgrade.socket.destroy()
  }
}
