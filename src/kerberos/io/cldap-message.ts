/**
 * The two messages of an LDAP ping (MS-ADTS 6.3.3): a search of the root over UDP, and its one answer (RFC 4511 section 4.5).
 *
 *     LDAPMessage ::= SEQUENCE { messageID INTEGER, protocolOp CHOICE { ... }, controls [0] Controls OPTIONAL }
 *     SearchRequest ::= [APPLICATION 3] SEQUENCE { baseObject LDAPDN, scope ENUMERATED, derefAliases ENUMERATED,
 *          sizeLimit INTEGER, timeLimit INTEGER, typesOnly BOOLEAN, filter Filter, attributes SEQUENCE OF LDAPString }
 *     Filter ::= CHOICE { and [0] SET OF Filter, equalityMatch [3] SEQUENCE { attributeDesc OCTET STRING,
 *          assertionValue OCTET STRING }, ... }
 *     SearchResultEntry ::= [APPLICATION 4] SEQUENCE { objectName LDAPDN, attributes SEQUENCE OF SEQUENCE {
 *          type AttributeDescription, vals SET OF AttributeValue } }
 *     SearchResultDone ::= [APPLICATION 5] LDAPResult
 *
 * @module
 */

import { Asn1Error, DerReader, DerWriter, Tag } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'

/** What a ping asks. */
export interface NetlogonPing {
  /** 0 to 2^31 - 1; the answer has the same. */
  readonly messageId: number
  /** The domain, for instance `corp.example`. */
  readonly dnsDomain: string
  /** Our own name, at most 15 characters where it is one of NetBIOS; for the domain controller's log. */
  readonly host: string
  /** NETLOGON_NT_VERSION bits (MS-ADTS 6.3.1.1). */
  readonly ntVersion: number
}

const AND = 0xa0
const EQUALITY_MATCH = 0xa3
const SEARCH_REQUEST = 3
const ENTRY = 4
const DONE = 5
const ATTRIBUTE = 'Netlogon'
const NAME = 'LDAPMessage'
const MAX_OCTETS = 8192

/**
 * Writes a ping.
 *
 * @param ping - What it asks.
 * @returns The datagram.
 */
export function encodeNetlogonPing(ping: NetlogonPing): Uint8Array {
  const ntVersion = Buffer.alloc(4)
  ntVersion.writeUInt32LE(ping.ntVersion)
  const w = new DerWriter().openSequence().integer(ping.messageId).openApplication(SEARCH_REQUEST)
  w.octetString(new Uint8Array())
  w.integer(0, Tag.ENUMERATED).integer(0, Tag.ENUMERATED).integer(0).integer(0).boolean(false)
  w.open(AND)
  writeEquality(w, 'DnsDomain', Buffer.from(ping.dnsDomain))
  writeEquality(w, 'Host', Buffer.from(ping.host))
  writeEquality(w, 'NtVer', ntVersion)
  w.close().openSequence().octetString(Buffer.from(ATTRIBUTE)).close()
  return w.close(2).finish()
}

function writeEquality(w: DerWriter, attribute: string, value: Uint8Array): void {
  w.open(EQUALITY_MATCH).octetString(Buffer.from(attribute)).octetString(value).close()
}

/**
 * Reads the answer to a ping.
 *
 * @param datagram - One datagram: the entry, and the end of the search.
 * @param messageId - That of the ping.
 * @returns The value of the attribute Netlogon, a view of the datagram; undefined when the server has no such domain.
 * @throws KerberosError ERR_KRB_DECODE for anything else.
 */
export function decodeNetlogonAnswer(
  datagram: Uint8Array,
  messageId: number,
): Uint8Array | undefined {
  try {
    const limits = { maxOctets: MAX_OCTETS, maxDepth: 8, longLengths: true }
    return readAnswer(new DerReader(datagram, NAME, limits), messageId)
  } catch (cause) {
    if (!(cause instanceof Asn1Error)) throw cause
    throw new KerberosError('ERR_KRB_DECODE', cause.message, { cause })
  }
}

function readAnswer(reader: DerReader, messageId: number): Uint8Array | undefined {
  const first = readMessageId(reader, messageId)
  if (first.peek() === (0x60 | DONE)) {
    readDone(first)
    reader.finish()
    return undefined
  }
  const value = readEntry(first.application(ENTRY, 'searchResEntry'))
  first.finish()
  readDone(readMessageId(reader, messageId))
  reader.finish()
  return value
}

function readMessageId(reader: DerReader, wanted: number): DerReader {
  const message = reader.sequence()
  const found = message.integer()
  if (found !== wanted) throw message.fail('ERR_ASN1_VALUE', 'it answers another search')
  return message
}

function readEntry(entry: DerReader): Uint8Array {
  entry.octetString()
  const attributes = entry.sequence('attributes')
  entry.finish()
  const attribute = attributes.sequence()
  attributes.finish()
  // Its name comes back as it was asked for, or as the server's schema spells it.
  const name = Buffer.from(attribute.octetString()).toString('latin1')
  if (name.toLowerCase() !== ATTRIBUTE.toLowerCase()) {
    throw attribute.fail('ERR_ASN1_VALUE', `not the attribute ${ATTRIBUTE}`)
  }
  const values = attribute.enter(Tag.SET, 'vals')
  attribute.finish()
  const value = values.octetString()
  values.finish()
  return value
}

function readDone(message: DerReader): void {
  const done = message.application(DONE, 'searchResDone')
  const resultCode = done.integer(Tag.ENUMERATED)
  if (resultCode !== 0) throw done.fail('ERR_ASN1_VALUE', `resultCode ${resultCode}`)
  done.octetString()
  done.octetString()
  done.finish()
  message.finish()
}
