/**
 * The Negotiate scheme of HTTP authentication (RFC 4559 section 4): a token in base64.
 *
 * @module
 */

import { needArray, needOctets } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'

/** Largest token taken from a header, octets. Node's own limit for a whole head is 16 KiB by default. */
const MAX_TOKEN_OCTETS = 65_536

const MAX_TOKEN_CHARACTERS = Math.ceil(MAX_TOKEN_OCTETS / 3) * 4

/** And of a length that four divides. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** As nearly every header is: the one challenge, with nothing that could part or quote. */
const ALONE = /^negotiate[ \t]+([^\s,"]+)$/i
const CHALLENGE = /^negotiate(?:[ \t]+(\S*))?$/i
/**
 * Commas outside quoted strings part the challenges of one header. A string that is never closed goes to the end: were
 * it refused, each of its quotes would be tried as the first of another one, in quadratic time.
 */
const CHALLENGES = /(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+/gs

/**
 * The value of an Authorization header, or of a WWW-Authenticate one.
 *
 * @param token - The token.
 * @returns `Negotiate` and the token in base64.
 */
export function formatNegotiate(token: Uint8Array): string {
  needOctets('token', token)
  const { buffer, byteOffset, byteLength } = token
  return `Negotiate ${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}`
}

/**
 * Finds the token in the value of a WWW-Authenticate or Authorization header. Case of the scheme does not count; where
 * the header lists several challenges, the one of Negotiate is taken.
 *
 * @param headerValue - From a peer, as fetch, undici or node:http give it: an array where the header came several times.
 * @returns The token; an empty array for `Negotiate` alone; undefined where there is no header or Negotiate is not among
 *   the schemes.
 * @throws KerberosError ERR_KRB_GSS for what is not base64, or above 64 KiB.
 */
export function parseNegotiate(
  headerValue: string | readonly string[] | null | undefined,
): Uint8Array | undefined {
  const values = typeof headerValue === 'string' ? [headerValue] : (headerValue ?? [])
  needArray('headerValue', values, 'a string or an array of strings')
  const text = values.join(', ')
  const alone = ALONE.exec(text)
  if (alone?.[1] !== undefined) return decodeToken(alone[1])
  for (const challenge of text.match(CHALLENGES) ?? []) {
    const found = CHALLENGE.exec(challenge.trim())
    if (found !== null) return decodeToken(found[1] ?? '')
  }
  return undefined
}

function notBase64(): KerberosError {
  const what = `a Negotiate header whose token is not base64, or above ${MAX_TOKEN_OCTETS} octets`
  return new KerberosError('ERR_KRB_GSS', what)
}

function decodeToken(text: string): Uint8Array {
  // Before it is looked at: a long text is not worth it.
  if (text.length > MAX_TOKEN_CHARACTERS) throw notBase64()
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw notBase64()
  const token = Buffer.from(text, 'base64')
  if (token.length > MAX_TOKEN_OCTETS) throw notBase64()
  return token
}
