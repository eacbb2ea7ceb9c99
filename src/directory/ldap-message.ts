/**
 * The LDAP messages of a bind (RFC 4511 section 4.2), read and written by ourselves.
 *
 *     LDAPMessage ::= SEQUENCE { messageID INTEGER, protocolOp CHOICE { ... }, controls [0] Controls OPTIONAL }
 *     BindRequest ::= [APPLICATION 0] SEQUENCE { version INTEGER (3), name LDAPDN, authentication CHOICE {
 *          simple [0] OCTET STRING, sasl [3] SEQUENCE { mechanism LDAPString, credentials OCTET STRING OPTIONAL } } }
 *     BindResponse ::= [APPLICATION 1] SEQUENCE { resultCode ENUMERATED, matchedDN LDAPDN, diagnosticMessage LDAPString,
 *          referral [3] Referral OPTIONAL, serverSaslCreds [7] OCTET STRING OPTIONAL }
 *
 * @module
 */

import { BerCursor, malformedLdap, readBerHead } from './ber.ts'

/** What the server said to a bind. */
export interface BindResponse {
  readonly messageId: number
  /** RFC 4511 appendix A; 0 is success. */
  readonly resultCode: number
  /** The server's words, cut at 256 characters. */
  readonly diagnosticMessage: string
  /** The server's SASL answer, empty when there is none. */
  readonly serverSaslCreds: Uint8Array
  /** Octets of the buffer that the message took. */
  readonly octets: number
}

/** Longest bind response that is read, octets. */
const MAX_BIND_RESPONSE_OCTETS = 65_536
/** Longest text of the server that is kept, characters. */
const MAX_MESSAGE_LENGTH = 256

const INTEGER = 0x02
const OCTET_STRING = 0x04
const ENUMERATED = 0x0a
const SEQUENCE = 0x30
const BIND_REQUEST = 0x60
const BIND_RESPONSE = 0x61
const SIMPLE_CREDENTIALS = 0x80
const SASL_CREDENTIALS = 0xa3
const SERVER_SASL_CREDS = 0x87

function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content])
  const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(length, 2)
  return Buffer.concat([head, content])
}

/**
 * Writes a SASL bind request.
 *
 * @param messageId - 1 to 127; the first message of a connection is 1.
 * @param mechanism - For example `GSS-SPNEGO`.
 * @param credentials - The initial token, as octets.
 * @returns The message.
 */
export function encodeSaslBind(
  messageId: number,
  mechanism: string,
  credentials: Uint8Array,
): Uint8Array {
  const sasl = tlv(
    SASL_CREDENTIALS,
    tlv(OCTET_STRING, Buffer.from(mechanism, 'utf8')),
    tlv(OCTET_STRING, credentials),
  )
  return bindRequest(messageId, '', sasl)
}

/**
 * Writes a simple bind request. For TLS alone: the password is in it as it is.
 *
 * @param messageId - 1 to 127; the first message of a connection is 1.
 * @param name - Whose, not empty.
 * @param password - Not empty: without it a server lets anybody in as nobody (RFC 4513 section 5.1.2).
 * @returns The message.
 * @throws RangeError when name or password is empty.
 */
export function encodeSimpleBind(messageId: number, name: string, password: string): Uint8Array {
  if (name === '' || password === '') throw new RangeError('a simple bind has name and password')
  return bindRequest(messageId, name, tlv(SIMPLE_CREDENTIALS, Buffer.from(password, 'utf8')))
}

function bindRequest(messageId: number, name: string, credentials: Uint8Array): Uint8Array {
  const version = tlv(INTEGER, Uint8Array.of(3))
  const bind = tlv(BIND_REQUEST, version, tlv(OCTET_STRING, Buffer.from(name, 'utf8')), credentials)
  return tlv(SEQUENCE, tlv(INTEGER, Uint8Array.of(messageId)), bind)
}

/**
 * Reads a bind response from what has arrived so far.
 *
 * @param received - Octets since the request.
 * @returns The response, or undefined while it is incomplete.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when the octets are no bind response or too many.
 */
export function decodeBindResponse(received: Uint8Array): BindResponse | undefined {
  const message = readBerHead(received, 0)
  if (!message) return undefined
  if (message.tag !== SEQUENCE) throw malformedLdap('it does not begin with a SEQUENCE')
  if (message.end > MAX_BIND_RESPONSE_OCTETS)
    throw malformedLdap(`${message.end} octets are too many`)
  if (message.end > received.length) return undefined
  const body = new BerCursor(received.subarray(message.start, message.end))
  const messageId = unsigned(body.take(INTEGER))
  const response = new BerCursor(body.take(BIND_RESPONSE))
  const resultCode = unsigned(response.take(ENUMERATED))
  response.take(OCTET_STRING)
  const words = Buffer.from(response.take(OCTET_STRING)).toString('utf8')
  return {
    messageId,
    resultCode,
    // Active Directory ends its texts with a NUL. Cut first: the pattern is tried at every NUL.
    diagnosticMessage: words.slice(0, MAX_MESSAGE_LENGTH).replace(/\0+$/, ''),
    serverSaslCreds: response.find(SERVER_SASL_CREDS) ?? new Uint8Array(),
    octets: message.end,
  }
}

/**
 * Reads an INTEGER or ENUMERATED that is not negative.
 *
 * @param content - 1 to 4 octets.
 * @returns The number.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when it is longer.
 */
function unsigned(content: Uint8Array): number {
  if (content.length < 1 || content.length > 4) throw malformedLdap('a number is too long')
  return content.reduce((value, octet) => value * 256 + octet, 0)
}
