/** A TCP forwarder: a wire that can be cut. */

import { once } from 'node:events'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import type { Server } from '../case.ts'

/** One address and the ports that are passed on. */
export class Wire implements Server {
  readonly #address: string
  readonly #to: string
  readonly #servers = new Map<number, NetServer>()
  readonly #sockets = new Set<Socket>()

  private constructor(address: string, to: string) {
    this.#address = address
    this.#to = to
  }

  /** Passes connections to these ports of an address on to those of another. */
  static async lay(address: string, to: string, ports: readonly number[]): Promise<Wire> {
    const wire = new Wire(address, to)
    for (const port of ports) await wire.mend(port)
    return wire
  }

  /** From now on nobody listens on the port. */
  async cut(...ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      const server = this.#servers.get(port)
      this.#servers.delete(port)
      server?.close()
      for (const socket of this.#sockets) socket.destroy()
      if (server) await once(server, 'close')
    }
  }

  /** Passes connections to the port on again. */
  async mend(...ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      const server = createServer((near) => {
        const far = connect(port, this.#to)
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          this.#sockets.add(one)
          one.on('error', () => undefined)
          one.on('close', () => {
            this.#sockets.delete(one)
            other.destroy()
          })
          one.pipe(other)
        }
      })
      server.listen(port, this.#address)
      await once(server, 'listening')
      this.#servers.set(port, server)
    }
  }

  async stop(): Promise<void> {
    await this.cut(...this.#servers.keys())
  }
}
