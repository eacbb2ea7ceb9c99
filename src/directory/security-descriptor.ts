/**
 * Security descriptors in self-relative form: octets and types (MS-DTYP 2.4.6, 2.4.5, 2.4.4). Octets only.
 *
 *     SECURITY_DESCRIPTOR, little-endian: uint8 Revision (1), uint8 Sbz1, uint16 Control, uint32 OffsetOwner, OffsetGroup,
 *     OffsetSacl, OffsetDacl (0: absent), then what the offsets point to.
 *     ACL: uint8 AclRevision (2, or 4 with object ACEs), uint8 Sbz1, uint16 AclSize, uint16 AceCount, uint16 Sbz2, ACEs.
 *
 * @module
 */

import { encodeAce, readAce, type Ace } from './access-control-entry.ts'
import { DirectoryError } from './errors.ts'
import { encodeSid, readSid } from './sid.ts'

/** Control bits, MS-DTYP 2.4.6. */
export const SecurityControl = {
  daclPresent: 0x0004,
  saclPresent: 0x0010,
  selfRelative: 0x8000,
} as const

/** A list of entries, in the order in which they are judged. */
export interface Acl {
  /** 2, or 4 where there are object ACEs. */
  readonly revision: number
  readonly aces: readonly Ace[]
}

/** Who owns an object and who may do what. */
export interface SecurityDescriptor {
  /** The 16 bits of Control. */
  readonly control: number
  /** A SID, `S-1-…`. */
  readonly owner?: string
  /** A SID. */
  readonly group?: string
  /** Absent while `control` says that there is one: everything is allowed to everyone (a NULL DACL). */
  readonly dacl?: Acl
  readonly sacl?: Acl
}

const HEAD_OCTETS = 20
const ACL_HEAD_OCTETS = 8
const ACL_REVISIONS = [2, 4]
/** An ACL's size is a 16-bit number; owner and group add some octets. */
const MAX_OCTETS = 2 * 65_536 + 256

function malformed(why: string): DirectoryError {
  return new DirectoryError('ERR_DIRECTORY_REPLY', `not a security descriptor: ${why}`)
}

/**
 * Reads a security descriptor. MS-DTYP 2.4.6.
 *
 * @param octets - The value of an attribute, for example msDS-AllowedToActOnBehalfOfOtherIdentity.
 * @returns What it says. ACEs of kinds we do not know keep their octets.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for octets that are not where they must be.
 */
export function decodeSecurityDescriptor(octets: Uint8Array): SecurityDescriptor {
  if (octets.length < HEAD_OCTETS || octets.length > MAX_OCTETS) {
    throw malformed(`${octets.length} octets long`)
  }
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  if (view.getUint8(0) !== 1) throw malformed(`revision ${view.getUint8(0)}`)
  const control = view.getUint16(2, true)
  if ((control & SecurityControl.selfRelative) === 0) throw malformed('it is not self-relative')
  const at = (head: number): number => placeOf(octets, view.getUint32(head, true))
  const [owner, group, sacl, dacl] = [at(4), at(8), at(12), at(16)]
  return {
    control,
    ...(owner > 0 && { owner: readSid(octets.subarray(owner)).sid }),
    ...(group > 0 && { group: readSid(octets.subarray(group)).sid }),
    ...(dacl > 0 && present(control, SecurityControl.daclPresent, { dacl: readAcl(octets, dacl) })),
    ...(sacl > 0 && present(control, SecurityControl.saclPresent, { sacl: readAcl(octets, sacl) })),
  }
}

function placeOf(octets: Uint8Array, offset: number): number {
  if (offset === 0) return 0
  if (offset < HEAD_OCTETS || offset >= octets.length) throw malformed('a part lies outside of it')
  return offset
}

function present<Part>(control: number, bit: number, part: Part): Part {
  if ((control & bit) === 0) throw malformed('a list is there that its control bits deny')
  return part
}

function readAcl(octets: Uint8Array, offset: number): Acl {
  if (offset + ACL_HEAD_OCTETS > octets.length) throw malformed('a list is cut off')
  const view = new DataView(octets.buffer, octets.byteOffset + offset, octets.length - offset)
  const revision = view.getUint8(0)
  const size = view.getUint16(2, true)
  const count = view.getUint16(4, true)
  if (!ACL_REVISIONS.includes(revision)) throw malformed(`a list of revision ${revision}`)
  if (size < ACL_HEAD_OCTETS || offset + size > octets.length) throw malformed('a list is cut off')
  const list = octets.subarray(offset, offset + size)
  const aces: Ace[] = []
  let next = ACL_HEAD_OCTETS
  for (let index = 0; index < count; index += 1) {
    const { ace, size: aceSize } = readAce(list.subarray(next))
    aces.push(ace)
    next += aceSize
  }
  return { revision, aces }
}

/**
 * Writes a security descriptor, self-relative: owner, group, SACL and DACL follow the head. MS-DTYP 2.4.6.
 *
 * @param descriptor - What it is to say.
 * @returns Its octets.
 * @throws RangeError for a list that does not fit 65 535 octets; DirectoryError for something that is no SID.
 */
export function encodeSecurityDescriptor(descriptor: SecurityDescriptor): Uint8Array {
  const { control, owner, group, sacl, dacl } = descriptor
  const parts = [
    owner === undefined ? undefined : encodeSid(owner),
    group === undefined ? undefined : encodeSid(group),
    sacl && encodeAcl(sacl),
    dacl && encodeAcl(dacl),
  ]
  const head = Buffer.alloc(HEAD_OCTETS)
  head.writeUInt8(1, 0)
  head.writeUInt16LE(control | SecurityControl.selfRelative, 2)
  let offset = HEAD_OCTETS
  parts.forEach((part, index) => {
    head.writeUInt32LE(part === undefined ? 0 : offset, 4 + 4 * index)
    offset += part?.length ?? 0
  })
  return Buffer.concat([head, ...parts.filter((part) => part !== undefined)])
}

function encodeAcl({ revision, aces }: Acl): Uint8Array {
  const body = Buffer.concat(aces.map(encodeAce))
  const head = Buffer.alloc(ACL_HEAD_OCTETS)
  head.writeUInt8(revision, 0)
  head.writeUInt16LE(ACL_HEAD_OCTETS + body.length, 2)
  head.writeUInt16LE(aces.length, 4)
  return Buffer.concat([head, body])
}
