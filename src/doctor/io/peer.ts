/**
 * Who answers on a port: TCP, and TLS without verification, to look at what it shows.
 *
 * Nothing is ever sent over such a connection.
 *
 * @module
 */

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { PeerFacts } from '../tls-facts.ts'

/** What is connected to. */
export interface PeerPlace {
  readonly host: string
  readonly port: number
}

/** How TLS is spoken. */
export interface PeekOptions extends PeerPlace {
  /** Name for SNI; an IP address sends none. */
  readonly name: string
  /** PEM of the authority that should have signed; undefined: the system's roots. */
  readonly ca?: string | undefined
  /** Application protocols to offer. Default none. */
  readonly alpn?: readonly string[]
}

/**
 * Opens a TCP connection and closes it.
 *
 * @param place - Where.
 * @param signal - Gives up.
 * @returns Milliseconds it took.
 */
export async function timeTcp(place: PeerPlace, signal: AbortSignal): Promise<number> {
  const startMs = performance.now()
  const socket = connectTcp({ ...place })
  try {
    await opened(socket, 'connect', signal)
    return performance.now() - startMs
  } finally {
    socket.destroy()
  }
}

/**
 * Looks at who speaks TLS.
 *
 * @param options - Where and how.
 * @param signal - Gives up.
 * @returns What it showed. Rejects when TLS fails for other reasons than its certificate.
 */
export async function peekTls(options: PeekOptions, signal: AbortSignal): Promise<PeerFacts> {
  const { host, port, name, ca, alpn } = options
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(isIP(name) === 0 && { servername: name }),
    ...(ca !== undefined && { ca }),
    ...(alpn && { ALPNProtocols: [...alpn] }),
  })
  try {
    await opened(socket, 'secureConnect', signal)
    return factsOf(socket)
  } finally {
    socket.destroy()
  }
}

/** Longer chains are not read. */
const MAX_CHAIN = 10

function factsOf(socket: TLSSocket): PeerFacts {
  const chain: Uint8Array[] = []
  let next: { raw?: Buffer; issuerCertificate?: typeof next } | undefined =
    socket.getPeerCertificate(true)
  while (next?.raw && chain.length < MAX_CHAIN) {
    chain.push(next.raw)
    // A root is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  const { alpnProtocol } = socket
  const fault = socket.authorized ? undefined : String(socket.authorizationError)
  return {
    chain,
    chainFault: fault,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
  }
}

function opened(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      socket.destroy(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const over = (): void => {
      signal.removeEventListener('abort', onAbort)
    }
    socket.once(event, () => {
      over()
      resolve()
    })
    socket.on('error', (error) => {
      over()
      reject(error)
    })
    socket.once('close', () => {
      over()
      reject(new Error('closed within the handshake'))
    })
  })
}
