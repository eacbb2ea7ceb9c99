/**
 * A TLS connection to a domain controller, bound with a Kerberos token of our own, or with name and password.
 *
 * ldapts writes SASL credentials as UTF-8 text, which corrupts a token, so the bind is done here, before ldapts gets the socket. One
 * GSS-SPNEGO token, without the flags for integrity and confidentiality (a server refuses those inside TLS, MS-ADTS 5.1.1.1.2),
 * with the channel binding of the certificate that this very socket has shown.
 *
 * @module
 */

import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { DirectoryError } from '../index.ts'
import {
  decodeBindResponse,
  encodeSaslBind,
  encodeSimpleBind,
  type BindResponse,
} from '../ldap-message.ts'
import { SimpleBinder } from './simple-bind.ts'

/** Makes the tokens. The connector composes it from its Kerberos client: this room knows none. */
export interface LdapBinder {
  /** RFC 5929 tls-server-end-point application data of a certificate in DER. */
  channelBinding(certificateDer: Uint8Array): Uint8Array
  /** One SPNEGO initial token for `ldap/<serverName>`, without INTEG and CONF. */
  bindToken(serverName: string, channelBinding: Uint8Array): Promise<Uint8Array>
}

/** How we are let in. */
export type LdapCredentials = LdapBinder | SimpleBinder

/** Where to connect, and who must answer. */
export interface LdapTarget {
  /** IP address. */
  readonly address: string
  readonly port: number
  /** DNS name: in the certificate, and in the SPN. */
  readonly serverName: string
  /** PEM certificates that are trusted; without them the system's. */
  readonly ca?: string | undefined
}

const MESSAGE_ID = 1
const KEEP_ALIVE_MS = 30_000

/**
 * Connects and binds.
 *
 * @param target - Where.
 * @param binder - Makes the token, or has the password.
 * @param signal - Cuts the attempt; afterwards it has no effect on the socket.
 * @returns A bound socket that nobody listens to yet but for errors.
 * @throws DirectoryError with ERR_DIRECTORY_REFUSED when the server refuses the bind; errors of the network, TLS and the
 *   binder as they are.
 */
export async function openBoundSocket(
  target: LdapTarget,
  binder: LdapCredentials,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connect({
    host: target.address,
    port: target.port,
    minVersion: 'TLSv1.2',
    ...(isIP(target.serverName) ? {} : { servername: target.serverName }),
    ...(target.ca === undefined ? {} : { ca: target.ca }),
  })
  const cut = () => {
    socket.destroy(signal.reason as Error)
  }
  signal.addEventListener('abort', cut, { once: true })
  try {
    await event(socket, 'secureConnect')
    // A firewall that forgets an idle connection shows itself before a user waits for it.
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    await bind(socket, target.serverName, binder)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

async function bind(socket: TLSSocket, serverName: string, by: LdapCredentials): Promise<void> {
  if (by instanceof SimpleBinder) await simpleBind(socket, by)
  else await kerberosBind(socket, serverName, by)
}

async function kerberosBind(
  socket: TLSSocket,
  serverName: string,
  binder: LdapBinder,
): Promise<void> {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) throw new DirectoryError('ERR_DIRECTORY_REPLY', 'no TLS certificate was shown')
  const token = await binder.bindToken(serverName, binder.channelBinding(certificate.raw))
  const answer = bindResponse(socket)
  socket.write(encodeSaslBind(MESSAGE_ID, 'GSS-SPNEGO', token))
  const { resultCode, diagnosticMessage } = await answer
  if (resultCode === 0) return
  throw new DirectoryError(
    'ERR_DIRECTORY_REFUSED',
    `${serverName} refused our Kerberos bind: LDAP result ${resultCode} ${diagnosticMessage}`.trimEnd(),
    { mend: bindMend(resultCode) },
  )
}

/** RFC 4511 appendix A.1. */
const INVALID_CREDENTIALS = 49

async function simpleBind(socket: TLSSocket, binder: SimpleBinder): Promise<void> {
  const password = await binder.password()
  const answer = bindResponse(socket)
  socket.write(encodeSimpleBind(MESSAGE_ID, binder.name, password))
  const { resultCode, diagnosticMessage } = await answer
  if (resultCode === 0) return
  const why = `LDAP result ${resultCode} ${diagnosticMessage}`.trimEnd()
  if (resultCode !== INVALID_CREDENTIALS) {
    throw new DirectoryError('ERR_DIRECTORY_REFUSED', `the simple bind was refused: ${why}`)
  }
  binder.onRefused(password)
  throw binder.wrong(why)
}

/** RFC 4511 appendix A.2, with what domain controllers mean by it. */
function bindMend(resultCode: number): string {
  if (resultCode === 49) {
    return 'check that the keytab is current and that the TLS certificate seen here is the server’s own (channel binding)'
  }
  if (resultCode === 8) return 'use LDAPS: the server wants strong authentication'
  return 'see the directory server’s log'
}

/** The server's answer to the bind; nothing else may arrive before or with it. */
function bindResponse(socket: TLSSocket): Promise<BindResponse> {
  let received: Uint8Array = new Uint8Array()
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      socket.removeListener('data', onData)
      socket.removeListener('error', onError)
      socket.removeListener('close', onClose)
      finish()
    }
    const onError = (error: Error) => {
      settle(() => {
        reject(error)
      })
    }
    const onClose = () => {
      onError(new Error('the connection was closed during the bind'))
    }
    const onData = (chunk: Uint8Array) => {
      received = Buffer.concat([received, chunk])
      try {
        const response = decodeBindResponse(received)
        if (!response) return
        checkAlone(response, received)
        settle(() => {
          resolve(response)
        })
      } catch (error) {
        onError(error as Error)
      }
    }
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', onClose)
    // Gone while the credentials were fetched: none of these comes any more.
    if (socket.destroyed) onClose()
  })
}

function checkAlone(response: BindResponse, received: Uint8Array): void {
  if (response.messageId === MESSAGE_ID && response.octets === received.length) return
  throw new DirectoryError('ERR_DIRECTORY_REPLY', 'the bind response came with something else')
}

function event(socket: TLSSocket, name: 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for the life of the socket: an error without a listener would end the process.
    socket.on('error', reject)
    socket.once('close', () => {
      reject(new Error('the connection was closed during the TLS handshake'))
    })
    socket.once(name, () => {
      resolve()
    })
  })
}
