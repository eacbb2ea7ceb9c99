/**
 * Verifying the signatures of a PAC (MS-PAC 2.8), each with key usage 17:
 *
 * | signature | key     | over                                                                    |
 * | --------- | ------- | ----------------------------------------------------------------------- |
 * | ticket    | KDC     | EncTicketPart with a single zero octet in place of the PAC              |
 * | full      | KDC     | the PAC with full, server and KDC signature zero                        |
 * | server    | service | the PAC with server and KDC signature zero                              |
 * | KDC       | KDC     | the server signature                                                    |
 *
 * A service has its own key alone and verifies the server signature; who holds the key of krbtgt verifies all.
 *
 * @module
 */

import { verifyChecksum, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { AdType, KeyUsage } from '../iana/index.ts'
import {
  decodeAuthorizationData,
  encodeAuthorizationData,
  encodeEncTicketPart,
  type AuthorizationData,
  type EncTicketPart,
} from '../messages/index.ts'
import type { AnyPac, PacSignature } from '../messages/pac.ts'

/** What is known of a PAC's signers. */
export interface PacKeys {
  /** Key of the service the ticket is for. */
  readonly service: EncryptionKey
  /** Key of the KDC (krbtgt). */
  readonly kdc?: EncryptionKey | undefined
  /** The ticket the PAC came in: with the KDC's key, its ticket signature is verified. */
  readonly ticket?: EncTicketPart | undefined
}

/** What became of a signature: verified, not in the PAC, or not to be checked for want of a key or ticket. */
export type SignatureVerdict = 'verified' | 'absent' | 'unchecked'

/** What became of the signatures. One that is wrong is an error. */
export interface PacVerdict {
  /** The service's own. */
  readonly server: 'verified'
  /** The KDC's, over the server's. */
  readonly kdc: SignatureVerdict
  /** The KDC's, over the ticket. */
  readonly ticket: SignatureVerdict
  /** The KDC's, over the PAC. */
  readonly full: SignatureVerdict
}

const ZERO_OCTET = Uint8Array.of(0)

function verify(
  signature: PacSignature,
  key: EncryptionKey,
  [name, over]: readonly [string, Uint8Array],
): 'verified' {
  const { type, mac } = signature
  if (verifyChecksum(key, KeyUsage.KERB_NON_KERB_CKSUM, type, over, mac)) return 'verified'
  throw new KerberosError('ERR_KRB_INTEGRITY', `the PAC’s ${name} signature is wrong`)
}

/**
 * Verifies the signatures that can be verified.
 *
 * @param pac - A decoded PAC.
 * @param keys - The service's key, and the KDC's where it is known.
 * @returns What became of each.
 * @throws KerberosError ERR_KRB_INTEGRITY for one that is wrong; ERR_KRB_ETYPE for a key we cannot use.
 */
export function verifyPac(pac: AnyPac, keys: PacKeys): PacVerdict {
  const { service, kdc, ticket } = keys
  const byKdc = (
    signature: PacSignature | undefined,
    name: string,
    over: Uint8Array | undefined,
  ): SignatureVerdict => {
    if (signature === undefined) return 'absent'
    if (kdc === undefined || over === undefined) return 'unchecked'
    return verify(signature, kdc, [name, over])
  }
  const withTicket = kdc === undefined ? undefined : ticket
  return {
    server: verify(pac.serverChecksum, service, ['server', pac.octetsForServerChecksum]),
    kdc: byKdc(pac.kdcChecksum, 'KDC', pac.serverChecksum.mac),
    ticket: byKdc(
      pac.ticketChecksum,
      'ticket',
      withTicket === undefined ? undefined : octetsForTicketChecksum(withTicket),
    ),
    full: byKdc(pac.fullChecksum, 'full', pac.octetsForFullChecksum),
  }
}

/**
 * What a ticket signature is over (MS-PAC 2.8.3). DER has one encoding of a value, so that the ticket is encoded anew.
 *
 * @param ticket - The decrypted ticket.
 * @returns DER of the EncTicketPart whose PAC is a single zero octet.
 */
export function octetsForTicketChecksum(ticket: EncTicketPart): Uint8Array {
  const { authorizationData } = ticket
  if (authorizationData === undefined) return encodeEncTicketPart(ticket)
  const replaced = authorizationData.map((element) =>
    element.adType === AdType.AD_IF_RELEVANT
      ? { ...element, adData: withoutPac(element.adData) }
      : element,
  )
  return encodeEncTicketPart({ ...ticket, authorizationData: replaced })
}

/** The content of an AD-IF-RELEVANT, the very octets where it holds no PAC. */
function withoutPac(octets: Uint8Array): Uint8Array {
  const elements = decodeAuthorizationData(octets)
  const isPac = ({ adType }: AuthorizationData[number]): boolean => adType === AdType.AD_WIN2K_PAC
  if (!elements.some(isPac)) return octets
  return encodeAuthorizationData(
    elements.map((element) => (isPac(element) ? { ...element, adData: ZERO_OCTET } : element)),
  )
}
