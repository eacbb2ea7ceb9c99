/**
 * The port between what is asked (pure) and how an LDAP server is reached (./io).
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

/** An attribute that must be equal to octets, which the text of a filter cannot carry everywhere. */
export interface OctetAssertion {
  readonly attribute: string
  readonly value: Uint8Array
}

/** One search, RFC 4511 section 4.5.1. */
export interface SearchRequest {
  /** Where to search, a distinguished name. */
  readonly base: string
  /** The base object alone, or all of its subtree. */
  readonly scope: 'base' | 'sub'
  /** RFC 4515 filter, values escaped. */
  readonly filter: string
  /** Must be equal besides the filter. */
  readonly octets?: OctetAssertion
  /** Attributes whose values are text. */
  readonly text: readonly string[]
  /** Attributes whose values are octets. */
  readonly binary: readonly string[]
  /** Most entries wanted; a longer answer is cut there. */
  readonly sizeLimit: number
  /** Asks for the answer in pages of so many entries (RFC 2696): all of it comes, where a server hands out less at once. */
  readonly pageSize?: number
}

/** One object of an answer. Attribute names are in small letters; an absent attribute has no values. */
export interface DirectoryEntry {
  readonly distinguishedName: string
  readonly text: ReadonlyMap<string, readonly string[]>
  readonly binary: ReadonlyMap<string, readonly Uint8Array[]>
}

/** Something that can be searched. */
export interface DirectorySearch {
  /** The distinguished name of the server's own domain (rootDSE defaultNamingContext). */
  namingContext(signal?: AbortSignal): Promise<string>
  /**
   * Searches once.
   *
   * @throws DirectoryError with ERR_DIRECTORY_UNREACHABLE, ERR_DIRECTORY_REFUSED or ERR_DIRECTORY_REPLY.
   */
  search(request: SearchRequest, signal?: AbortSignal): Promise<readonly DirectoryEntry[]>
}

/**
 * The only value of a text attribute.
 *
 * @param entry - An object of an answer.
 * @param attribute - Its name, any letter case.
 * @returns The value, or undefined when the attribute is absent.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when it has several.
 */
export function onlyText(entry: DirectoryEntry, attribute: string): string | undefined {
  return only(entry, attribute, entry.text)
}

/**
 * The only value of a binary attribute; as onlyText.
 *
 * @param entry - An object of an answer.
 * @param attribute - Its name, any letter case.
 * @returns The value, or undefined when the attribute is absent.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when it has several.
 */
export function onlyOctets(entry: DirectoryEntry, attribute: string): Uint8Array | undefined {
  return only(entry, attribute, entry.binary)
}

function only<Value>(
  entry: DirectoryEntry,
  attribute: string,
  from: ReadonlyMap<string, readonly Value[]>,
): Value | undefined {
  const values = from.get(attribute.toLowerCase()) ?? []
  if (values.length <= 1) return values[0]
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `${attribute} of ${entry.distinguishedName} has ${values.length} values, expected one`,
  )
}
