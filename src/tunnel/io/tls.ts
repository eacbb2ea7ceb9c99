/**
 * TLS 1.3 to the gateway: our certificate, one trusted CA, and the gateway's URI name.
 *
 * @module
 */

import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { errorText } from '../../platform/index.ts'
import { TunnelError } from '../index.ts'
import { GATEWAY_URI, type DialOptions } from './options.ts'

/** What TLS needs of the dialler's options. */
export type TlsOptions = Pick<DialOptions, 'serverName' | 'ca' | 'cert' | 'key'> & {
  readonly signal: AbortSignal
}

/**
 * Judges a gateway's certificate beyond its chain: the name, and that it is a gateway's and not a connector's or
 * another server's of the same CA.
 *
 * @param serverName - The name or IP address that must be in it.
 * @param certificate - As Node gives it.
 * @returns The fault, or undefined.
 */
export function checkGateway(
  serverName: string,
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
): Error | undefined {
  const fault = checkServerIdentity(serverName, certificate as PeerCertificate)
  if (fault !== undefined) return fault
  // Node quotes names that hold a comma or a quote: take those away, then the rest splits safely.
  const plain = (certificate.subjectaltname ?? '').replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
  if (plain.split(', ').includes(`URI:${GATEWAY_URI}`)) return undefined
  return new Error(`the certificate is not a gateway's: no URI name ${GATEWAY_URI}`)
}

/**
 * Lays TLS over a connection.
 *
 * @param plain - Connected; destroyed when TLS fails.
 * @param options - Names, certificates, and until when.
 * @returns The secured socket, its peer judged.
 * @throws TunnelError ERR_TUNNEL_TLS.
 */
export function connectTls(plain: Duplex, options: TlsOptions): Promise<TLSSocket> {
  const { serverName, ca, cert, key, signal } = options
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort)
      plain.destroy()
      const what = `TLS to ${serverName} failed: ${errorText(error)}`
      const mend = 'Compare the CA and the gateway name in the registration with the gateway.'
      reject(new TunnelError('ERR_TUNNEL_TLS', what, { cause: error, mend }))
    }
    const onAbort = (): void => {
      fail(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
    const socket = connect({
      socket: plain,
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      ca,
      cert,
      key,
      minVersion: 'TLSv1.3',
      checkServerIdentity: (_host, certificate) => checkGateway(serverName, certificate),
    })
    socket.on('error', fail)
    socket.on('secureConnect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      resolve(socket)
    })
    if (signal.aborted) onAbort()
  })
}
