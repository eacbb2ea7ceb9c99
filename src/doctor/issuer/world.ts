/**
 * What the checks of the sign-in may ask.
 *
 * @module
 */

import type { IssuerPolicy } from '../../sso/index.ts'
import type { GatewayFacts } from '../tunnel/index.ts'

/** A public key, as far as it says what it is for (RFC 7517 section 4, RFC 7518 section 6). */
export interface PublicKey {
  readonly kty?: string | undefined
  readonly crv?: string | undefined
  readonly alg?: string | undefined
  readonly use?: string | undefined
}

/** What these checks may ask. */
export interface IssuerWorld {
  /** Issuers that the policy lists. */
  readonly issuers: readonly IssuerPolicy[]
  /** DNS names of the domains in which users are looked up, as far as connector.yaml has them. */
  readonly domains: readonly string[]
  /** The issuer's keys, had as the connector has them. Rejects with SsoError ERR_SSO_KEYS_UNREACHABLE. */
  keysOf(issuer: IssuerPolicy): Promise<readonly PublicKey[]>
  /** What the gateway told. Rejects when it cannot be asked. */
  told(): Promise<Pick<GatewayFacts, 'apps' | 'signIn'>>
}
