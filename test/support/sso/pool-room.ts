/**
 * Servers and pools of one test, and their end.
 *
 * @module
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import type { BackendPool } from '../../../src/sso/index.ts'
import { createBackendPool, type BackendLimits } from '../../../src/sso/io/index.ts'

/** What a test has opened. */
export class PoolRoom {
  /** Every connection the servers have taken. */
  readonly sockets: Set<Socket> = new Set()
  readonly #servers: (Server | TcpServer)[] = []
  readonly #pools: BackendPool[] = []

  #watch<T extends Server | TcpServer>(server: T): T {
    this.#servers.push(server)
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => undefined)
    })
    return server
  }

  /** An HTTP server. */
  serve(listener: RequestListener): Server {
    return this.#watch(createServer(listener))
  }

  /** A TCP server. */
  raw(listener: (socket: Socket) => void): TcpServer {
    return this.#watch(createTcpServer(listener))
  }

  /** A pool that finds these addresses for every name. */
  open(
    limits: Partial<BackendLimits> = {},
    addresses: readonly string[] = ['127.0.0.1'],
  ): BackendPool {
    const pool = createBackendPool({ resolve: () => Promise.resolve(addresses), limits })
    this.#pools.push(pool)
    return pool
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const pool of this.#pools.splice(0)) await pool.close()
    for (const socket of this.sockets) socket.destroy()
    this.sockets.clear()
    for (const server of this.#servers.splice(0)) {
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    }
  }
}
