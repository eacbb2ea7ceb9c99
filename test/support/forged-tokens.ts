/** ID tokens that no honest gateway would send. */

import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import type { LabEnvironment } from '../../docker/lab.ts'

type Fields = Readonly<Record<string, unknown>>

/** Header and claims of a compact token, unverified. */
export interface OpenToken {
  readonly header: Fields
  readonly claims: Fields
  readonly signature: string
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part: string): Fields =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Fields

/** Takes a token apart. */
export function openToken(token: string): OpenToken {
  const [header = '', claims = '', signature = ''] = token.split('.')
  return { header: decode(header), claims: decode(claims), signature }
}

/** Puts parts together, whether they fit or not. */
export function joinToken({ header, claims, signature }: OpenToken): string {
  return `${encode(header)}.${encode(claims)}.${signature}`
}

/** RS256 with a private key. */
export function signRs256(key: KeyObject, header: Fields, claims: Fields): string {
  const content = `${encode({ ...header, alg: 'RS256' })}.${encode(claims)}`
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`
}

/** HS256 with whatever is called a secret. */
export function signHs256(secret: string | Buffer, header: Fields, claims: Fields): string {
  const content = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

/** An RSA key pair of the forger, with the public half as a JWK. */
export function forgersKey(): { readonly privateKey: KeyObject; readonly jwk: Fields } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { privateKey, jwk: publicKey.export({ format: 'jwk' }) }
}

/**
 * The provider's public keys, as anyone may fetch them.
 *
 * @param lab - The lab.
 * @returns The key of that id in the forms a careless verifier might take as an HMAC secret.
 */
export async function publicKeyTexts(
  lab: LabEnvironment,
  kid: unknown,
): Promise<readonly Buffer[]> {
  const agent = new Agent({ connect: { ca: await readFile(lab.oidc.caFile, 'utf8') } })
  try {
    const response = await request(lab.oidc.jwksUri, { dispatcher: agent })
    const { keys } = (await response.body.json()) as { keys: Fields[] }
    const jwk = keys.find((key) => key['kid'] === kid)
    if (jwk === undefined) throw new Error('the provider does not publish the key it signs with')
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return [
      Buffer.from(key.export({ type: 'spki', format: 'pem' })),
      key.export({ type: 'spki', format: 'der' }),
      Buffer.from(JSON.stringify(jwk)),
    ]
  } finally {
    await agent.close()
  }
}
