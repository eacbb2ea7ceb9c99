/**
 * Registration tokens: what an administrator carries from the gateway to a new connector.
 *
 * `sallyport-1.` and base64url of JSON: where the gateway is, which name and which CA key it has, and a secret that
 * is good for one registration. The gateway keeps only the secret's hash.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Random } from '../platform/index.ts'
import { PkiError } from './errors.ts'
import { ipOctets } from './ip.ts'

const PREFIX = 'sallyport-1.'
const SECRET_OCTETS = 32
/** Longest token that is looked at, characters. */
const MAX_TOKEN_CHARACTERS = 2048

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
const DNS_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:[.]${LABEL})*$`)
const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/

const isHost = (text: string): boolean => ipOctets(text) !== undefined || DNS_NAME.test(text)

/** A host and a port. */
export interface HostPort {
  /** Name or IP address, without brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/**
 * Reads `host:port`; IPv6 hosts stand in brackets.
 *
 * @param text - The address.
 * @returns Its parts, or undefined when it is no address.
 */
export function parseAddress(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  const inBrackets = bracketed !== undefined
  if (!isHost(host) || inBrackets !== host.includes(':')) return undefined
  return port >= 1 && port <= 65_535 ? { host, port } : undefined
}

const tokenSchema = z.strictObject({
  address: z.string().refine((text) => parseAddress(text) !== undefined),
  serverName: z.string().refine(isHost),
  pin: z.string().regex(/^[0-9a-f]{64}$/),
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})

/** The content of a registration token. */
export interface RegistrationToken {
  /** `host:port` of the gateway's tunnel listener. */
  readonly address: string
  /** The name that the gateway's certificate carries. */
  readonly serverName: string
  /** publicKeyPin() of the gateway's CA. */
  readonly pin: string
  /** 32 octets in base64url: good for one registration. */
  readonly secret: string
}

/**
 * A new secret for a token.
 *
 * @param random - Where it comes from.
 * @returns 43 characters of base64url.
 */
export function createRegistrationSecret(random: Random): string {
  return Buffer.from(random.bytes(SECRET_OCTETS)).toString('base64url')
}

/**
 * What the gateway keeps of a secret. It has 256 bits of chance, so that a plain hash does.
 *
 * @param secret - The secret.
 * @returns SHA-256, lower-case hex.
 */
export function hashRegistrationSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex')
}

/**
 * Writes a token as one word.
 *
 * @param token - Its content.
 * @returns Text of visible ASCII.
 * @throws RangeError when decodeRegistrationToken would refuse it.
 */
export function encodeRegistrationToken(token: RegistrationToken): string {
  const checked = tokenSchema.safeParse(token)
  if (!checked.success) {
    const fields = checked.error.issues.map((issue) => issue.path.join('.'))
    throw new RangeError(`not the content of a registration token: ${fields.join(', ')}`)
  }
  return PREFIX + Buffer.from(JSON.stringify(checked.data)).toString('base64url')
}

function parseJson(base64url: string): unknown {
  const octets = Buffer.from(base64url, 'base64url')
  if (octets.toString('base64url') !== base64url) return undefined
  try {
    return JSON.parse(octets.toString('utf8'))
  } catch {
    return undefined
  }
}

/**
 * Reads a token; white space around it is harmless. The secret never appears in an error.
 *
 * @param text - As the administrator pasted it.
 * @returns Its content.
 * @throws PkiError ERR_PKI_TOKEN.
 */
export function decodeRegistrationToken(text: string): RegistrationToken {
  const word = text.length > MAX_TOKEN_CHARACTERS ? '' : text.trim()
  const content = word.startsWith(PREFIX) ? parseJson(word.slice(PREFIX.length)) : undefined
  const checked = tokenSchema.safeParse(content)
  if (checked.success) return checked.data
  throw new PkiError('ERR_PKI_TOKEN', 'this is not a whole registration token', {
    mend: `Copy the token again, all of it from "${PREFIX}" on, or make a new one at the gateway.`,
  })
}
