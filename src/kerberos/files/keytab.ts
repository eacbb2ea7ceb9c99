/**
 * The keytab file format, version 0x0502 (MIT Kerberos documentation, "Keytab file format"). Octets, not disk.
 *
 * ```
 * file    = 05 02, then records
 * record  = int32 size, then: size > 0 an entry of that many octets; size < 0 a hole of -size octets; 0 the end
 * entry   = uint16 count of components, realm, components, uint32 name type, uint32 timestamp, uint8 kvno,
 *           uint16 key type, uint16 key length, key, [uint32 kvno, counts unless 0], [ignored]
 * strings = uint16 length, octets
 * ```
 *
 * @module
 */

import { etypeProfile, SUPPORTED_ETYPES, type EncryptionKey } from '../crypto/index.ts'
import { needOctets } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { sameName, type PrincipalName } from '../messages/principal-name.ts'
import { OctetReader } from './octet-reader.ts'

/** One key of one principal. */
export interface KeytabEntry {
  /** Whose key it is, without the realm. */
  readonly principal: PrincipalName
  /** The realm of the principal. */
  readonly realm: string
  /** Key version number. */
  readonly kvno: number
  /** When the entry was written, milliseconds since the epoch, whole seconds. */
  readonly timestampMs: number
  /** The key, of any type: a keytab often holds RC4 keys beside the AES ones. */
  readonly key: EncryptionKey
}

/** How much a keytab may hold. */
export interface KeytabLimits {
  /** Largest file, octets. Default 1 MiB: some ten thousand keys. */
  readonly maxOctets?: number | undefined
}

const DEFAULT_MAX_OCTETS = 1_048_576
const VERSION = 0x0502
const VERSION_1 = 0x0501
const HEADER_OCTETS = 2

/** More components than any principal has; a record that claims more is damaged. */
const MAX_COMPONENTS = 32

function keytabError(what: string, offset: number): KerberosError {
  return new KerberosError('ERR_KRB_KEYTAB', `keytab: ${what} (at octet ${offset})`, {
    mend: 'Write the keytab again, for instance with samba-tool domain exportkeytab or ktpass.',
  })
}

function readKey(reader: OctetReader): EncryptionKey {
  const at = reader.at
  const etype = reader.uint16('the key type')
  const value = reader.take(reader.uint16('the key length'), 'the key')
  if (SUPPORTED_ETYPES.includes(etype) && value.length !== etypeProfile(etype).keyOctets) {
    throw keytabError(`a key of type ${etype} cannot have ${value.length} octets`, at)
  }
  return { etype, value }
}

function readEntry(reader: OctetReader): KeytabEntry {
  const at = reader.at
  const count = reader.uint16('the count of components')
  if (count < 1 || count > MAX_COMPONENTS) throw keytabError(`a name of ${count} components`, at)
  const realm = reader.text('the realm')
  const nameString = Array.from({ length: count }, () => reader.text('a component of the name'))
  const nameType = reader.int32('the name type')
  const timestampMs = reader.uint32('the timestamp') * 1000
  const shortKvno = reader.uint8('the key version')
  const key = readKey(reader)
  // A record that reuses a larger hole ends in zeros, hence: 0 is "no 32-bit version here".
  const longKvno = reader.left >= 4 ? reader.uint32('the 32-bit key version') : 0
  const kvno = longKvno === 0 ? shortKvno : longKvno
  return { principal: { nameType, nameString }, realm, kvno, timestampMs, key }
}

function checkHeader(octets: Uint8Array, limits: KeytabLimits): void {
  needOctets('octets', octets)
  const most = limits.maxOctets ?? DEFAULT_MAX_OCTETS
  if (octets.length > most) {
    throw keytabError(`${octets.length} octets, at most ${most} are read`, most)
  }
  const reader = new OctetReader(octets, { at: 0, end: octets.length }, keytabError)
  const version = reader.uint16('the file version')
  if (version === VERSION) return
  const known = version === VERSION_1 ? 'version 1 depends on the machine and is not read' : ''
  throw keytabError(known || `starts with 0x${version.toString(16)}, not with 0x502`, 0)
}

/**
 * Reads a keytab.
 *
 * @param octets - The whole file.
 * @param limits - How much is read at most.
 * @returns The entries in the order of the file, with keys of any type.
 * @throws KerberosError ERR_KRB_KEYTAB with the offset where the file is not a keytab.
 */
export function decodeKeytab(
  octets: Uint8Array,
  limits: KeytabLimits = {},
): readonly KeytabEntry[] {
  checkHeader(octets, limits)
  const file = new OctetReader(octets, { at: HEADER_OCTETS, end: octets.length }, keytabError)
  const entries: KeytabEntry[] = []
  while (file.left > 0) {
    const size = file.int32('the size of a record')
    if (size === 0) break
    const at = file.at
    file.take(Math.abs(size), size < 0 ? 'a hole' : 'a record')
    if (size > 0)
      entries.push(readEntry(new OctetReader(octets, { at, end: file.at }, keytabError)))
  }
  return entries
}

function counted(octets: Uint8Array): Buffer {
  if (octets.length > 0xffff) throw new RangeError('a keytab string has at most 65535 octets')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(octets.length)
  return Buffer.concat([length, octets])
}

function encodeEntry({ principal, realm, kvno, timestampMs, key }: KeytabEntry): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16BE(principal.nameString.length)
  const middle = Buffer.alloc(11)
  middle.writeInt32BE(principal.nameType, 0)
  middle.writeUInt32BE(Math.floor(timestampMs / 1000), 4)
  middle.writeUInt8(kvno & 0xff, 8)
  middle.writeUInt16BE(key.etype, 9)
  const longKvno = Buffer.alloc(4)
  longKvno.writeUInt32BE(kvno)
  const names = [realm, ...principal.nameString].map((text) => counted(Buffer.from(text)))
  return Buffer.concat([count, ...names, middle, counted(key.value), longKvno])
}

/**
 * Writes a keytab.
 *
 * @param entries - Times before 1970 or after 2106 do not fit; parts of a second are dropped.
 * @returns The whole file.
 * @throws RangeError where a number or string does not fit the format.
 */
export function encodeKeytab(entries: readonly KeytabEntry[]): Uint8Array {
  const records = entries.map(encodeEntry).flatMap((entry) => {
    const size = Buffer.alloc(4)
    size.writeInt32BE(entry.length)
    return [size, entry]
  })
  return Buffer.concat([Uint8Array.of(VERSION >>> 8, VERSION & 0xff), ...records])
}

/** Position in the order of preference; types we do not speak come last. */
function preference({ key }: KeytabEntry): number {
  const at = SUPPORTED_ETYPES.indexOf(key.etype)
  return at === -1 ? SUPPORTED_ETYPES.length : at
}

/**
 * The keys of one principal. Name types do not count (RFC 4120 section 6.2); names and realms are compared exactly.
 *
 * @param entries - A decoded keytab.
 * @param realm - The realm.
 * @param principal - The name.
 * @returns Its entries, the newest key version first, within a version the preferred type first.
 */
export function keysFor(
  entries: readonly KeytabEntry[],
  realm: string,
  principal: PrincipalName,
): readonly KeytabEntry[] {
  return entries
    .filter((entry) => entry.realm === realm && sameName(entry.principal, principal))
    .sort((a, b) => b.kvno - a.kvno || preference(a) - preference(b))
}
