/** A TCP relay in front of a server, which can be cut and mended as often as a test likes. */

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Where a server is. */
export interface RelayTarget {
  readonly host: string
  readonly port: number
}

/** The relay, on a free port of 127.0.0.1. */
export class CutRelay {
  #cut = false
  readonly #target: RelayTarget
  readonly #sockets = new Set<Socket>()
  readonly #frozen = new WeakSet<Socket>()
  readonly #server = createServer((socket) => {
    this.#hold(socket)
    if (this.#cut) socket.destroy()
    else this.#join(socket)
  })

  private constructor(target: RelayTarget) {
    this.#target = target
  }

  /** Listens. */
  static async start(target: RelayTarget): Promise<CutRelay> {
    const relay = new CutRelay(target)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on nothing passes on the connections that are there, and nobody is told: as when a network or a firewall's memory is gone. */
  freeze(): void {
    for (const socket of this.#sockets) {
      this.#frozen.add(socket)
      socket.unpipe().pause()
    }
  }

  /** Ends every connection, and from now on each new one at once: its port stays ours. */
  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Lets new connections through again. */
  mend(): void {
    this.#cut = false
  }

  /** Ends every connection and listens no more. */
  async stop(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const server = connect(this.#target)
    this.#hold(server)
    client.on('close', () => server.destroy())
    server.on('close', () => {
      if (!this.#frozen.has(client)) client.destroy()
    })
    client.pipe(server).pipe(client)
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
