/** A load balancer in front of a backend that wants channel bindings (docker/iwa-backend/epa.py): ends TLS, or lets it pass. */

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  createServer,
  connect as connectTcp,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { join } from 'node:path'
import { waitUntilHealthy } from '../../../docker/lab/health.ts'
import { Service } from '../../../docker/lab/processes.ts'
import { variablesOf } from '../../../docker/lab/running.ts'
import type { Server } from '../case.ts'
import type { Place } from '../world/place.ts'

const BACKEND = join(import.meta.dirname, '..', '..', '..', 'docker', 'iwa-backend', 'epa.py')

/** The backend, with a certificate of its own for the same name. */
async function startBackend(place: Place, address: string): Promise<Service> {
  const tls = join(place.directory.directory, 'epa')
  mkdirSync(tls)
  const { cert, key } = place.certificates.issue(place.host)
  writeFileSync(join(tls, 'epa.pem'), cert)
  writeFileSync(join(tls, 'epa.key'), key, { mode: 0o600 })
  const service = new Service({
    name: 'EPA backend of the matrix',
    command: '/usr/bin/python3',
    args: [BACKEND],
    env: { ...variablesOf(place.lab.env), LAB_EPA_ADDRESS: address, LAB_TLS: tls },
    logFile: join(tls, 'log'),
  })
  const answers = async (): Promise<void> => {
    const socket = connectTcp(443, address)
    await once(socket, 'connect')
    socket.destroy()
  }
  await waitUntilHealthy([{ name: `EPA backend at ${address}`, attempt: answers }], service)
  return service
}

/** The load balancer. */
export class Front {
  #server: NetServer | undefined
  #address = ''
  #inside = ''
  readonly #sockets = new Set<Socket>()

  /** Starts the backend, and ends TLS in front of it. */
  async start(place: Place, address: string, inside: string): Promise<Server> {
    this.#address = address
    this.#inside = inside
    const backend = await startBackend(place, inside)
    const server = createTlsServer(place.certificates.issue(place.host), (near) => {
      // Load balancers seldom look at certificates inside.
      this.#join(near, connectTls({ host: inside, port: 443, rejectUnauthorized: false }))
    })
    await this.#listen(server)
    return {
      stop: async () => {
        await this.#stop()
        await backend.stop()
      },
    }
  }

  /** From now on TLS ends at the backend. */
  async passThrough(): Promise<void> {
    await this.#stop()
    await this.#listen(
      createServer((near) => {
        this.#join(near, connectTcp(443, this.#inside))
      }),
    )
  }

  async #listen(server: NetServer): Promise<void> {
    this.#server = server
    server.listen(443, this.#address)
    await once(server, 'listening')
  }

  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }

  async #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server?.close()
    if (this.#server) await once(this.#server, 'close')
  }
}
