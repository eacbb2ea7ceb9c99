/**
 * The connector's own word that somebody has signed in to it with Kerberos: a compact JWS under a key that lives in this process
 * alone (RFC 7515, HS256). Whoever holds one can show it and read it; nobody but this process can make or change one.
 *
 * @module
 */

import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { Random } from '../platform/index.ts'
import { SsoError } from './errors.ts'

/** What an assertion says. Times are seconds since 1970, as in a JWT. */
export interface AssertionClaims {
  readonly iss: string
  /** SID of the account. */
  readonly sub: string
  /** Names the sign-in: the ticket that was accepted is kept under it. */
  readonly jti: string
  /** The app it was given for. */
  readonly app: string
  readonly iat: number
  readonly exp: number
  readonly auth_time: number
  /** userPrincipalName, else `account@REALM`. */
  readonly upn: string
  /** sAMAccountName. */
  readonly account: string
  readonly realm: string
  /** Names (sAMAccountName) of the account's groups. */
  readonly groups: readonly string[]
}

const claimsSchema: z.ZodType<AssertionClaims> = z.object({
  iss: z.string(),
  sub: z.string(),
  jti: z.string(),
  app: z.string(),
  iat: z.number(),
  exp: z.number(),
  auth_time: z.number(),
  upn: z.string(),
  account: z.string(),
  realm: z.string(),
  groups: z.array(z.string()).readonly(),
})

/** What of it says who the user is: what templates of header fields can be filled with after a sign-in with Kerberos. */
export const USER_CLAIMS: readonly (keyof AssertionClaims)[] = [
  'sub',
  'upn',
  'account',
  'realm',
  'groups',
]

const KEY_OCTETS = 32
const ID_OCTETS = 12

/**
 * The refusal of an assertion that this process did not give, or whose sign-in it no longer holds.
 *
 * @returns ERR_SSO_ASSERTION_UNKNOWN: the user has to sign in again.
 */
export function unknownAssertion(): SsoError {
  return new SsoError(
    'ERR_SSO_ASSERTION_UNKNOWN',
    'the connector does not know this sign-in with Kerberos (any more)',
    { mend: 'Open the application again: the browser signs in by itself.' },
  )
}

function invalid(reason: string): SsoError {
  return new SsoError('ERR_SSO_ASSERTION_INVALID', `the assertion is refused: ${reason}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
}

function parse(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    // The parser's message may quote it.
    throw invalid('it is no JSON')
  }
}

/** Signs assertions and opens them again. */
export class AssertionKey {
  readonly #key: KeyObject
  readonly #header: string

  constructor(random: Random) {
    this.#key = createSecretKey(random.bytes(KEY_OCTETS))
    const kid = Buffer.from(random.bytes(ID_OCTETS)).toString('base64url')
    this.#header = encode({ alg: 'HS256', typ: 'sallyport-assertion', kid })
  }

  /**
   * Makes an assertion.
   *
   * @param claims - What it says.
   * @returns Compact JWS.
   */
  sign(claims: AssertionClaims): string {
    const signed = `${this.#header}.${encode(claims)}`
    return `${signed}.${this.#mac(signed)}`
  }

  /**
   * Verifies an assertion. Its times are for the caller to judge.
   *
   * @param assertion - Compact JWS, from anyone.
   * @returns What it says.
   * @throws SsoError ERR_SSO_ASSERTION_UNKNOWN for one under another key (an earlier run of the connector, another connector);
   *   ERR_SSO_ASSERTION_INVALID for one that says it is under ours and is not.
   */
  open(assertion: string): AssertionClaims {
    const [header, payload = '', mac = '', ...rest] = assertion.split('.')
    if (header !== this.#header) throw unknownAssertion()
    // As text: a decoder takes several spellings of the same octets.
    const given = Buffer.from(mac, 'utf8')
    const right = Buffer.from(this.#mac(`${header}.${payload}`), 'utf8')
    const good = rest.length === 0 && given.length === right.length && timingSafeEqual(given, right)
    if (!good) throw invalid('its signature is wrong')
    const { success, data } = claimsSchema.safeParse(parse(payload))
    if (!success) throw invalid('a claim is missing')
    return data
  }

  #mac(signed: string): string {
    return createHmac('sha256', this.#key).update(signed, 'utf8').digest('base64url')
  }
}
