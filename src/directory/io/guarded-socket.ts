/**
 * Stands between a bound socket and ldapts: passes on whole messages that answer a search, and nothing else.
 *
 * @module
 */

import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { DirectoryError } from '../index.ts'
import { readBerHead } from '../ber.ts'
import { checkSearchAnswer } from '../ldap-answer.ts'

/** What ldapts gets instead of the socket. */
export class GuardedSocket extends Duplex {
  /** As on a socket that is connected: ldapts looks at both. */
  readonly connecting = false
  readonly readyState = 'open'
  /** Why the connection was cut, when the server is to blame. */
  fault: DirectoryError | undefined
  readonly #socket: TLSSocket
  readonly #maxReplyOctets: number
  #chunks: Uint8Array[] = []
  #waiting = 0
  #awaited = 0

  constructor(socket: TLSSocket, maxReplyOctets: number) {
    super()
    this.#socket = socket
    this.#maxReplyOctets = maxReplyOctets
    socket.on('data', (chunk: Uint8Array) => {
      this.#receive(chunk)
    })
    socket.on('close', () => {
      this.destroy()
    })
  }

  /** Counts octets anew: nothing is awaited any more. */
  settle(): void {
    this.#awaited = 0
  }

  override _read(): void {
    // Answers are bounded by maxReplyOctets; they are not held back.
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #receive(chunk: Uint8Array): void {
    if (this.destroyed) return
    this.#chunks.push(chunk)
    this.#waiting += chunk.length
    this.#awaited += chunk.length
    try {
      if (this.#awaited > this.#maxReplyOctets) throw tooLong(this.#maxReplyOctets)
      this.#passMessages()
    } catch (error) {
      this.fault = error as DirectoryError
      this.destroy(this.fault)
    }
  }

  #passMessages(): void {
    for (;;) {
      const [first = new Uint8Array()] = this.#chunks
      const head = readBerHead(first, 0) ?? readBerHead(this.#joined(), 0)
      if (!head) return
      if (head.end > this.#maxReplyOctets) throw tooLong(this.#maxReplyOctets)
      if (head.end > this.#waiting) return
      const joined = this.#joined()
      const message = joined.subarray(0, head.end)
      if (!checkSearchAnswer(message)) {
        this.destroy()
        return
      }
      this.#waiting -= head.end
      this.#chunks = this.#waiting > 0 ? [joined.subarray(head.end)] : []
      this.push(message)
    }
  }

  /** All that waits in one piece; joined when a message is whole, not with each chunk. */
  #joined(): Uint8Array {
    const [first = new Uint8Array()] = this.#chunks
    if (this.#chunks.length < 2) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}

function tooLong(limit: number): DirectoryError {
  const text = `the directory server’s answer is longer than maxReplyOctets (${limit})`
  return new DirectoryError('ERR_DIRECTORY_REPLY', text)
}
