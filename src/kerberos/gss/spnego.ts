/**
 * SPNEGO (RFC 4178): the initiator's offer and the answers of both sides.
 *
 *     NegTokenInit ::= SEQUENCE {                    NegTokenResp ::= SEQUENCE {
 *         mechTypes    [0] MechTypeList,                 negState      [0] ENUMERATED OPTIONAL,
 *         reqFlags     [1] ContextFlags OPTIONAL,        supportedMech [1] MechType OPTIONAL,
 *         mechToken    [2] OCTET STRING OPTIONAL,        responseToken [2] OCTET STRING OPTIONAL,
 *         mechListMIC  [3] OCTET STRING OPTIONAL }       mechListMIC   [3] OCTET STRING OPTIONAL }
 *
 * Kerberos is the only mechanism we offer and the one the first token is for: a mechListMIC is needed only where the
 * acceptor asks for it (section 5).
 *
 * @module
 */

import { contextTag, DerReader, DerWriter, Tag } from '../../asn1/index.ts'
import { KERBEROS_MECHANISM, MICROSOFT_KERBEROS_MECHANISM } from './mechanism-token.ts'

/** The mechanism that negotiates others (RFC 4178 section 1). */
export const SPNEGO_MECHANISM = '1.3.6.1.5.5.2'

/** Windows looks for its own number first; both mean Kerberos. */
const OFFERED = [MICROSOFT_KERBEROS_MECHANISM, KERBEROS_MECHANISM]

/** Mechanisms that are read of an offer; clients send one to five. */
const MAX_MECHANISMS = 64

/** negState (RFC 4178 section 4.2.2). */
export const NegState = {
  ACCEPT_COMPLETED: 0,
  ACCEPT_INCOMPLETE: 1,
  REJECT: 2,
  REQUEST_MIC: 3,
} as const

/** Identifier octet of a NegTokenResp. */
export const NEG_TOKEN_RESP_TAG: number = contextTag(1)

/** An initiator's offer. Octets are views of the input. */
export interface NegTokenInit {
  /** Mechanisms, dotted decimal, the preferred first. */
  readonly mechTypes: readonly string[]
  /** DER of the list: what a mechListMIC is over. */
  readonly mechTypeList: Uint8Array
  /** Token of the first mechanism. */
  readonly mechToken?: Uint8Array | undefined
}

/** An answer of either side. Octets are views of the input. */
export interface NegTokenResp {
  /** {@link NegState}. */
  readonly negState?: number | undefined
  /** The mechanism that was chosen, dotted decimal. */
  readonly supportedMech?: string | undefined
  /** The mechanism's own token. */
  readonly responseToken?: Uint8Array | undefined
  /** MIC over the offered list. */
  readonly mechListMic?: Uint8Array | undefined
}

function writeMechTypes(w: DerWriter, mechTypes: readonly string[]): void {
  w.openSequence()
  for (const mechanism of mechTypes) w.objectIdentifier(mechanism)
  w.close()
}

function encodeMechTypeList(mechTypes: readonly string[]): Uint8Array {
  const w = new DerWriter(64)
  writeMechTypes(w, mechTypes)
  return w.finish()
}

/** DER of the list that we offer: what a mechListMIC is over. */
export const OFFERED_MECH_TYPE_LIST: Uint8Array = encodeMechTypeList(OFFERED)

/**
 * Encodes the offer of Kerberos with its first token.
 *
 * @param mechToken - The mechanism's initial token.
 * @returns The NegTokenInit in its framing; the mechToken is its end.
 */
export function encodeNegTokenInit(mechToken: Uint8Array): Uint8Array {
  const w = new DerWriter(mechToken.length + 64)
  w.openApplication(0).objectIdentifier(SPNEGO_MECHANISM).openContext(0).openSequence()
  w.openContext(0)
  writeMechTypes(w, OFFERED)
  w.close()
  w.openContext(2).octetString(mechToken).close()
  return w.close(3).finish()
}

/**
 * Encodes an answer.
 *
 * @param answer - Absent fields are left out.
 * @returns DER.
 */
export function encodeNegTokenResp(answer: NegTokenResp): Uint8Array {
  const { negState, supportedMech, responseToken, mechListMic } = answer
  const w = new DerWriter((responseToken?.length ?? 0) + 128).openContext(1).openSequence()
  if (negState !== undefined) w.openContext(0).integer(negState, Tag.ENUMERATED).close()
  if (supportedMech !== undefined) w.openContext(1).objectIdentifier(supportedMech).close()
  if (responseToken !== undefined) w.openContext(2).octetString(responseToken).close()
  if (mechListMic !== undefined) w.openContext(3).octetString(mechListMic).close()
  return w.close(2).finish()
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

function octetsOf(field: DerReader): Uint8Array {
  return field.octetString()
}

/** The SEQUENCE in `[n]`, and nothing besides. */
function sequenceIn(
  octets: Uint8Array,
  tagNumber: number,
  [path, tagged, type]: readonly [string, string, string],
): DerReader {
  const outer = new DerReader(octets, path)
  const choice = outer.context(tagNumber, tagged)
  outer.finish()
  const sequence = choice.sequence(type)
  choice.finish()
  return sequence
}

/**
 * Decodes an initiator's offer.
 *
 * @param octets - The NegotiationToken out of its framing, from a peer.
 * @returns The offer. reqFlags, which nothing protects, and a mechListMIC, which cannot be made yet, are stepped over.
 * @throws Asn1Error for anything malformed, an empty list of mechanisms or one of more than 64.
 */
export function decodeNegTokenInit(octets: Uint8Array): NegTokenInit {
  const sequence = sequenceIn(octets, 0, ['NegotiationToken', 'negTokenInit', 'NegTokenInit'])
  const field = sequence.context(0, 'mechTypes')
  const mechTypeList = field.peekRaw()
  const mechTypes = readMechTypes(field.sequence('MechTypeList'))
  field.finish()
  optional(sequence, [1, 'reqFlags'], (flags) => flags.bitString())
  const mechToken = optional(sequence, [2, 'mechToken'], octetsOf)
  optional(sequence, [3, 'mechListMIC'], octetsOf)
  sequence.finish()
  return { mechTypes, mechTypeList, mechToken }
}

function readMechTypes(list: DerReader): readonly string[] {
  const mechTypes: string[] = []
  while (!list.done) {
    if (mechTypes.length === MAX_MECHANISMS) {
      throw list.fail('ERR_ASN1_SIZE', `more than ${MAX_MECHANISMS} mechanisms`)
    }
    mechTypes.push(list.objectIdentifier())
  }
  if (mechTypes.length === 0) throw list.fail('ERR_ASN1_VALUE', 'no mechanism is offered')
  return mechTypes
}

/**
 * Decodes an answer.
 *
 * @param octets - From a peer.
 * @returns The answer.
 * @throws Asn1Error for anything malformed.
 */
export function decodeNegTokenResp(octets: Uint8Array): NegTokenResp {
  const sequence = sequenceIn(octets, 1, ['NegTokenResp', 'negTokenResp', 'NegTokenResp'])
  const answer = {
    negState: optional(sequence, [0, 'negState'], (field) => field.integer(Tag.ENUMERATED)),
    supportedMech: optional(sequence, [1, 'supportedMech'], (field) => field.objectIdentifier()),
    responseToken: optional(sequence, [2, 'responseToken'], octetsOf),
    mechListMic: optional(sequence, [3, 'mechListMIC'], octetsOf),
  }
  sequence.finish()
  return answer
}
