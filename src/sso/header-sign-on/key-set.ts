/**
 * The JSON Web Key Set (RFC 7517 section 5) by which backends verify assertions.
 *
 * @module
 */

import type { JWK } from 'jose'
import type { Policy } from '../policy.ts'

/**
 * The public keys of a policy's assertions.
 *
 * @param policy - The connector's own.
 * @returns Each key once.
 */
export async function assertionKeys(policy: Policy): Promise<{ readonly keys: readonly JWK[] }> {
  const signOns = policy.backends.flatMap(({ headerSignOn }) => headerSignOn ?? [])
  const named = await Promise.all(signOns.map((signOn) => signOn.signingKey()))
  const byId = new Map(named.flatMap((key) => (key ? [[key.keyId, key.publicJwk] as const] : [])))
  return { keys: [...byId.values()] }
}
