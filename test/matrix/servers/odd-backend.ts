/** Backends that misbehave as Apache cannot, in the test's own process. */

import { once } from 'node:events'
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ListenOptions } from 'node:net'
import type { Server } from '../case.ts'

/** Where, and with what certificate. */
export interface BackendPlace {
  readonly address: string
  /** PEM, for HTTPS on port 443; absent: HTTP on port 80. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** A web server that does what it is told. */
export class OddBackend implements Server {
  /** How it answers from now on. */
  answer: RequestListener
  readonly #server: HttpServer

  private constructor(place: BackendPlace, answer: RequestListener) {
    this.answer = answer
    const listener: RequestListener = (request, response) => {
      this.answer(request, response)
    }
    this.#server = place.tls ? createTlsServer(place.tls, listener) : createServer(listener)
  }

  /** Listens. */
  static async start(place: BackendPlace, answer: RequestListener): Promise<OddBackend> {
    const backend = new OddBackend(place, answer)
    const where: ListenOptions = { host: place.address, port: place.tls ? 443 : 80 }
    backend.#server.listen(where)
    await once(backend.#server, 'listening')
    return backend
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Answers 401 with these challenges, whatever is sent. */
export function challenges(...schemes: readonly string[]): RequestListener {
  return (request, response) => {
    request.resume()
    response.writeHead(401, { 'www-authenticate': [...schemes] }).end('who are you?')
  }
}

/** Answers 200 as the lab's backends do, looking at no token. */
export function welcomes(user: string): RequestListener {
  return (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ user: `${user}@CORP.EXAMPLE` }))
  }
}
