/**
 * SPNEGO (RFC 4178): the offer we send and the answer we get.
 *
 *     NegTokenInit ::= SEQUENCE {                    NegTokenResp ::= SEQUENCE {
 *         mechTypes    [0] MechTypeList,                 negState      [0] ENUMERATED OPTIONAL,
 *         reqFlags     [1] ContextFlags OPTIONAL,        supportedMech [1] MechType OPTIONAL,
 *         mechToken    [2] OCTET STRING OPTIONAL,        responseToken [2] OCTET STRING OPTIONAL,
 *         mechListMIC  [3] OCTET STRING OPTIONAL }       mechListMIC   [3] OCTET STRING OPTIONAL }
 *
 * Kerberos is the only mechanism we offer and the one the first token is for, so that no mechListMIC is needed
 * (section 5).
 *
 * @module
 */

import { contextTag, DerReader, DerWriter, Tag } from '../../asn1/index.ts'
import { KERBEROS_MECHANISM, MICROSOFT_KERBEROS_MECHANISM } from './mechanism-token.ts'

const SPNEGO_MECHANISM = '1.3.6.1.5.5.2'

/** Windows looks for its own number first; both mean Kerberos. */
const OFFERED = [MICROSOFT_KERBEROS_MECHANISM, KERBEROS_MECHANISM]

/** negState (RFC 4178 section 4.2.2). */
export const NegState = {
  ACCEPT_COMPLETED: 0,
  ACCEPT_INCOMPLETE: 1,
  REJECT: 2,
  REQUEST_MIC: 3,
} as const

/** Identifier octet of a NegTokenResp. */
export const NEG_TOKEN_RESP_TAG: number = contextTag(1)

/** An acceptor's answer. */
export interface NegTokenResp {
  /** {@link NegState}. */
  readonly negState?: number | undefined
  /** The mechanism that was chosen, dotted decimal. */
  readonly supportedMech?: string | undefined
  /** The mechanism's own token, a view of the input. */
  readonly responseToken?: Uint8Array | undefined
}

/**
 * Encodes the offer of Kerberos with its first token.
 *
 * @param mechToken - The mechanism's initial token.
 * @returns The NegTokenInit in its framing; the mechToken is its end.
 */
export function encodeNegTokenInit(mechToken: Uint8Array): Uint8Array {
  const w = new DerWriter(mechToken.length + 64)
  w.openApplication(0).objectIdentifier(SPNEGO_MECHANISM).openContext(0).openSequence()
  w.openContext(0).openSequence()
  for (const mechanism of OFFERED) w.objectIdentifier(mechanism)
  w.close(2)
  w.openContext(2).octetString(mechToken).close()
  return w.close(3).finish()
}

/** `[n]` around one value, where it is next. */
function optional<T>(
  sequence: DerReader,
  [tagNumber, name]: readonly [number, string],
  read: (reader: DerReader) => T,
): T | undefined {
  if (!sequence.nextIsContext(tagNumber)) return undefined
  const field = sequence.context(tagNumber, name)
  const value = read(field)
  field.finish()
  return value
}

/**
 * Decodes an acceptor's answer.
 *
 * @param octets - From a peer.
 * @returns The answer; a mechListMIC is stepped over.
 * @throws Asn1Error for anything malformed.
 */
export function decodeNegTokenResp(octets: Uint8Array): NegTokenResp {
  const outer = new DerReader(octets, 'NegTokenResp')
  const tagged = outer.context(1, 'negTokenResp')
  outer.finish()
  const sequence = tagged.sequence('NegTokenResp')
  tagged.finish()
  const answer = {
    negState: optional(sequence, [0, 'negState'], (field) => field.integer(Tag.ENUMERATED)),
    supportedMech: optional(sequence, [1, 'supportedMech'], (field) => field.objectIdentifier()),
    responseToken: optional(sequence, [2, 'responseToken'], (field) => field.octetString()),
  }
  optional(sequence, [3, 'mechListMIC'], (field) => field.octetString())
  sequence.finish()
  return answer
}
