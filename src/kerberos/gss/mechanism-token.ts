/**
 * Framing of the Kerberos mechanism's context tokens (RFC 2743 section 3.1, RFC 4121 section 4.1).
 *
 *     InitialContextToken ::= [APPLICATION 0] IMPLICIT SEQUENCE {
 *             thisMech                OBJECT IDENTIFIER,
 *             innerContextToken       ANY DEFINED BY thisMech -- TOK_ID (two octets), a Kerberos message
 *     }
 *
 * @module
 */

import { applicationTag, DerReader, DerWriter } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'

/** The Kerberos V5 mechanism (RFC 4121 section 1). */
export const KERBEROS_MECHANISM = '1.2.840.113554.1.2.2'

/** The same mechanism by the number that Windows gave it by mistake (MS-SPNG 1.9, RFC 4178 appendix C). */
export const MICROSOFT_KERBEROS_MECHANISM = '1.2.840.48018.1.2.2'

/** Which Kerberos message a token holds (RFC 4121 section 4.1). */
export const TokenId = { AP_REQ: 0x0100, AP_REP: 0x0200, KRB_ERROR: 0x0300 } as const

/** A token out of its framing (RFC 2743 section 3.1). */
export interface FramedToken {
  /** Dotted decimal. */
  readonly mechanism: string
  /** What is inside, a view of the token. */
  readonly inner: Uint8Array
}

/** A token taken apart. */
export interface MechanismToken {
  /** {@link TokenId}. */
  readonly tokenId: number
  /** The Kerberos message, a view of the token. */
  readonly message: Uint8Array
}

/**
 * Puts a Kerberos message into a context token.
 *
 * @param tokenId - {@link TokenId}.
 * @param message - DER of the message.
 * @returns The token; the message is its end.
 */
export function wrapMessage(tokenId: number, message: Uint8Array): Uint8Array {
  return new DerWriter(message.length + 32)
    .openApplication(0)
    .objectIdentifier(KERBEROS_MECHANISM)
    .raw(Uint8Array.of(tokenId >>> 8, tokenId & 0xff))
    .raw(message)
    .close()
    .finish()
}

/**
 * Takes the framing off an initial token of any mechanism.
 *
 * @param token - From a peer.
 * @returns Mechanism and content.
 * @throws Asn1Error for anything malformed.
 */
export function unframeToken(token: Uint8Array): FramedToken {
  const outer = new DerReader(token, 'GSS token')
  const { tag, content } = outer.any()
  outer.finish()
  if (tag !== applicationTag(0)) throw outer.fail('ERR_ASN1_TAG', 'not an initial token')
  // What follows the identifier need be no DER: it is found by the identifier's own length.
  const { raw } = new DerReader(content, 'GSS token.thisMech').any()
  const mechanism = new DerReader(raw, 'GSS token.thisMech').objectIdentifier()
  return { mechanism, inner: content.subarray(raw.length) }
}

/** Whether a number means Kerberos. */
export function isKerberosMechanism(mechanism: string): boolean {
  return mechanism === KERBEROS_MECHANISM || mechanism === MICROSOFT_KERBEROS_MECHANISM
}

/**
 * Takes a context token apart.
 *
 * @param token - From a peer.
 * @returns Token id and message.
 * @throws KerberosError ERR_KRB_GSS for another mechanism, Asn1Error for anything malformed.
 */
export function unwrapMechanismToken(token: Uint8Array): MechanismToken {
  const { mechanism, inner } = unframeToken(token)
  if (!isKerberosMechanism(mechanism)) {
    throw new KerberosError('ERR_KRB_GSS', `a token of mechanism ${mechanism}, not of Kerberos`)
  }
  const [high = 0, low = 0] = inner
  return { tokenId: high * 256 + low, message: inner.subarray(2) }
}

/** What an acceptor answered. */
export interface AnsweredMessage {
  /** {@link TokenId}; undefined: the message came bare, as some acceptors send it. */
  readonly tokenId: number | undefined
  /** The Kerberos message, a view of the token. */
  readonly message: Uint8Array
}

/**
 * Takes an acceptor's token apart.
 *
 * @param token - From a peer: framed or bare.
 * @returns Token id and message.
 * @throws KerberosError ERR_KRB_GSS for another mechanism, Asn1Error for anything malformed.
 */
export function readAnswer(token: Uint8Array): AnsweredMessage {
  return token[0] === applicationTag(0)
    ? unwrapMechanismToken(token)
    : { tokenId: undefined, message: token }
}
