/**
 * The signed assertion: a JWT (RFC 7519) by which a backend can verify who the user is, whoever it got the request from.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, SignJWT, type JWK, type JWTPayload } from 'jose'
import type { Clock, Random } from '../../platform/index.ts'
import { SsoError } from '../errors.ts'
import type { AssertionRow } from './row.ts'

/** A private key that was found fit. */
export interface SigningKey {
  readonly key: KeyObject
  readonly algorithm: 'ES256' | 'RS256'
}

/** The same, with what names it. */
export interface NamedSigningKey extends SigningKey {
  /** RFC 7638: the SHA-256 thumbprint of the public key. */
  readonly keyId: string
  /** What a JWK Set shows. */
  readonly publicJwk: JWK
}

/** Whom an assertion is about. */
export interface AssertionSubject {
  /** `sub` of the ID token. */
  readonly subject: string
  readonly issuer: string
  readonly claims: Readonly<JWTPayload>
  /** `preferred_username`: the account that the login leads to, where it is known. */
  readonly accountName: string | undefined
}

const MIN_RSA_BITS = 2048

function algorithmOf(key: KeyObject, path: string): SigningKey['algorithm'] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) return 'RS256'
  throw badKey(path, 'it is neither an EC P-256 key nor an RSA key of 2048 bits or more')
}

function badKey(path: string, why: string): SsoError {
  return new SsoError(
    'ERR_SSO_SIGNING_KEY',
    `${path} holds no key to sign assertions with: ${why}`,
    {
      mend: 'Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE',
    },
  )
}

/**
 * Reads a private key.
 *
 * @param pem - The file's text.
 * @param path - Its name, for messages.
 * @returns The key.
 * @throws SsoError ERR_SSO_SIGNING_KEY; its message holds nothing of the key.
 */
export function readSigningKey(pem: string, path: string): SigningKey {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // OpenSSL's own words may quote the file.
    throw badKey(path, 'it is no private key in PEM')
  }
  return { key, algorithm: algorithmOf(key, path) }
}

/**
 * Names a key by its public part.
 *
 * @param signing - The key.
 * @returns The same, with its id and its public JWK.
 */
export async function namedKey(signing: SigningKey): Promise<NamedSigningKey> {
  const jwk = await exportJWK(createPublicKey(signing.key))
  const keyId = await calculateJwkThumbprint(jwk, 'sha256')
  const publicJwk = { ...jwk, kid: keyId, alg: signing.algorithm, use: 'sig' }
  return { ...signing, keyId, publicJwk }
}

/** Claims that speak of the ID token itself, not of its user. */
const NOT_HANDED_ON = new Set(['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'azp'])

function handedOn({ claims }: AssertionSubject, names: readonly string[]): JWTPayload {
  const wanted = names.filter((name) => !NOT_HANDED_ON.has(name) && Object.hasOwn(claims, name))
  return Object.fromEntries(wanted.map((name) => [name, claims[name]]))
}

/**
 * Signs an assertion. RFC 7519; the type is `JWT`, `idp` names who vouched for the user.
 *
 * @param subject - Whom it is about.
 * @param row - For whom, for how long, with which claims; the audience is filled in.
 * @param ports - The key, time and chance.
 * @returns The JWT.
 */
export async function signAssertion(
  subject: AssertionSubject,
  row: AssertionRow & { readonly audience: string },
  ports: { readonly signer: NamedSigningKey; readonly clock: Clock; readonly random: Random },
): Promise<string> {
  const { signer, clock, random } = ports
  const now = Math.floor(clock.nowMs() / 1000)
  const own = subject.accountName === undefined ? {} : { preferred_username: subject.accountName }
  return new SignJWT({ ...handedOn(subject, row.claims), ...own, idp: subject.issuer })
    .setProtectedHeader({ alg: signer.algorithm, kid: signer.keyId, typ: 'JWT' })
    .setIssuer(row.issuer)
    .setSubject(subject.subject)
    .setAudience(row.audience)
    .setIssuedAt(now)
    .setExpirationTime(now + row.lifetimeSeconds)
    .setJti(Buffer.from(random.bytes(16)).toString('base64url'))
    .sign(signer.key)
}
