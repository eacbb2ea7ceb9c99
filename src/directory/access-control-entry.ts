/**
 * Access control entries: octets and types (MS-DTYP 2.4.4). Octets only.
 *
 *     ACE, little-endian: uint8 AceType, uint8 AceFlags, uint16 AceSize (a multiple of 4), then for the kinds that matter
 *     uint32 Mask; for object ACEs uint32 Flags and, as they say, GUIDs ObjectType and InheritedObjectType; Sid; for
 *     callback ACEs ApplicationData.
 *
 * @module
 */

import { DirectoryError } from './errors.ts'
import { decodeGuid, encodeGuid } from './guid.ts'
import { encodeSid, readSid } from './sid.ts'

/** AceType, MS-DTYP 2.4.4.1, of the kinds that are read in full. */
export const AceType = {
  accessAllowed: 0x00,
  accessDenied: 0x01,
  systemAudit: 0x02,
  accessAllowedObject: 0x05,
  accessDeniedObject: 0x06,
  systemAuditObject: 0x07,
  accessAllowedCallback: 0x09,
  accessDeniedCallback: 0x0a,
  accessAllowedCallbackObject: 0x0b,
  accessDeniedCallbackObject: 0x0c,
  systemAuditCallback: 0x0d,
  systemAuditCallbackObject: 0x0f,
} as const

/** AceFlags, MS-DTYP 2.4.4.1. */
export const AceFlag = { inheritOnly: 0x08 } as const

/** One entry. */
export interface Ace {
  /** AceType; see there. */
  readonly type: number
  /** AceFlags. */
  readonly flags: number
  /** Rights, an unsigned 32-bit number. 0 for a kind we do not know. */
  readonly mask: number
  /** Whom it is about, `S-1-…`; '' for a kind we do not know. */
  readonly sid: string
  /** Object ACEs: the GUID of the attribute, property set or extended right. */
  readonly objectType?: string
  /** Object ACEs: the GUID of the class that inherits it. */
  readonly inheritedObjectType?: string
  /** What follows the SID (a condition), or all of an entry of a kind we do not know. */
  readonly data?: Uint8Array
}

/** An entry with the room it takes. */
export interface PlacedAce {
  readonly ace: Ace
  /** Octets. */
  readonly size: number
}

const HEAD_OCTETS = 4
const OBJECT_TYPE_PRESENT = 1
const INHERITED_OBJECT_TYPE_PRESENT = 2
const GUID_OCTETS = 16

const KNOWN: ReadonlySet<number> = new Set(Object.values(AceType))
const OBJECT: ReadonlySet<number> = new Set([0x05, 0x06, 0x07, 0x0b, 0x0c, 0x0f])
const CALLBACK: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0f])

function malformed(why: string): DirectoryError {
  return new DirectoryError('ERR_DIRECTORY_REPLY', `not an access control entry: ${why}`)
}

/**
 * Reads the entry that octets begin with. MS-DTYP 2.4.4.1.
 *
 * @param octets - It, and what follows it.
 * @returns The entry and its size.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for octets that are not where they must be.
 */
export function readAce(octets: Uint8Array): PlacedAce {
  if (octets.length < HEAD_OCTETS) throw malformed('it is cut off')
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const size = view.getUint16(2, true)
  if (size < HEAD_OCTETS || size % 4 !== 0 || size > octets.length) {
    throw malformed(`a size of ${size} octets`)
  }
  const head = { type: view.getUint8(0), flags: view.getUint8(1) }
  const body = octets.subarray(HEAD_OCTETS, size)
  if (KNOWN.has(head.type)) return { ace: { ...head, ...readBody(head.type, body) }, size }
  return { ace: { ...head, mask: 0, sid: '', data: Uint8Array.from(body) }, size }
}

function readBody(type: number, body: Uint8Array): Omit<Ace, 'type' | 'flags'> {
  if (body.length < 4) throw malformed('its rights are cut off')
  const mask = new DataView(body.buffer, body.byteOffset, body.length).getUint32(0, true)
  const types = OBJECT.has(type) ? readTypes(body.subarray(4)) : { octets: 0, guids: {} }
  const rest = body.subarray(4 + types.octets)
  const { sid, octets } = readSid(rest)
  const data = rest.subarray(octets)
  if (CALLBACK.has(type)) return { mask, sid, ...types.guids, data: Uint8Array.from(data) }
  if (data.length > 0) throw malformed('something follows its SID')
  return { mask, sid, ...types.guids }
}

type ObjectTypes = Pick<Ace, 'objectType' | 'inheritedObjectType'>

function readTypes(octets: Uint8Array): { readonly octets: number; readonly guids: ObjectTypes } {
  if (octets.length < 4) throw malformed('its flags are cut off')
  const flags = new DataView(octets.buffer, octets.byteOffset, octets.length).getUint32(0, true)
  const own = (flags & OBJECT_TYPE_PRESENT) === 0 ? 0 : GUID_OCTETS
  const inherited = (flags & INHERITED_OBJECT_TYPE_PRESENT) === 0 ? 0 : GUID_OCTETS
  if (flags > 3 || octets.length < 4 + own + inherited) throw malformed('its object types')
  return {
    octets: 4 + own + inherited,
    guids: {
      ...(own > 0 && { objectType: decodeGuid(octets.subarray(4, 4 + own)) }),
      ...(inherited > 0 && {
        inheritedObjectType: decodeGuid(octets.subarray(4 + own, 4 + own + inherited)),
      }),
    },
  }
}

/**
 * Writes an entry. MS-DTYP 2.4.4.1.
 *
 * @param ace - What it is to say.
 * @returns Its octets.
 * @throws RangeError for an entry that does not fit 65 535 octets, or whose size is no multiple of 4.
 */
export function encodeAce(ace: Ace): Uint8Array {
  const body = KNOWN.has(ace.type) ? encodeBody(ace) : (ace.data ?? new Uint8Array())
  const size = HEAD_OCTETS + body.length
  if (size % 4 !== 0) throw new RangeError(`an access control entry of ${size} octets`)
  const head = Buffer.alloc(HEAD_OCTETS)
  head.writeUInt8(ace.type, 0)
  head.writeUInt8(ace.flags, 1)
  head.writeUInt16LE(size, 2)
  return Buffer.concat([head, body])
}

function encodeBody(ace: Ace): Uint8Array {
  const mask = Buffer.alloc(4)
  mask.writeUInt32LE(ace.mask)
  const types = OBJECT.has(ace.type) ? encodeTypes(ace) : new Uint8Array()
  return Buffer.concat([mask, types, encodeSid(ace.sid), ace.data ?? new Uint8Array()])
}

function encodeTypes({ objectType, inheritedObjectType }: ObjectTypes): Uint8Array {
  const flags = Buffer.alloc(4)
  const own = objectType === undefined ? 0 : OBJECT_TYPE_PRESENT
  const inherited = inheritedObjectType === undefined ? 0 : INHERITED_OBJECT_TYPE_PRESENT
  flags.writeUInt32LE(own | inherited)
  const guids = [objectType, inheritedObjectType].filter((guid) => guid !== undefined)
  return Buffer.concat([flags, ...guids.map(encodeGuid)])
}
