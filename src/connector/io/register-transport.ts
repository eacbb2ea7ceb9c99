/**
 * The two connections of a registration, by node:tls.
 *
 * @module
 */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { errorText } from '../../platform/index.ts'
import { checkGateway, type Connect } from '../../tunnel/io/index.ts'
import { RegisterError, type RegisterErrorCode } from '../register-errors.ts'
import type {
  GatewayTarget,
  RegistrationAnswer,
  RegistrationBody,
  RegistrationTransport,
} from '../register.ts'

/** How the gateway is reached. */
export interface RegistrationTransportOptions {
  /** Longest time for each of the two connections, milliseconds. Default 15 000. */
  readonly timeoutMs?: number
  /** Another way to the gateway, such as a forward proxy. Default: a plain TCP connection. */
  readonly connect?: Connect
}

/** Largest answer, octets. */
const MAX_ANSWER_OCTETS = 65_536
/** Most certificates of a chain that are looked at. */
const MAX_CHAIN = 8
const DEFAULT_TIMEOUT_MS = 15_000

const plainly: Connect = ({ host, port, signal }) =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

function fault(code: RegisterErrorCode, target: GatewayTarget, cause: unknown): RegisterError {
  const where = `${target.host} port ${target.port}`
  if (code === 'ERR_CONNECTOR_REGISTER_UNREACHABLE') {
    return new RegisterError(code, `cannot reach the gateway at ${where}: ${errorText(cause)}`, {
      cause,
      mend: 'Check the address in the token, DNS, and that the firewall lets this host out.',
    })
  }
  return new RegisterError(code, `TLS with ${where} failed: ${errorText(cause)}`, {
    cause,
    mend: 'Check that the address in the token is the tunnel listener of the gateway, and that nothing between inspects TLS.',
  })
}

/** Lays TLS over a connection; an abort destroys it. */
function secure(plain: Duplex, options: ConnectionOptions, signal: AbortSignal) {
  return new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ ...options, socket: plain, minVersion: 'TLSv1.3' })
    const onAbort = () => {
      socket.destroy()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort)
      reject(new Error('the connection was closed'))
    })
    // Kept for good: a fault after the handshake shows itself where the socket is used.
    socket.on('error', reject)
    socket.once('secureConnect', () => {
      resolve(socket)
    })
    if (signal.aborted) onAbort()
  })
}

/** TLS forbids addresses as server names. */
const nameOf = ({ serverName }: GatewayTarget) =>
  isIP(serverName) === 0 ? { servername: serverName } : {}

function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = []
  let certificate = socket.getPeerX509Certificate()
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw)
    certificate = certificate.issuerCertificate
  }
  return chain
}

async function readBody(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_ANSWER_OCTETS) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function post(socket: TLSSocket, host: string, body: RegistrationBody) {
  return new Promise<RegistrationAnswer>((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      host,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      connection: 'close',
    }
    const request = httpRequest({
      method: 'POST',
      path: '/register',
      headers,
      createConnection: () => socket,
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const status = response.statusCode ?? 0
      readBody(response).then((parsed) => {
        resolve({ status, body: parsed })
      }, reject)
    })
    request.end(text)
  })
}

/** Connects, secures, lets the work be done and hangs up, all within the time limit. */
class Connections {
  readonly #connect: Connect
  readonly #timeoutMs: number

  constructor(options: RegistrationTransportOptions) {
    this.#connect = options.connect ?? plainly
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  }

  async use<T>(
    target: GatewayTarget,
    options: ConnectionOptions,
    work: (socket: TLSSocket) => T | Promise<T>,
  ): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    let code: RegisterErrorCode = 'ERR_CONNECTOR_REGISTER_UNREACHABLE'
    let plain: Duplex | undefined
    try {
      plain = await this.#connect({ host: target.host, port: target.port, signal })
      code = 'ERR_CONNECTOR_REGISTER_TLS'
      const socket = await secure(plain, { ...nameOf(target), ...options }, signal)
      code = 'ERR_CONNECTOR_REGISTER_UNREACHABLE'
      return await work(socket)
    } catch (error) {
      // What is cut off for taking too long says no more than that it was closed.
      const late = `no answer within ${this.#timeoutMs / 1000} s`
      throw fault(code, target, signal.aborted ? new Error(late, { cause: error }) : error)
    } finally {
      plain?.destroy()
    }
  }
}

/**
 * The real connections.
 *
 * @param options - Time limit, and the way to the gateway.
 * @returns The port.
 */
export function registrationTransport(
  options: RegistrationTransportOptions = {},
): RegistrationTransport {
  const connections = new Connections(options)
  return {
    // The chain is judged by the pin afterwards; nothing is sent on this connection.
    presentedChain: (target) => connections.use(target, { rejectUnauthorized: false }, chainOf),
    submit: ({ ca, ...target }, body) =>
      connections.use(
        target,
        {
          ca,
          rejectUnauthorized: true,
          checkServerIdentity: (_host, certificate) => checkGateway(target.serverName, certificate),
        },
        (socket) => post(socket, `${target.serverName}:${target.port}`, body),
      ),
  }
}
