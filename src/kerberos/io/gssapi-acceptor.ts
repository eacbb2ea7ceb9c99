/**
 * The host's own GSS-API library as a second acceptor, by the optional npm package `kerberos`: MIT's checks, and its replay cache,
 * which other processes and earlier runs share.
 *
 * Keytab, krb5.conf and replay cache are the library's own business and count for the whole process; KRB5_KTNAME is set here, once.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { libraryReason, LibrarySilent, loadGssapiPackage, OneAtATime } from './gssapi-library.ts'

/** Who the library says made a token, and what it answers. */
export interface GssapiAccepted {
  /** `alice@CORP.EXAMPLE` */
  readonly client: string
  /** The library's answer to the token, for the initiator; undefined where it gives none. */
  readonly reply: Uint8Array | undefined
}

/** Has the library look at a token. */
export type GssapiAcceptor = (token: Uint8Array) => Promise<GssapiAccepted>

/** How much is waited for. */
export interface GssapiAcceptorOptions {
  /** Longest wait for one token, milliseconds. Default 10 000. */
  readonly timeoutMs?: number | undefined
  /** Most tokens that are waited for at a time; one is looked at after the other. Default 1024. */
  readonly maxWaiting?: number | undefined
}

interface ServerContext {
  step(token: string): Promise<string>
  readonly username: string | null
  readonly contextComplete: boolean
  readonly response: string | null
}

/** The little of the package that is used. */
interface NativeKerberos {
  initializeServer(service: string): Promise<ServerContext>
}

const DEFAULT_TIMEOUT_MS = 10_000
// Some hundreds come at once in the morning, and each takes less than a millisecond.
const DEFAULT_MAX_WAITING = 1024

function refused(cause: unknown): KerberosError {
  if (cause instanceof LibrarySilent) {
    const what = `the host's GSS-API library does not answer: ${cause.message}`
    return new KerberosError('ERR_KRB_GSSAPI_SILENT', what, { cause })
  }
  const what = `the host's GSS-API library does not accept the token: ${libraryReason(cause)}`
  return new KerberosError('ERR_KRB_GSSAPI', what, { cause })
}

async function accept(native: NativeKerberos, token: Uint8Array): Promise<GssapiAccepted> {
  // '': any key of the keytab. For which service the ticket is our own acceptor has checked.
  const server = await native.initializeServer('')
  const answer = await server.step(Buffer.from(token).toString('base64'))
  if (!server.contextComplete || server.username === null) throw new Error('a second token is due')
  const text = server.response ?? answer
  return { client: server.username, reply: text ? Buffer.from(text, 'base64') : undefined }
}

/**
 * Loads the library.
 *
 * @param keytab - Path: the keys of the account that holds the services' names.
 * @param options - Limits.
 * @returns Accepts tokens. It rejects with KerberosError ERR_KRB_GSSAPI where the library does not, with ERR_KRB_GSSAPI_SILENT where it says nothing.
 * @throws KerberosError ERR_KRB_GSSAPI_ABSENT where the package is not installed.
 */
export async function createGssapiAcceptor(
  keytab: string,
  options: GssapiAcceptorOptions = {},
): Promise<GssapiAcceptor> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxWaiting = DEFAULT_MAX_WAITING } = options
  process.env['KRB5_KTNAME'] = `FILE:${keytab}`
  const native = await loadGssapiPackage<NativeKerberos>(
    'the npm package kerberos',
    'set acceptor: own',
  )
  const line = new OneAtATime({ timeoutMs, maxWaiting })
  return async (token) => {
    try {
      return await line.run(() => accept(native, token))
    } catch (error) {
      throw refused(error)
    }
  }
}
