/**
 * The authorization data of a ticket, and the PAC in it.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import { AdType, KrbErrorCode } from '../iana/index.ts'
import {
  decodeAuthorizationData,
  type AuthorizationData,
  type EncTicketPart,
} from '../messages/index.ts'
import { decodeAnyPac, type AnyPac } from '../messages/pac.ts'
import { verifyPac } from './pac-signatures.ts'
import { Refusal } from './refusal.ts'

/**
 * Elements outside AD-IF-RELEVANT that may be passed over. RFC 4120 section 5.2.6: an element that is not known and not
 * marked as "if relevant" restricts the client in a way we do not know, and the token must be refused.
 */
const MAY_BE_PASSED_OVER: ReadonlySet<number> = new Set<number>([
  AdType.AD_IF_RELEVANT,
  AdType.AD_KDC_ISSUED,
  AdType.AD_MANDATORY_FOR_KDC,
  AdType.AD_INITIAL_VERIFIED_CAS,
  AdType.AD_FX_FAST_USED,
  AdType.AD_CAMMAC,
])

function unacceptable(what: string): Refusal {
  return new Refusal('ERR_KRB_NOT_ACCEPTED', what, { krb: KrbErrorCode.KRB_ERR_GENERIC })
}

/**
 * The elements that are marked as "if relevant".
 *
 * @param data - AuthorizationData of a ticket or an authenticator.
 * @returns What is inside AD-IF-RELEVANT.
 * @throws Refusal where a restriction is not known; KerberosError ERR_KRB_DECODE.
 */
export function relevantElements(data: AuthorizationData): AuthorizationData {
  for (const { adType } of data) {
    if (!MAY_BE_PASSED_OVER.has(adType)) {
      throw unacceptable(`a restriction that is not known: authorization data of type ${adType}`)
    }
  }
  return data
    .filter(({ adType }) => adType === AdType.AD_IF_RELEVANT)
    .flatMap(({ adData }) => decodeAuthorizationData(adData))
}

/**
 * Finds and verifies the PAC of a ticket.
 *
 * @param ticket - The opened ticket.
 * @param key - What opened it: the PAC's server signature is made with the same key.
 * @returns The PAC; undefined where there is none.
 * @throws Refusal for two of them, or one about another client; KerberosError ERR_KRB_INTEGRITY, ERR_KRB_DECODE.
 */
export function ticketPac(ticket: EncTicketPart, key: EncryptionKey): AnyPac | undefined {
  const [only, ...more] = relevantElements(ticket.authorizationData ?? []).filter(
    ({ adType }) => adType === AdType.AD_WIN2K_PAC,
  )
  if (only === undefined) return undefined
  if (more.length > 0) throw unacceptable('the ticket has more than one PAC')
  const pac = decodeAnyPac(only.adData)
  verifyPac(pac, { service: key })
  checkAboutClient(pac, ticket)
  return pac
}

function checkAboutClient(pac: AnyPac, { cname, crealm, authTimeMs }: EncTicketPart): void {
  const { clientInfo, logonInfo, upnDnsInfo } = pac
  // MS-PAC 2.7; a KDC of MIT krb5 adds the realm where the client is of another one.
  const name = cname.nameString.join('/').toLowerCase()
  const names = [name, `${name}@${crealm.toLowerCase()}`]
  if (!names.includes(clientInfo.name.toLowerCase())) {
    throw unacceptable('the PAC names another client than the ticket')
  }
  if (Math.floor(clientInfo.authTimeMs / 1000) !== Math.floor(authTimeMs / 1000)) {
    throw unacceptable('the PAC was made at another time than the ticket')
  }
  const sids = [logonInfo?.userSid, upnDnsInfo?.sid].filter((sid) => sid !== undefined)
  if (new Set(sids).size > 1) throw unacceptable('the PAC names two accounts')
}
