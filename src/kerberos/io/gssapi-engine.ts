/**
 * Tokens of the host's own GSS-API library, by the optional npm package `kerberos`: for the connector's own Negotiate towards a
 * forward proxy where a site demands the system's library (`engine: gssapi`). It gives no ticket-granting ticket and no channel
 * bindings, and can never act for a user.
 *
 * The credential is the library's own business: the cache that KRB5CCNAME names, or the keytab in KRB5_CLIENT_KTNAME. Both count
 * for the whole process. The package is loaded with the first token and not before.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { libraryReason, loadGssapiPackage, OneAtATime } from './gssapi-library.ts'

/**
 * Makes the first token of a SPNEGO exchange.
 *
 * @param service - For instance `HTTP/proxy.corp.example`.
 * @returns What goes behind `Negotiate`.
 */
export type GssapiEngine = (service: string) => Promise<Uint8Array>

/** How long and how much is waited for. */
export interface GssapiEngineOptions {
  /** Longest wait for one token, milliseconds. The library may ask DNS and KDCs. Default 15 000. */
  readonly timeoutMs?: number | undefined
  /** Most tokens that are waited for at a time; one is made after the other. Default 64. */
  readonly maxWaiting?: number | undefined
}

/** The little of the package that is used. Its types say `gssFlag`, its code reads `flags`. */
interface NativeKerberos {
  initializeClient(
    service: string,
    options: { readonly mechOID: number; readonly flags: number },
  ): Promise<{ step(challenge: string): Promise<string> }>
}

const GSS_MECH_OID_SPNEGO = 6
/** Mutual authentication, and nothing handed on. */
const GSS_C_MUTUAL_FLAG = 2
const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_WAITING = 64

function loadPackage(): Promise<NativeKerberos> {
  const needed = 'engine: gssapi needs the npm package kerberos, which'
  return loadGssapiPackage(needed, 'leave engine: gssapi out')
}

/** `HTTP/host` as the library names a host-based service. */
function hostBased(service: string): string {
  const [, name, host] = /^([\w.-]+)[/@]([\w.-]+)$/.exec(service) ?? []
  if (name === undefined || host === undefined) {
    throw new KerberosError(
      'ERR_KRB_PRINCIPAL',
      `not a service of a host: ${JSON.stringify(service)}`,
      {
        mend: 'Write it as HTTP/proxy.corp.example.',
      },
    )
  }
  return `${name}@${host}`
}

function libraryError(service: string, cause: unknown): KerberosError {
  const what = `the GSS-API library gave no token for ${service}: ${libraryReason(cause)}`
  return new KerberosError('ERR_KRB_GSSAPI', what, {
    cause,
    mend: 'Check KRB5CCNAME or KRB5_CLIENT_KTNAME, KRB5_CONFIG, and that the KDC knows the service.',
  })
}

async function makeToken(native: NativeKerberos, service: string): Promise<Uint8Array> {
  const settings = { mechOID: GSS_MECH_OID_SPNEGO, flags: GSS_C_MUTUAL_FLAG }
  const client = await native.initializeClient(service, settings)
  return Buffer.from(await client.step(''), 'base64')
}

/**
 * Makes an engine. One token is made after the other.
 *
 * @param options - Limits.
 * @returns Makes tokens. It rejects with KerberosError ERR_KRB_GSSAPI_ABSENT where the package is not installed, ERR_KRB_GSSAPI
 *   where the library gives none in time, ERR_KRB_PRINCIPAL for what is no service of a host.
 */
export function createGssapiEngine(options: GssapiEngineOptions = {}): GssapiEngine {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxWaiting = DEFAULT_MAX_WAITING } = options
  const line = new OneAtATime({ timeoutMs, maxWaiting })
  let native: Promise<NativeKerberos> | undefined
  return async (service) => {
    const name = hostBased(service)
    try {
      native ??= loadPackage()
      const loading = native
      return await line.run(async () => makeToken(await loading, name))
    } catch (error) {
      throw error instanceof KerberosError ? error : libraryError(name, error)
    }
  }
}
