/**
 * The carrier port over a `ws` WebSocket: what is flushed together leaves in one write.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { CarrierReceiver, TunnelCarrier, TunnelRole } from '../index.ts'
import { binaryFrame } from './ws-frame.ts'

const NOTHING = (): void => undefined

/** RFC 6455 section 7.4.1: data of a kind that cannot be accepted. */
const CLOSE_UNSUPPORTED = 1003

/** How long the peer may take to answer our good-bye before the connection is cut, milliseconds. */
const CLOSE_TIMEOUT_MS = 3000

/** One open WebSocket. */
export class WsCarrier implements TunnelCarrier {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #masks: boolean
  #error: Error | undefined
  #closing: NodeJS.Timeout | undefined

  /**
   * The WebSocket must be open, and its messages not yet read.
   *
   * @param ws - Made without permessage-deflate and with a maximum payload.
   * @param socket - The connection under it: messages are written to it, and it is asked for its backlog.
   * @param role - The connector is the WebSocket's client, and clients mask.
   */
  constructor(ws: WebSocket, socket: Duplex, role: TunnelRole) {
    this.#ws = ws
    this.#socket = socket
    this.#masks = role === 'connector'
  }

  get backlogOctets(): number {
    return this.#socket.writableLength
  }

  attach(receiver: CarrierReceiver): void {
    this.#ws.on('message', (data: RawData, binary: boolean) => {
      if (binary && Buffer.isBuffer(data)) receiver.onMessage(data)
      else this.close(CLOSE_UNSUPPORTED)
    })
    this.#ws.on('error', (error) => {
      this.#error = error
    })
    this.#ws.on('close', (code) => {
      clearTimeout(this.#closing)
      const why = this.#error?.message ?? `WebSocket close code ${code}`
      receiver.onClose({ code: 'ERR_TUNNEL_LOST', message: `connection closed: ${why}` })
    })
    this.#socket.on('drain', () => {
      receiver.onWritable()
    })
  }

  send(messages: readonly Buffer[], onSent: () => void = NOTHING): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    this.#socket.cork()
    let left = messages.length
    for (const message of messages) {
      const { head, payload } = binaryFrame(message, this.#masks)
      this.#socket.write(head)
      // A socket writes in order: when the last message has left, so have the others.
      this.#socket.write(payload, --left === 0 ? onSent : NOTHING)
    }
    this.#socket.uncork()
  }

  schedule(callback: () => void): void {
    setImmediate(callback)
  }

  close(code: number): void {
    this.#ws.close(code)
    this.#closing ??= setTimeout(() => {
      this.#ws.terminate()
    }, CLOSE_TIMEOUT_MS).unref()
  }
}
