/**
 * Opens one socket to a backend: DNS, the policy's address rule, TCP, and TLS verified as the policy row says.
 *
 * @module
 */

import { createHash, X509Certificate } from 'node:crypto'
import { isIP, connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { errorCode, errorText, SallyportError } from '../../platform/index.ts'
import type { BackendTarget } from '../backend.ts'
import { SsoError } from '../errors.ts'
import type { Resolve } from './resolve.ts'

/** A socket that is ready for HTTP/1.1. */
export interface OpenSocket {
  readonly socket: Socket
  /** DER of the peer's certificate on https. */
  readonly certificate: Uint8Array | undefined
}

const NOTHING = (): void => undefined

function nameOf(target: BackendTarget): string {
  return `${target.protocol}//${target.hostname}:${target.port}`
}

async function addressesOf(target: BackendTarget, resolve: Resolve): Promise<readonly string[]> {
  let found: readonly string[]
  try {
    found = await resolve(target.hostname)
  } catch (cause) {
    throw new SsoError(
      'ERR_BACKEND_NAME',
      cause instanceof SallyportError
        ? cause.message
        : `${target.hostname} has no address: ${errorCode(cause)}`,
      {
        cause,
        mend: 'Check internalUrl and the DNS servers in connector.yaml.',
      },
    )
  }
  const allowed = found.filter((address) => target.allowsAddress(address))
  if (allowed.length > 0) return allowed
  throw addressRefused(target, found.join(', '))
}

function addressRefused(target: BackendTarget, address: string): SsoError {
  return new SsoError(
    'ERR_BACKEND_ADDRESS_REFUSED',
    `${target.hostname} is at ${address}, which the policy does not allow`,
    {
      mend: 'List the network under addresses in the row of this backend, if it is right.',
    },
  )
}

/** Settles once: whichever event comes first decides, and the loser cannot leak a socket. */
function once<T extends Socket>(socket: T, ready: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket
        .removeListener(ready, onReady)
        .removeListener('error', onError)
        .removeListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
    const onReady = (): void => {
      stop()
      resolve(socket)
    }
    const onError = (error: Error): void => {
      stop()
      socket.on('error', NOTHING).destroy()
      reject(error)
    }
    const onClose = (): void => {
      onError(new Error('closed within the handshake'))
    }
    const onAbort = (): void => {
      onError(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    socket.once(ready, onReady).once('error', onError).once('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

/** One attempt at one address; `shareMs` keeps a silent address from using all the time up. */
async function attempt(
  target: BackendTarget,
  place: { readonly host: string; readonly shareMs: number },
  signal: AbortSignal,
): Promise<Socket> {
  const { host, shareMs } = place
  const socket = connectTcp({ host, port: target.port, noDelay: true, keepAlive: true })
  const timer = setTimeout(() => {
    socket.destroy(new Error('no answer'))
  }, shareMs)
  try {
    await once(socket, 'connect', signal)
  } finally {
    clearTimeout(timer)
  }
  // What counts is where the socket ended up, not what DNS said.
  if (target.allowsAddress(socket.remoteAddress ?? '')) return socket
  socket.destroy()
  throw addressRefused(target, socket.remoteAddress ?? 'nowhere')
}

async function openTcp(
  target: BackendTarget,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<Socket> {
  const addresses = await addressesOf(target, resolve)
  const shareMs = target.timeouts.connectMs / addresses.length
  let last: unknown
  for (const host of addresses) {
    try {
      return await attempt(target, { host, shareMs }, signal)
    } catch (error) {
      if (error instanceof SsoError) throw error
      last = error
    }
  }
  throw new SsoError(
    'ERR_BACKEND_UNREACHABLE',
    `${nameOf(target)} cannot be reached: ${errorCode(last)}`,
    { cause: last, mend: 'Check that the backend runs and that this host may reach it.' },
  )
}

function tlsOptions(target: BackendTarget, socket: Socket): ConnectionOptions {
  const { tls, hostname } = target
  return {
    socket,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(hostname) === 0 ? { servername: hostname } : { host: hostname }),
    rejectUnauthorized: tls.verify === 'ca',
    ...(tls.verify === 'ca' && tls.ca !== undefined ? { ca: tls.ca } : {}),
  }
}

function tlsFault(target: BackendTarget, reason: string, cause?: unknown): SsoError {
  return new SsoError('ERR_BACKEND_TLS', `${nameOf(target)}: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    mend: 'Set tls.ca or tls.pin in the row of this backend to what the backend shows.',
  })
}

function checkPin(target: BackendTarget, certificate: Buffer): void {
  if (target.tls.verify !== 'pin') return
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(key).digest('hex')
  if (!target.tls.pins.includes(pin))
    throw tlsFault(target, `its public key has the pin ${pin}, which is not listed`)
}

function certificateOf(target: BackendTarget, socket: TLSSocket): Uint8Array {
  const { raw } = socket.getPeerCertificate() as { raw?: Buffer }
  if (raw === undefined) throw tlsFault(target, 'it showed no certificate')
  checkPin(target, raw)
  return raw
}

async function openTls(
  target: BackendTarget,
  tcp: Socket,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const socket = connectTls(tlsOptions(target, tcp))
  try {
    await once(socket, 'secureConnect', signal)
    return { socket, certificate: certificateOf(target, socket) }
  } catch (error) {
    socket.destroy()
    tcp.destroy()
    if (error instanceof SsoError) throw error
    throw tlsFault(target, errorText(error), error)
  }
}

/**
 * Opens a socket.
 *
 * @param target - Where, and what must hold there.
 * @param resolve - DNS.
 * @param cancelled - Nobody waits for the socket any more.
 * @returns The socket, with the certificate of this very connection.
 * @throws SsoError ERR_BACKEND_NAME, _UNREACHABLE, _ADDRESS_REFUSED, _TLS, _TIMEOUT or _ABORTED.
 */
export async function openSocket(
  target: BackendTarget,
  resolve: Resolve,
  cancelled: AbortSignal,
): Promise<OpenSocket> {
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(timedOut(target))
  }, target.timeouts.connectMs)
  const onCancel = (): void => {
    late.abort(new SsoError('ERR_BACKEND_ABORTED', 'nobody waits for the connection'))
  }
  cancelled.addEventListener('abort', onCancel, { once: true })
  if (cancelled.aborted) onCancel()
  const opening = open(target, resolve, late.signal)
  try {
    return await Promise.race([opening, rejection(late.signal)])
  } catch (error) {
    // The socket may have been ready in the very moment in which nobody waited for it any more.
    opening.then(({ socket }) => socket.destroy(), NOTHING)
    throw error
  } finally {
    clearTimeout(timer)
    cancelled.removeEventListener('abort', onCancel)
  }
}

async function open(
  target: BackendTarget,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const tcp = await openTcp(target, resolve, signal)
  return target.protocol === 'https:'
    ? openTls(target, tcp, signal)
    : { socket: tcp, certificate: undefined }
}

function timedOut(target: BackendTarget): SsoError {
  return new SsoError(
    'ERR_BACKEND_TIMEOUT',
    `${nameOf(target)} took longer than connectMs (${target.timeouts.connectMs}) to connect`,
  )
}

/** DNS cannot be cancelled: whoever waits is let go, and the late socket is never opened (its signal has fired). */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
