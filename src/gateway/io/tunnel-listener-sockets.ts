/**
 * The connections of the tunnel listener: which are tunnels, and how many are not yet.
 *
 * @module
 */

import type { Socket } from 'node:net'

/** Both the TCP socket and the TLS socket over it tell the same peer, and no two connections have the same one. */
const peerOf = (socket: Socket): string => `${socket.remoteAddress}|${socket.remotePort}`

/** Keeps count of connections. */
export class ListenerSockets {
  readonly #maxPending: number
  readonly #pending = new Map<string, Socket>()
  readonly #all = new Set<Socket>()

  constructor(maxPending: number) {
    this.#maxPending = maxPending
  }

  /**
   * Takes a new TCP connection. When too many are not tunnels yet, one has to go: the oldest of the address that has the most, so
   * that no single host keeps connectors out.
   *
   * @param socket - The connection.
   * @returns False when it was itself the one.
   */
  add(socket: Socket): boolean {
    if (this.#pending.size >= this.#maxPending && !this.#makeRoom(socket)) {
      socket.destroy()
      return false
    }
    const peer = peerOf(socket)
    this.#all.add(socket)
    this.#pending.set(peer, socket)
    socket.once('close', () => {
      this.#all.delete(socket)
      if (this.#pending.get(peer) === socket) this.#pending.delete(peer)
    })
    return true
  }

  /** False where no address has clearly more than the newcomer's. */
  #makeRoom({ remoteAddress }: Socket): boolean {
    const byAddress = Map.groupBy(this.#pending, ([, socket]) => socket.remoteAddress)
    const own = byAddress.get(remoteAddress)?.length ?? 0
    const [most] = [...byAddress.values()].sort((one, other) => other.length - one.length)
    if (most?.[0] === undefined || most.length <= own + 1) return false
    const [peer, oldest] = most[0]
    this.#pending.delete(peer)
    oldest.destroy()
    return true
  }

  /**
   * Notes that a connection has become a tunnel.
   *
   * @param socket - Its TLS socket.
   */
  becameTunnel(socket: Socket): void {
    this.#pending.delete(peerOf(socket))
  }

  /** Cuts everything that is not a tunnel. */
  destroyPending(): void {
    for (const socket of this.#pending.values()) socket.destroy()
  }

  /** Cuts everything. */
  destroyAll(): void {
    for (const socket of this.#all) socket.destroy()
  }
}
