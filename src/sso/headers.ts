/**
 * Which header fields cross the connector, in both directions. RFC 9110 section 7.6.1 names the hop-by-hop ones.
 *
 * Headers are flat lists (name, value, name, value …) all the way: no objects are built on the way of a request.
 *
 * @module
 */

import {
  isConnectionAuthorization,
  schemesIn,
  ticketChallenge,
  withoutConnectionChallenges,
  type TicketScheme,
} from '../tunnel/index.ts'

/** Fields of one connection only; `content-length` and `host` are written anew, `expect` is answered by the gateway. */
const REQUEST_DROPPED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const RESPONSE_DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'proxy-support',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Fields that speak about the sign-in of the connection to the backend, which the client has no part in. */
const CONNECTION_SIGN_IN = new Set(['authentication-info', 'persistent-auth'])

function connectionOptions(headers: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    named ??= new Set()
    for (const option of (headers[at + 1] ?? '').split(',')) named.add(option.trim().toLowerCase())
  }
  return named
}

/** An own Authorization is never the client's: on Kerberos apps none passes, elsewhere none that signs a connection in. */
function forwardsAuthorization(value: string, kerberos: boolean): boolean {
  return !kerberos && !isConnectionAuthorization(value)
}

/**
 * The client's header fields as the backend gets them.
 *
 * @param headers - Flat, from the tunnel.
 * @param host - What the Host field says.
 * @param kerberos - The app signs on by Kerberos.
 * @returns A new flat list that opens with Host; without Authorization of ours and Content-Length.
 */
export function backendHeaders(
  headers: readonly string[],
  host: string,
  kerberos: boolean,
): string[] {
  const options = connectionOptions(headers)
  const kept = ['host', host]
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    const value = headers[at + 1] ?? ''
    const folded = name.toLowerCase()
    if (REQUEST_DROPPED.has(folded) || options?.has(folded) === true) continue
    if (folded === 'authorization' && !forwardsAuthorization(value, kerberos)) continue
    kept.push(name, value)
  }
  return kept
}

/**
 * The backend's header fields as the client gets them: no hop-by-hop fields, and no Negotiate or NTLM challenge, on no
 * app, since the tunnel's client connection is not the backend's.
 *
 * @param headers - Flat, from the backend.
 * @returns A new flat list.
 */
export function clientHeaders(headers: readonly string[]): string[] {
  const options = connectionOptions(headers)
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    const folded = name.toLowerCase()
    if (RESPONSE_DROPPED.has(folded) || CONNECTION_SIGN_IN.has(folded)) continue
    if (options?.has(folded) === true) continue
    const value = headers[at + 1] ?? ''
    const passed = folded === 'www-authenticate' ? withoutConnectionChallenges(value) : value
    if (folded !== 'www-authenticate' || passed !== '') kept.push(name, passed)
  }
  return kept
}

function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const field = headers[at] ?? ''
    if (field.length === name.length && field.toLowerCase() === name)
      values.push(headers[at + 1] ?? '')
  }
  return values
}

/**
 * The challenge of a response that a ticket answers.
 *
 * @param headers - Flat, from the backend.
 * @param scheme - Which one.
 * @returns The scheme, with a token or without, or undefined.
 */
export function challengeOf(headers: readonly string[], scheme: TicketScheme): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (name.length !== 16 || name.toLowerCase() !== 'www-authenticate') continue
    const challenge = ticketChallenge(headers[at + 1] ?? '', scheme)
    if (challenge !== undefined) return challenge
  }
  return undefined
}

/**
 * The schemes that a response offers.
 *
 * @param headers - Flat, from the backend.
 * @returns Their names in lower case.
 */
export function offeredSchemes(headers: readonly string[]): ReadonlySet<string> {
  return new Set(valuesOf(headers, 'www-authenticate').flatMap(schemesIn))
}

/**
 * Whether the backend keeps the sign-in for the whole connection, where it says so (MS-N2HT section 3.2.5): valid only in
 * the answer that completes a sign-in.
 *
 * @param headers - Flat, from the backend.
 * @returns Undefined for no word, or another one.
 */
export function persistentAuth(headers: readonly string[]): boolean | undefined {
  const word = valuesOf(headers, 'persistent-auth')[0]?.trim().toLowerCase()
  if (word === 'true') return true
  return word === 'false' ? false : undefined
}

/**
 * The Trailer fields of a response, which only go on to a client that takes trailers.
 *
 * @param headers - Flat, from the backend.
 * @returns Flat: name, value and so on.
 */
export function trailerAnnouncement(headers: readonly string[]): string[] {
  return valuesOf(headers, 'trailer').flatMap((value) => ['Trailer', value])
}
