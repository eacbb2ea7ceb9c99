/** Kerberos clients of any principal, with the system's clock and chance. */

import {
  KerberosClient,
  parsePrincipal,
  type ClientIdentity,
  type KerberosClientOptions,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'

/** Settings of a transport that waits for KDCs as long as a machine under load takes. */
export const PATIENCE = { timeoutMs: 30_000, totalTimeoutMs: 90_000, hedgeAfterMs: 90_000 } as const

/**
 * A transport to KDCs, in this order: patient, for machines under load, and without hedging, so that the first is asked as
 * long as it answers.
 */
export function patientTransport(realm: string, ...kdcs: readonly string[]): NetworkKdcTransport {
  return new NetworkKdcTransport({ kdcs: { [realm]: kdcs }, maxInFlight: 1, ...PATIENCE })
}

/** What such a client is made of besides its name. */
export type ClientParts = Pick<ClientIdentity, 'keys'> &
  Pick<KerberosClientOptions, 'transport'> &
  Partial<Omit<KerberosClientOptions, 'identity'>>

/** A client of a principal such as `CONN1$`. */
export function clientOfPrincipal(name: string, realm: string, parts: ClientParts): KerberosClient {
  const { keys, ...options } = parts
  return new KerberosClient({
    identity: { principal: parsePrincipal(name).principal, realm, keys },
    clock: systemClock,
    random: systemRandom,
    ...options,
  })
}
