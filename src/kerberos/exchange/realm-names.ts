/**
 * Names of ticket-granting services, which say whose tickets they grant (RFC 4120 section 7.3).
 *
 * @module
 */

import { NameType } from '../iana/index.ts'
import type { PrincipalName } from '../messages/index.ts'

const TGS = 'krbtgt'

/**
 * The name of a realm's ticket-granting service.
 *
 * @param realm - The realm.
 * @returns krbtgt/REALM.
 */
export function ticketGrantingService(realm: string): PrincipalName {
  return { nameType: NameType.NT_SRV_INST, nameString: [TGS, realm] }
}

/**
 * The realm of a ticket-granting service.
 *
 * @param name - A service.
 * @returns The realm, undefined for any other service.
 */
export function grantedRealm({ nameString }: PrincipalName): string | undefined {
  return nameString.length === 2 && nameString[0] === TGS ? nameString[1] : undefined
}

/**
 * Whose KDC takes a ticket-granting ticket.
 *
 * @param tgt - The ticket; its own realm is that of the KDC that issued it.
 * @returns The realm.
 */
export function tgsRealm(tgt: {
  readonly server: PrincipalName
  readonly serverRealm: string
}): string {
  return grantedRealm(tgt.server) ?? tgt.serverRealm
}
