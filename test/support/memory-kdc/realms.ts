/**
 * Several in-memory KDCs that trust each other. What they answer across realms, and where that is written:
 *
 * - a ticket-granting ticket of the next realm for a service that is elsewhere: RFC 6806 section 8, RFC 4120 section 3.3.3;
 * - S4U2Self, not the service's realm: a referral that names the service as client and in its PAC_CLIENT_INFO
 *   `user@REALM`: MS-SFU 3.2.5.1.1; then the ticket from the service's realm: MS-SFU 3.2.5.1.2 and 4.2;
 * - S4U2Proxy, service elsewhere: the same kind of referral, with PA-PAC-OPTIONS in its encrypted padata, and at the
 *   service's realm that ticket as evidence: MS-SFU 3.1.5.2.2, as MIT krb5 1.18 and later does it (s4u_creds.c).
 */

import { generateKey, type EncryptionKey } from '../../../src/kerberos/crypto/index.ts'
import type { KdcTransport } from '../../../src/kerberos/client-options.ts'
import { AdType, NameType } from '../../../src/kerberos/iana/index.ts'
import {
  decodeAuthorizationData,
  parsePrincipal,
  type EncTicketPart,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import { decodePac } from '../../../src/kerberos/messages/pac.ts'
import type { Random } from '../../../src/platform/index.ts'
import type { Directory } from './principals.ts'

/** What a KDC knows of other realms. */
export class Trusts {
  readonly #keys = new Map<string, EncryptionKey>()
  readonly #suffixes = new Map<string, string>()
  readonly #routes: (readonly [suffix: string, via: string])[] = []

  add(realm: string, key: EncryptionKey): void {
    this.#keys.set(realm, key)
    this.route(realm, realm)
  }

  /** Realms and hosts with this ending are reached over a neighbour. */
  route(suffix: string, via: string): void {
    this.#routes.push([suffix.toLowerCase(), via])
  }

  /** User principal names with this suffix belong to another realm (RFC 6806 section 7). */
  addSuffix(suffix: string, realm: string): void {
    this.#suffixes.set(suffix.toLowerCase(), realm)
  }

  /** The realm of an enterprise name. */
  realmOfUser(cname: PrincipalName | undefined): string | undefined {
    if (cname?.nameType !== NameType.NT_ENTERPRISE) return undefined
    const [name = ''] = cname.nameString
    return this.#suffixes.get(name.slice(name.lastIndexOf('@') + 1).toLowerCase())
  }

  keyWith(realm: string): EncryptionKey | undefined {
    return this.#keys.get(realm)
  }

  /** The neighbour to go to for a service: by the realm of krbtgt/REALM and of name@REALM, else by host. */
  nextFor(sname: PrincipalName | undefined): string | undefined {
    const [first = '', second] = sname?.nameString ?? []
    const enterprise = sname?.nameType === NameType.NT_ENTERPRISE
    const wanted = enterprise ? parsePrincipal(first).realm : second
    const ending = (wanted ?? '').toLowerCase()
    return this.#routes.find(([suffix]) => ending === suffix || ending.endsWith(`.${suffix}`))?.[1]
  }
}

/** A KDC, as far as others need to know it. */
interface RealmKdc extends KdcTransport {
  readonly directory: Directory
  readonly trusts: Trusts
  realms: MemoryRealms | undefined
}

/** The KDCs of several realms behind one port. */
export class MemoryRealms implements KdcTransport {
  readonly #kdcs = new Map<string, RealmKdc>()
  /** Realms that were asked, in order. */
  readonly asked: string[] = []

  add(...kdcs: readonly RealmKdc[]): this {
    for (const kdc of kdcs) {
      this.#kdcs.set(kdc.directory.realm, kdc)
      kdc.realms = this
    }
    return this
  }

  of(realm: string): RealmKdc | undefined {
    return this.#kdcs.get(realm)
  }

  exchange(realm: string, octets: Uint8Array): Promise<Uint8Array> {
    this.asked.push(realm)
    return this.#kdcs.get(realm)?.exchange(realm, octets) ?? Promise.reject(new Error('no KDC'))
  }
}

/** Lets two realms trust each other. */
export function trust(a: RealmKdc, b: RealmKdc, random: Random): void {
  const key = generateKey(18, random)
  a.trusts.add(b.directory.realm, key)
  b.trusts.add(a.directory.realm, key)
}

/** `user@REALM` in the PAC of a referral that an S4U left in it. */
export function pacUser(part: EncTicketPart): string | undefined {
  const [pac] = (part.authorizationData ?? [])
    .filter((element) => element.adType === AdType.AD_IF_RELEVANT)
    .flatMap((element) => decodeAuthorizationData(element.adData))
    .filter((element) => element.adType === AdType.AD_WIN2K_PAC)
  const name = pac === undefined ? '' : decodePac(pac.adData).clientInfo.name
  return name.includes('@') && parsePrincipal(name).realm !== undefined ? name : undefined
}
