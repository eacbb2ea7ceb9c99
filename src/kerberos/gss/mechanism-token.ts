/**
 * Framing of the Kerberos mechanism's context tokens (RFC 2743 section 3.1, RFC 4121 section 4.1).
 *
 *     [APPLICATION 0] IMPLICIT SEQUENCE { thisMech OBJECT IDENTIFIER, innerToken: TOK_ID and a Kerberos message }
 *
 * @module
 */

import { DerReader, DerWriter } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'

/** The Kerberos V5 mechanism (RFC 4121 section 1). */
export const KERBEROS_MECHANISM = '1.2.840.113554.1.2.2'

/** The same mechanism by the number that Windows gave it by mistake (MS-SPNG 1.9, RFC 4178 appendix C). */
export const MICROSOFT_KERBEROS_MECHANISM = '1.2.840.48018.1.2.2'

/** Which Kerberos message a token holds (RFC 4121 section 4.1). */
export const TokenId = { AP_REQ: 0x0100, AP_REP: 0x0200, KRB_ERROR: 0x0300 } as const

/** A token taken apart. */
export interface MechanismToken {
  /** {@link TokenId}. */
  readonly tokenId: number
  /** The Kerberos message, a view of the token. */
  readonly message: Uint8Array
}

/**
 * Puts an AP-REQ into an initial context token.
 *
 * @param apReq - DER of the AP-REQ.
 * @returns The token; the AP-REQ is its end.
 */
export function wrapApReq(apReq: Uint8Array): Uint8Array {
  return new DerWriter(apReq.length + 32)
    .openApplication(0)
    .objectIdentifier(KERBEROS_MECHANISM)
    .raw(Uint8Array.of(TokenId.AP_REQ >>> 8, TokenId.AP_REQ & 0xff))
    .raw(apReq)
    .close()
    .finish()
}

/**
 * Takes a context token apart.
 *
 * @param token - From a peer.
 * @returns Token id and message.
 * @throws KerberosError ERR_KRB_GSS for another mechanism, Asn1Error for anything malformed.
 */
export function unwrapMechanismToken(token: Uint8Array): MechanismToken {
  const outer = new DerReader(token, 'GSS token')
  const { content } = outer.any()
  outer.finish()
  // What follows the identifier is no DER: it is found by the identifier's own length.
  const { raw } = new DerReader(content, 'GSS token.thisMech').any()
  const mechanism = new DerReader(raw, 'GSS token.thisMech').objectIdentifier()
  if (mechanism !== KERBEROS_MECHANISM && mechanism !== MICROSOFT_KERBEROS_MECHANISM) {
    throw new KerberosError('ERR_KRB_GSS', `a token of mechanism ${mechanism}, not of Kerberos`)
  }
  const [high = 0, low = 0] = content.subarray(raw.length)
  return { tokenId: high * 256 + low, message: content.subarray(raw.length + 2) }
}
