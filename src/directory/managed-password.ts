/**
 * The password of a group managed service account as a domain controller hands it out. Octets only.
 *
 * MSDS-MANAGEDPASSWORD_BLOB, MS-ADTS 2.2.19, little-endian:
 *
 *     uint16 Version (1), uint16 Reserved (0), uint32 Length, uint16 CurrentPasswordOffset, uint16 PreviousPasswordOffset
 *     (0: none), uint16 QueryPasswordIntervalOffset, uint16 UnchangedPasswordIntervalOffset, CurrentPassword and
 *     PreviousPassword (UTF-16, each ended by NUL), padding to 8 octets, uint64 QueryPasswordInterval,
 *     uint64 UnchangedPasswordInterval (both in 100 ns)
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

/** What the blob says. The passwords are random code units: a lone surrogate is as likely as any other. */
export interface ManagedPassword {
  /** The password now. */
  readonly current: string
  /** The one before it, where there was one: some domain controllers may still have it. */
  readonly previous?: string
  /** How long it may be used before it is to be asked for anew, milliseconds. */
  readonly queryIntervalMs: number
  /** How long queries will certainly give the same password, milliseconds. */
  readonly unchangedIntervalMs: number
}

const HEAD_OCTETS = 16
const INTERVAL_OCTETS = 8
const PADDING_OCTETS = 7
/** A managed password is 256 octets; more room than any has, and less than offsets of 16 bits could claim. */
const MAX_OCTETS = 4096
const TICKS_PER_MS = 10_000n

function malformed(why: string): DirectoryError {
  return new DirectoryError('ERR_DIRECTORY_REPLY', `msDS-ManagedPassword is malformed: ${why}`)
}

/**
 * Reads the blob.
 *
 * @param blob - The only value of msDS-ManagedPassword.
 * @returns Passwords and intervals.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for a version we do not know or octets that are not where they must be.
 */
export function decodeManagedPassword(blob: Uint8Array): ManagedPassword {
  const octets = Buffer.from(blob.buffer, blob.byteOffset, blob.length)
  checkHead(octets)
  const offset = { current: octets.readUInt16LE(8), previous: octets.readUInt16LE(10) }
  const query = octets.readUInt16LE(12)
  if (query + 2 * INTERVAL_OCTETS !== octets.length) throw malformed('the query interval’s place')
  if (octets.readUInt16LE(14) !== query + INTERVAL_OCTETS) {
    throw malformed('the unchanged interval’s place')
  }
  if (offset.current !== HEAD_OCTETS) throw malformed('the current password’s place')
  const current = readPassword(octets, offset.current, query)
  const next = offset.previous === 0 ? current : readPrevious(octets, offset.previous, current)
  checkPadding(octets.subarray(next.end, query))
  return {
    current: current.text,
    ...(next === current ? {} : { previous: next.text }),
    queryIntervalMs: readIntervalMs(octets, query),
    unchangedIntervalMs: readIntervalMs(octets, query + INTERVAL_OCTETS),
  }
}

function checkHead(octets: Buffer): void {
  if (octets.length < HEAD_OCTETS || octets.length > MAX_OCTETS) {
    throw malformed(`${octets.length} octets long`)
  }
  const version = octets.readUInt16LE(0)
  if (version !== 1) throw malformed(`version ${version}`)
  if (octets.readUInt16LE(2) !== 0) throw malformed('the reserved field is used')
  const length = octets.readUInt32LE(4)
  if (length !== octets.length) throw malformed(`it says ${length} octets, has ${octets.length}`)
}

interface ReadPassword {
  readonly text: string
  /** Offset after its NUL. */
  readonly end: number
}

function readPassword(octets: Buffer, from: number, limit: number): ReadPassword {
  for (let at = from; at + 2 <= limit; at += 2) {
    if (octets.readUInt16LE(at) !== 0) continue
    if (at === from) throw malformed('an empty password')
    return { text: octets.toString('utf16le', from, at), end: at + 2 }
  }
  throw malformed('a password without an end')
}

function readPrevious(octets: Buffer, offset: number, current: ReadPassword): ReadPassword {
  if (offset !== current.end) throw malformed('the previous password’s place')
  return readPassword(octets, offset, octets.readUInt16LE(12))
}

function checkPadding(padding: Uint8Array): void {
  if (padding.length > PADDING_OCTETS || padding.some((octet) => octet !== 0)) {
    throw malformed('something between passwords and intervals')
  }
}

/** At most 922 million years: exact enough as a number. */
function readIntervalMs(octets: Buffer, at: number): number {
  return Number(octets.readBigUInt64LE(at) / TICKS_PER_MS)
}
