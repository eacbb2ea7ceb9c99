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
  readonly timeoutMs?: number
  /** Most tokens that are waited for at a time; one is made after the other. Default 64. */
  readonly maxWaiting?: number
}

/** The little of the package that is used. Its types say `gssFlag`, its code reads `flags`. */
interface NativeKerberos {
  initializeClient(
    service: string,
    options: { readonly mechOID: number; readonly flags: number },
  ): Promise<{ step(challenge: string): Promise<string> }>
}

// By a variable, so that no tool asks for the package where it could not be built.
const NATIVE_PACKAGE: string = 'kerberos'
const GSS_MECH_OID_SPNEGO = 6
/** Mutual authentication, and nothing handed on. */
const GSS_C_MUTUAL_FLAG = 2
const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_WAITING = 64
const MAX_TEXT = 300

async function loadPackage(): Promise<NativeKerberos> {
  try {
    const { default: native } = (await import(NATIVE_PACKAGE)) as { default: NativeKerberos }
    return native
  } catch (cause) {
    throw new KerberosError(
      'ERR_KRB_GSSAPI_ABSENT',
      'engine: gssapi needs the npm package kerberos, which is not installed or cannot be loaded',
      {
        cause,
        mend: 'Install libkrb5-dev, a C++ compiler, make and Python 3, then run npm install kerberos; or leave engine: gssapi out.',
      },
    )
  }
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
  const text = (cause instanceof Error ? cause.message : '').replace(/\p{C}+/gu, ' ')
  const what = `the GSS-API library gave no token for ${service}: ${text.slice(0, MAX_TEXT)}`
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

/** Rejects when it takes too long. The library's thread goes on: it cannot be stopped. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Makes an engine. One token is made after the other, so that a library that hangs holds one of the process's threads, not all.
 *
 * @param options - Limits.
 * @returns Makes tokens. It rejects with KerberosError ERR_KRB_GSSAPI_ABSENT where the package is not installed, ERR_KRB_GSSAPI
 *   where the library gives none in time, ERR_KRB_PRINCIPAL for what is no service of a host.
 */
export function createGssapiEngine(options: GssapiEngineOptions = {}): GssapiEngine {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxWaiting = DEFAULT_MAX_WAITING } = options
  let native: Promise<NativeKerberos> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const next = async (name: string): Promise<Uint8Array> => {
    native ??= loadPackage()
    const loaded = await native
    const before = last
    const work = before.then(() => makeToken(loaded, name))
    last = work.catch(() => undefined)
    try {
      return await within(work, timeoutMs)
    } catch (error) {
      throw libraryError(name, error)
    }
  }
  return async (service) => {
    const name = hostBased(service)
    if (waiting >= maxWaiting) throw libraryError(name, new Error('too many wait for it already'))
    waiting++
    try {
      return await next(name)
    } finally {
      waiting--
    }
  }
}
