/**
 * The Privilege Attribute Certificate (MS-PAC): what a KDC of Active Directory says in a ticket about its client.
 *
 * ```
 * PACTYPE  = uint32 cBuffers, uint32 Version (0), cBuffers × PAC_INFO_BUFFER, then the buffers, each at a multiple of 8
 * PAC_INFO_BUFFER = uint32 ulType, uint32 cbBufferSize, uint64 Offset          (all little-endian)
 * ```
 *
 * Decoding proves nothing: the server signature over `octetsForServerChecksum` must be checked with the service's key
 * (key usage 17) before anything in here is believed.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { ChecksumType } from '../iana/index.ts'
import { decodeLogonInfo, type PacLogonInfo } from './pac-logon-info.ts'
import { NdrReader } from './pac-ndr.ts'

export type { PacLogonInfo } from './pac-logon-info.ts'

/** ulType of a PAC_INFO_BUFFER (MS-PAC 2.4). */
const PacBufferType = {
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

/** PAC_SIGNATURE_DATA (MS-PAC 2.8). */
export interface PacSignature {
  /** Checksum type: 15, 16 or -138. */
  readonly type: number
  /** The keyed checksum. */
  readonly mac: Uint8Array
}

/** PAC_CLIENT_INFO (MS-PAC 2.7). */
export interface PacClientInfo {
  /** The ticket's authtime, milliseconds since the epoch. */
  readonly authTimeMs: number
  /** The client's name as text, without the realm for a client of the KDC's own domain. */
  readonly name: string
}

/** UPN_DNS_INFO (MS-PAC 2.10). */
export interface PacUpnDnsInfo {
  /** The account's user principal name. */
  readonly upn: string
  /** DNS name of the account's domain. */
  readonly dnsDomainName: string
  /** True where the account has no UPN of its own, and this one was made up from its name. */
  readonly upnIsMadeUp: boolean
  /** The account's sAMAccountName, where the KDC says it. */
  readonly samName?: string
  /** The account's SID, where the KDC says it. */
  readonly sid?: string
}

/** A decoded PAC. Octets are views of the input. */
export interface Pac {
  /** The account and its groups. */
  readonly logonInfo: PacLogonInfo
  /** The name in the ticket and when it was authenticated. */
  readonly clientInfo: PacClientInfo
  /** UPN and more, from KDCs that say it. */
  readonly upnDnsInfo: PacUpnDnsInfo | undefined
  /** Signed with the key of the service the ticket is for. */
  readonly serverChecksum: PacSignature
  /** Signed with the KDC's key, over the server's signature; only a KDC can check it. */
  readonly kdcChecksum: PacSignature
  /** Signed with the KDC's key, over the ticket; only a KDC can check it. */
  readonly ticketChecksum: PacSignature | undefined
  /** Signed with the KDC's key, over the whole PAC; only a KDC can check it. */
  readonly fullChecksum: PacSignature | undefined
  /** The PAC with server and KDC signature set to zero (MS-PAC 2.8.1): what the server signature is over. */
  readonly octetsForServerChecksum: Uint8Array
}

/** How much a PAC may hold. */
export interface PacLimits {
  /** Largest PAC, octets. Default 256 KiB; Windows stops at 64 KiB of ticket. */
  readonly maxOctets?: number
}

const DEFAULT_MAX_OCTETS = 262_144
const MAX_BUFFERS = 64
const BUFFER_ALIGNMENT = 8
const INFO_BUFFER_OCTETS = 16

/** Length of the signature by its type; the buffer may go on with an RODC identifier (MS-PAC 2.8). */
const MAC_OCTETS: ReadonlyMap<number, number> = new Map<number, number>([
  [ChecksumType.HMAC_SHA1_96_AES128, 12],
  [ChecksumType.HMAC_SHA1_96_AES256, 12],
  [ChecksumType.HMAC_SHA256_128_AES128, 16],
  [ChecksumType.HMAC_SHA384_192_AES256, 24],
  [ChecksumType.HMAC_MD5, 16],
])

/** UPN_DNS_INFO flags. */
const UPN_IS_MADE_UP = 1
const HAS_SAM_NAME_AND_SID = 2

type Buffers = ReadonlyMap<number, Uint8Array>

function readBuffers(octets: Uint8Array): Buffers {
  const header = new NdrReader(octets, 'PAC')
  const count = header.uint32()
  if (header.uint32() !== 0) throw header.fail('a version other than 0')
  if (count > MAX_BUFFERS) throw header.fail(`${count} buffers, at most ${MAX_BUFFERS} are read`)
  const buffers = new Map<number, Uint8Array>()
  let least = 8 + count * INFO_BUFFER_OCTETS
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

function required(buffers: Buffers, type: number, name: string): Uint8Array {
  const buffer = buffers.get(type)
  if (buffer === undefined) throw new KerberosError('ERR_KRB_DECODE', `PAC: no ${name}`)
  return buffer
}

function decodeSignature(octets: Uint8Array): PacSignature {
  const reader = new NdrReader(octets, 'PAC.PAC_SIGNATURE_DATA')
  const type = reader.int32()
  return { type, mac: reader.take(MAC_OCTETS.get(type) ?? reader.left) }
}

function optionalSignature(buffers: Buffers, type: number): PacSignature | undefined {
  const buffer = buffers.get(type)
  return buffer === undefined ? undefined : decodeSignature(buffer)
}

function decodeClientInfo(octets: Uint8Array): PacClientInfo {
  const reader = new NdrReader(octets, 'PAC.PAC_CLIENT_INFO')
  const authTimeMs = reader.fileTimeMs()
  const name = reader.utf16(reader.take(reader.uint16()))
  return { authTimeMs, name }
}

function decodeUpnDnsInfo(octets: Uint8Array): PacUpnDnsInfo {
  const reader = new NdrReader(octets, 'PAC.UPN_DNS_INFO')
  const place = () => {
    const [size, offset] = [reader.uint16(), reader.uint16()]
    return reader.stretch(offset, size)
  }
  const upn = reader.utf16(place())
  const dnsDomainName = reader.utf16(place())
  const flags = reader.uint32()
  const info = { upn, dnsDomainName, upnIsMadeUp: (flags & UPN_IS_MADE_UP) !== 0 }
  if ((flags & HAS_SAM_NAME_AND_SID) === 0) return info
  const samName = reader.utf16(place())
  return { ...info, samName, sid: new NdrReader(place(), 'PAC.UPN_DNS_INFO.Sid').sid() }
}

/** A copy with some signatures set to zero. */
function withoutSignatures(octets: Uint8Array, signatures: readonly PacSignature[]): Uint8Array {
  const copy = new Uint8Array(octets)
  for (const { mac } of signatures) {
    const from = mac.byteOffset - octets.byteOffset
    copy.fill(0, from, from + mac.length)
  }
  return copy
}

/**
 * Decodes a PAC: the ad-data of AD-WIN2K-PAC (type 128), inside AD-IF-RELEVANT.
 *
 * @param octets - The PAC and nothing else.
 * @param limits - How much is read at most.
 * @returns The PAC. Nothing in it is proven before the server signature was checked.
 * @throws KerberosError ERR_KRB_DECODE for anything malformed, or without logon information, client information, server
 *   or KDC signature.
 */
export function decodePac(octets: Uint8Array, limits: PacLimits = {}): Pac {
  const most = limits.maxOctets ?? DEFAULT_MAX_OCTETS
  if (octets.length > most) {
    throw new KerberosError(
      'ERR_KRB_DECODE',
      `PAC: ${octets.length} octets, at most ${most} are read`,
    )
  }
  const buffers = readBuffers(octets)
  const upnDnsInfo = buffers.get(PacBufferType.UPN_DNS_INFO)
  const serverChecksum = decodeSignature(
    required(buffers, PacBufferType.SERVER_CHECKSUM, 'server signature'),
  )
  const kdcChecksum = decodeSignature(
    required(buffers, PacBufferType.KDC_CHECKSUM, 'KDC signature'),
  )
  return {
    logonInfo: decodeLogonInfo(required(buffers, PacBufferType.LOGON_INFO, 'logon information')),
    clientInfo: decodeClientInfo(
      required(buffers, PacBufferType.CLIENT_INFO, 'client information'),
    ),
    upnDnsInfo: upnDnsInfo === undefined ? undefined : decodeUpnDnsInfo(upnDnsInfo),
    serverChecksum,
    kdcChecksum,
    ticketChecksum: optionalSignature(buffers, PacBufferType.TICKET_CHECKSUM),
    fullChecksum: optionalSignature(buffers, PacBufferType.FULL_CHECKSUM),
    octetsForServerChecksum: withoutSignatures(octets, [serverChecksum, kdcChecksum]),
  }
}
