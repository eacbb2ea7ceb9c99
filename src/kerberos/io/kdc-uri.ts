/**
 * KDCs as the DNS's URI records name them (draft-mccallum-kitten-krb-service-discovery; MIT krb5, FreeIPA):
 *
 *     _kerberos.EXAMPLE.COM  IN URI  priority weight "krb5srv:flags:transport:residual"
 *
 * flags: `m` for a KDC that knows of each change at once, or none. transport: `tcp` or `udp` with `host` or `host:port` as
 * residual, `kkdcp` with an https URL.
 *
 * @module
 */

import { parseKdcAddress, type KdcAddress } from './kdc-address.ts'

/**
 * Reads the target of a URI record.
 *
 * @param target - For instance `krb5srv:m:kkdcp:https://ipa.example.com/KdcProxy`.
 * @returns The address; undefined for another service, an unknown transport, or what cannot be an address.
 */
export function parseKdcUri(target: string): KdcAddress | undefined {
  const [, transport = '', residual = ''] = /^krb5srv:[a-z]*:([a-z]+):(.+)$/i.exec(target) ?? []
  const wanted = VIA.get(transport.toLowerCase())
  if (wanted === undefined) return undefined
  try {
    // Names may end in the root's dot, as in all records.
    const address = parseKdcAddress(
      wanted === 'https' ? residual : residual.replace(/\.(?=:|$)/, ''),
    )
    return address.via === wanted ? address : undefined
  } catch {
    return undefined
  }
}

const VIA: ReadonlyMap<string, KdcAddress['via']> = new Map([
  ['tcp', 'direct'],
  ['udp', 'direct'],
  ['kkdcp', 'https'],
])
