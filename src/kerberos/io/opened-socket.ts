/**
 * Waits until a socket is ready, and lays TLS over one.
 *
 * @module
 */

import { createHash, X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

/** Whom an https server must prove to be. */
export interface TlsTrust {
  /** CA certificates that vouch for it, PEM. Default those that Node trusts. */
  readonly ca?: string | undefined
  /**
   * SHA-256 of public keys (SubjectPublicKeyInfo, DER) as hex, one of which it must have. Without `ca`, a right key is
   * proof enough; with `ca`, both are asked for.
   */
  readonly pins?: readonly string[] | undefined
  /** What to show a server that asks for a client's certificate: chain and key, PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined
}

/**
 * Waits for an event of a socket; destroys it when something else comes first.
 *
 * @param socket - The socket.
 * @param event - `connect` or `secureConnect`.
 * @param signal - Gives up.
 * @throws Error as the socket reports, or the signal's reason.
 */
export async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const ready = (): void => {
    resolve(undefined)
  }
  const closed = (): void => {
    reject(new Error('the connection was closed'))
  }
  const giveUp = (): void => {
    reject(signal.reason instanceof Error ? signal.reason : new Error('given up'))
  }
  socket.once(event, ready).on('error', reject).once('close', closed)
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    await promise
  } catch (error) {
    socket.on('error', () => undefined).destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.off(event, ready).off('error', reject).off('close', closed)
  }
}

/**
 * Lays TLS over a socket and makes sure who is at its other end.
 *
 * @param socket - A connected socket; destroyed when this fails.
 * @param host - The server's name or address, as its certificate must have it.
 * @param options - What it must prove, and the signal that gives up.
 * @returns The socket to talk over.
 * @throws Error with the `code` that Node's TLS gives, or one that says which pin was found.
 */
export async function secured(
  socket: Socket,
  host: string,
  { trust, signal }: { readonly trust: TlsTrust; readonly signal: AbortSignal },
): Promise<TLSSocket> {
  const { ca, pins, clientCertificate } = trust
  const tls = connectTls({
    socket,
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: pins === undefined || ca !== undefined,
    ...(ca !== undefined && { ca }),
    ...clientCertificate,
  })
  try {
    await opened(tls, 'secureConnect', signal)
    if (pins !== undefined) checkPin(tls, pins)
    return tls
  } catch (error) {
    tls.on('error', () => undefined).destroy()
    socket.destroy()
    throw error
  }
}

/** A server whose public key is not among the pins. */
export class PinError extends Error {
  constructor(pin: string) {
    super(`its public key has the pin ${pin}, which is not listed`)
  }
}

function checkPin(tls: TLSSocket, pins: readonly string[]): void {
  const { raw } = tls.getPeerCertificate() as { raw?: Buffer }
  if (raw === undefined) throw new PinError('of nothing: it shows no certificate')
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(key).digest('hex')
  if (!pins.includes(pin)) throw new PinError(pin)
}
