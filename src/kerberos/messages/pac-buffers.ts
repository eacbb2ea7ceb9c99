/**
 * PACTYPE (MS-PAC 2.3, 2.4): where the buffers of a PAC are.
 *
 * ```
 * PACTYPE  = uint32 cBuffers, uint32 Version (0), cBuffers × PAC_INFO_BUFFER, then the buffers, each at a multiple of 8
 * PAC_INFO_BUFFER = uint32 ulType, uint32 cbBufferSize, uint64 Offset          (all little-endian)
 * ```
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { NdrReader } from './pac-ndr.ts'

/** ulType of a PAC_INFO_BUFFER (MS-PAC 2.4). */
export const PacBufferType = {
  LOGON_INFO: 1,
  CREDENTIALS_INFO: 2,
  SERVER_CHECKSUM: 6,
  KDC_CHECKSUM: 7,
  CLIENT_INFO: 10,
  DELEGATION_INFO: 11,
  UPN_DNS_INFO: 12,
  CLIENT_CLAIMS_INFO: 13,
  DEVICE_INFO: 14,
  DEVICE_CLAIMS_INFO: 15,
  TICKET_CHECKSUM: 16,
  ATTRIBUTES_INFO: 17,
  REQUESTOR: 18,
  FULL_CHECKSUM: 19,
} as const

const MAX_BUFFERS = 64
const HEADER_OCTETS = 8
const BUFFER_ALIGNMENT = 8
const INFO_BUFFER_OCTETS = 16

/** The buffers of a PAC by their type, views of the input. */
export type PacBuffers = ReadonlyMap<number, Uint8Array>

/**
 * Finds the buffers.
 *
 * @param octets - The PAC.
 * @returns Every buffer, of known types and others.
 * @throws KerberosError ERR_KRB_DECODE for another version, too many, doubled, overlapping, misaligned or cut off buffers.
 */
export function readBuffers(octets: Uint8Array): PacBuffers {
  const header = new NdrReader(octets, 'PAC')
  const count = header.uint32()
  if (header.uint32() !== 0) throw header.fail('a version other than 0')
  if (count > MAX_BUFFERS) throw header.fail(`${count} buffers, at most ${MAX_BUFFERS} are read`)
  const buffers = new Map<number, Uint8Array>()
  let least = HEADER_OCTETS + count * INFO_BUFFER_OCTETS
  const places = Array.from({ length: count }, () => {
    const [type, size, offset] = [header.uint32(), header.uint32(), header.uint64()]
    return { type, size, offset }
  })
  for (const { type, size, offset } of places.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < least || offset % BUFFER_ALIGNMENT !== 0) {
      throw header.fail(`the buffer of type ${type} is misplaced`)
    }
    if (buffers.has(type)) throw header.fail(`two buffers of type ${type}`)
    buffers.set(type, header.stretch(offset, size))
    least = offset + size
  }
  return buffers
}

/**
 * Reads one buffer.
 *
 * @param buffers - All of them.
 * @param type - {@link PacBufferType}.
 * @param read - Reads it.
 * @returns What `read` returned; undefined where there is no such buffer.
 */
export function optionalBuffer<T>(
  buffers: PacBuffers,
  type: number,
  read: (octets: Uint8Array) => T,
): T | undefined {
  const buffer = buffers.get(type)
  return buffer === undefined ? undefined : read(buffer)
}

/**
 * Reads one buffer that every PAC must have.
 *
 * @param buffers - All of them.
 * @param wanted - {@link PacBufferType} and what the error calls it.
 * @param read - Reads it.
 * @returns What `read` returned.
 * @throws KerberosError ERR_KRB_DECODE where there is no such buffer.
 */
export function requiredBuffer<T>(
  buffers: PacBuffers,
  [type, name]: readonly [number, string],
  read: (octets: Uint8Array) => T,
): T {
  const buffer = buffers.get(type)
  if (buffer === undefined) throw new KerberosError('ERR_KRB_DECODE', `PAC: no ${name}`)
  return read(buffer)
}
