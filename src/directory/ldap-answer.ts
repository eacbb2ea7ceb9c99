/**
 * Checks the messages that answer a search (RFC 4511 sections 4.5.2 and 4.5.3) before a library reads them.
 *
 *     SearchResultEntry ::= [APPLICATION 4] SEQUENCE { objectName LDAPDN, attributes SEQUENCE OF SEQUENCE {
 *          type AttributeDescription, vals SET OF AttributeValue } }
 *     SearchResultDone ::= [APPLICATION 5] LDAPResult
 *     SearchResultReference ::= [APPLICATION 19] SEQUENCE OF URI
 *
 * ldapts 9.2.0 reads an entry whose attributes are missing for ever, and grows until the process ends.
 *
 * @module
 */

import { BerCursor, malformedLdap } from './ber.ts'

const INTEGER = 0x02
const OCTET_STRING = 0x04
const ENUMERATED = 0x0a
const SEQUENCE = 0x30
const SET = 0x31
const ENTRY = 0x64
const DONE = 0x65
const REFERENCE = 0x73
const EXTENDED = 0x78
const CONTROLS = 0xa0
const REFERRAL = 0xa3

/**
 * Makes sure that a whole message is an answer to a search and built as it must be.
 *
 * @param message - One LDAPMessage.
 * @returns False for what no one asked for and only a server that hangs up sends: a notice of disconnection (section 4.4.1).
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for anything else.
 */
export function checkSearchAnswer(message: Uint8Array): boolean {
  const whole = new BerCursor(message)
  const body = new BerCursor(whole.take(SEQUENCE))
  if (!whole.done) throw malformedLdap('something follows the message')
  checkNumber(body.take(INTEGER))
  const { tag } = body
  if (tag === EXTENDED) return false
  if (tag === ENTRY) checkEntry(body.take(ENTRY))
  else if (tag === DONE) checkResult(body.take(DONE))
  else if (tag === REFERENCE) checkEach(body.take(REFERENCE), OCTET_STRING)
  else throw malformedLdap(`operation 0x${(tag ?? 0).toString(16)} answers no search`)
  if (!body.done) body.take(CONTROLS)
  if (!body.done) throw malformedLdap('something follows the controls')
  return true
}

function checkEntry(content: Uint8Array): void {
  const entry = new BerCursor(content)
  entry.take(OCTET_STRING)
  const attributes = new BerCursor(entry.take(SEQUENCE))
  while (!attributes.done) {
    const attribute = new BerCursor(attributes.take(SEQUENCE))
    attribute.take(OCTET_STRING)
    checkEach(attribute.take(SET), OCTET_STRING)
    if (!attribute.done) throw malformedLdap('something follows the values of an attribute')
  }
  if (!entry.done) throw malformedLdap('something follows the attributes of an entry')
}

function checkResult(content: Uint8Array): void {
  const result = new BerCursor(content)
  checkNumber(result.take(ENUMERATED))
  result.take(OCTET_STRING)
  result.take(OCTET_STRING)
  if (!result.done) checkEach(result.take(REFERRAL), OCTET_STRING)
  if (!result.done) throw malformedLdap('something follows a result')
}

function checkNumber(content: Uint8Array): void {
  if (content.length < 1 || content.length > 4) throw malformedLdap('a number is too long')
}

function checkEach(content: Uint8Array, tag: number): void {
  const elements = new BerCursor(content)
  while (!elements.done) elements.take(tag)
}
