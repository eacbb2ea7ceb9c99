/**
 * PrincipalName and Realm (RFC 4120 section 5.2.2), and their text form.
 *
 *     PrincipalName ::= SEQUENCE {
 *             name-type       [0] Int32,
 *             name-string     [1] SEQUENCE OF KerberosString
 *     }
 *
 * @module
 */

import { Tag, type DerReader, type DerWriter } from '../../asn1/index.ts'
import { needArray, needText, sameName as sameText } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { NameType } from '../iana/index.ts'
import { inSequence, int32, kerberosString, sequenceOf, whole } from './fields.ts'

/** The name of a client or service within a realm. */
export interface PrincipalName {
  /** A hint, never part of a comparison. */
  readonly nameType: number
  /** The components, at least one. */
  readonly nameString: readonly string[]
}

/** A principal name, and its realm where the text names one. */
export interface ParsedPrincipal {
  /** The name. */
  readonly principal: PrincipalName
  /** The realm after `@`. */
  readonly realm: string | undefined
}

/** Reads a PrincipalName. */
export function readPrincipalName(reader: DerReader): PrincipalName {
  return inSequence(reader, readFields)
}

/** Reads a PrincipalName that may have no components: Heimdal, and so Samba, sends such in errors that concern no service. */
export function readPossibleName(reader: DerReader): PrincipalName {
  return inSequence(reader, readPossibleFields)
}

function readFields(sequence: DerReader): PrincipalName {
  const name = readPossibleFields(sequence)
  if (name.nameString.length > 0) return name
  throw sequence.fail('ERR_ASN1_VALUE', 'a name without components')
}

function readPossibleFields(sequence: DerReader): PrincipalName {
  const nameType = whole(sequence.context(0, 'name-type'), int32)
  const nameString = whole(sequence.context(1, 'name-string'), readStrings)
  return { nameType, nameString }
}

function readStrings(reader: DerReader): string[] {
  return sequenceOf(reader, kerberosString)
}

/** Writes a PrincipalName. */
function writePrincipalName(w: DerWriter, name: PrincipalName): void {
  w.openSequence().openContext(0).integer(name.nameType).close().openContext(1).openSequence()
  for (const component of name.nameString) w.string(Tag.GENERAL_STRING, component)
  w.close(3)
}

/** Writes `[n] PrincipalName`, or nothing for undefined. */
export function writeName(w: DerWriter, tagNumber: number, name: PrincipalName | undefined): void {
  if (name === undefined) return
  w.openContext(tagNumber)
  writePrincipalName(w, name)
  w.close()
}

/**
 * Whether two names are the same; the type does not count (RFC 4120 section 6.2).
 *
 * @param a - One name.
 * @param b - The other.
 * @returns True when every component is equal, octet for octet.
 */
export function sameName(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length &&
    a.nameString.every((component, i) => component === b.nameString[i])
  )
}

/**
 * Whether two names mean the same account or service to Active Directory, which ignores case.
 *
 * @param a - One name.
 * @param b - The other.
 * @returns True when every component is equal but for case.
 */
export function sameNameIgnoringCase(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length &&
    a.nameString.every((component, i) => sameText(component, b.nameString[i] ?? ''))
  )
}

/** MIT's escapes for the characters that a name in text form cannot hold as they are. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '/': '\\/',
  '@': '\\@',
  '\n': '\\n',
  '\t': '\\t',
  '\b': '\\b',
}
/** Longest text that is read, UTF-16 units: Active Directory's names end at 1024. */
const MAX_TEXT_LENGTH = 8192
/** No backslash at the end, and none before the 0 that stands for NUL. */
const WELL_ESCAPED = /^(?:[^\\]|\\[^0])*$/
const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' }

function escapeText(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => ESCAPES[character] ?? character)
}

/**
 * The text form of a name, with MIT's escapes.
 *
 * @param name - The name.
 * @param realm - Its realm, left out when absent.
 * @returns For instance `HTTP/iwa.corp.example@CORP.EXAMPLE`.
 */
export function formatPrincipal(name: PrincipalName, realm?: string): string {
  needArray('name.nameString', name.nameString, 'an array of strings, as in a PrincipalName')
  const text = name.nameString.map((part) => escapeText(part, /[\\/@\n\t\b]/g)).join('/')
  // In a realm a slash is no separator, so that MIT leaves it as it is.
  return realm === undefined ? text : `${text}@${escapeText(realm, /[\\@\n\t\b]/g)}`
}

/**
 * Reads the text form of a name.
 *
 * @param text - For instance `alice`, `CONN1$@CORP.EXAMPLE` or `HTTP/iwa.corp.example`.
 * @returns The name: NT-PRINCIPAL for one component, NT-SRV-INST for more; and the realm, if the text has one.
 * @throws KerberosError ERR_KRB_PRINCIPAL for an empty component or realm, a second `@`, NUL or a dangling escape, and
 *   above 8192 characters.
 */
export function parsePrincipal(text: string): ParsedPrincipal {
  needText('a principal name', text)
  if (text.length > MAX_TEXT_LENGTH) throw unparsable(text)
  const [name = '', realm, ...more] = splitUnescaped(text, '@')
  if (more.length > 0 || text.includes('\0')) throw unparsable(text)
  const nameString = splitUnescaped(name, '/').map(unescapeText)
  const parsedRealm = realm === undefined ? undefined : unescapeText(realm)
  const bad = [...nameString, parsedRealm].some((part) => part === '')
  if (bad || !WELL_ESCAPED.test(text)) throw unparsable(text)
  return { principal: nameOf(nameString), realm: parsedRealm }
}

/** Splits at a separator that no backslash precedes; escapes stay. */
function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const unit = text[i] === '\\' ? text.slice(i, ++i + 1) : text.charAt(i)
    if (unit === separator) {
      parts.push(part)
      part = ''
    } else part += unit
  }
  return [...parts, part]
}

function unescapeText(text: string): string {
  return text.replace(/\\([^])/g, (_, escaped: string) => UNESCAPED[escaped] ?? escaped)
}

function nameOf(nameString: readonly string[]): PrincipalName {
  const nameType = nameString.length > 1 ? NameType.NT_SRV_INST : NameType.NT_PRINCIPAL
  return { nameType, nameString }
}

function unparsable(text: string): KerberosError {
  return new KerberosError(
    'ERR_KRB_PRINCIPAL',
    `not a principal name: ${JSON.stringify(text.slice(0, 256))}`,
    { mend: 'Write it as name, name@REALM or service/host@REALM.' },
  )
}
