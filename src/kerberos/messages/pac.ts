/**
 * The Privilege Attribute Certificate (MS-PAC): what a KDC says in a ticket about its client.
 *
 * Decoding proves nothing: the server signature over `octetsForServerChecksum` must be checked with the service's key
 * (key usage 17) before anything in here is believed.
 *
 * @module
 */

import { needOctets } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { optionalBuffer, PacBufferType, readBuffers, requiredBuffer } from './pac-buffers.ts'
import {
  decodeAttributes,
  decodeClientInfo,
  decodeRequestor,
  decodeUpnDnsInfo,
  type PacAttributes,
  type PacClientInfo,
  type PacUpnDnsInfo,
} from './pac-client.ts'
import { decodeDelegationInfo, type PacDelegationInfo } from './pac-delegation-info.ts'
import { decodeLogonInfo, type PacLogonInfo } from './pac-logon-info.ts'
import { decodeSignature, withoutSignatures, type PacSignature } from './pac-signature.ts'

export type { PacAttributes, PacClientInfo, PacUpnDnsInfo } from './pac-client.ts'
export type { PacDelegationInfo } from './pac-delegation-info.ts'
export type { PacGroup, PacLogonInfo, PacTimes } from './pac-logon-info.ts'
export type { PacSignature } from './pac-signature.ts'

/** A decoded PAC of any KDC. Octets are views of the input. */
export interface AnyPac {
  /** The account and its groups; MIT krb5 without a directory behind it says nothing of them. */
  readonly logonInfo: PacLogonInfo | undefined
  /** The name in the ticket and when it was authenticated. */
  readonly clientInfo: PacClientInfo
  /** UPN and more, from KDCs that say it. */
  readonly upnDnsInfo: PacUpnDnsInfo | undefined
  /** Through which services the ticket came, where it was delegated. */
  readonly delegationInfo: PacDelegationInfo | undefined
  /** Whether the client asked for a PAC; in tickets for KDCs. */
  readonly attributes: PacAttributes | undefined
  /** SID of who asked for the ticket; in tickets for KDCs, and where Samba leaves it in others. */
  readonly requestorSid: string | undefined
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
  /** The PAC with server, KDC and full signature set to zero (MS-PAC 2.8.4): what the full signature is over. */
  readonly octetsForFullChecksum: Uint8Array
  /** Buffers that are not read here (claims, device, credentials), by their type. */
  readonly otherBuffers: ReadonlyMap<number, Uint8Array>
}

/** A decoded PAC of a KDC with accounts behind it, such as Active Directory's. */
export interface Pac extends AnyPac {
  /** The account and its groups. */
  readonly logonInfo: PacLogonInfo
}

/** How much a PAC may hold. */
export interface PacLimits {
  /** Largest PAC, octets. Default 256 KiB; Windows stops at 64 KiB of ticket. */
  readonly maxOctets?: number | undefined
}

const DEFAULT_MAX_OCTETS = 262_144

const READ_HERE: ReadonlySet<number> = new Set<number>([
  PacBufferType.LOGON_INFO,
  PacBufferType.SERVER_CHECKSUM,
  PacBufferType.KDC_CHECKSUM,
  PacBufferType.CLIENT_INFO,
  PacBufferType.DELEGATION_INFO,
  PacBufferType.UPN_DNS_INFO,
  PacBufferType.TICKET_CHECKSUM,
  PacBufferType.ATTRIBUTES_INFO,
  PacBufferType.REQUESTOR,
  PacBufferType.FULL_CHECKSUM,
])

/**
 * Decodes a PAC of Active Directory: the ad-data of AD-WIN2K-PAC (type 128), inside AD-IF-RELEVANT.
 *
 * @param octets - The PAC and nothing else.
 * @param limits - How much is read at most.
 * @returns The PAC. Nothing in it is proven before the server signature was checked.
 * @throws KerberosError ERR_KRB_DECODE for anything malformed, or without logon information, client information, server
 *   or KDC signature.
 */
export function decodePac(octets: Uint8Array, limits: PacLimits = {}): Pac {
  const pac = decodeAnyPac(octets, limits)
  const { logonInfo } = pac
  if (logonInfo === undefined) {
    throw new KerberosError('ERR_KRB_DECODE', 'PAC: no logon information')
  }
  return { ...pac, logonInfo }
}

/**
 * Decodes a PAC of any KDC: MIT krb5 leaves logon information out where no directory is behind it.
 *
 * @param octets - The PAC and nothing else.
 * @param limits - How much is read at most.
 * @returns The PAC. Nothing in it is proven before the server signature was checked.
 * @throws KerberosError ERR_KRB_DECODE for anything malformed, or without client information, server or KDC signature.
 */
export function decodeAnyPac(octets: Uint8Array, limits: PacLimits = {}): AnyPac {
  needOctets('octets', octets)
  const most = limits.maxOctets ?? DEFAULT_MAX_OCTETS
  if (octets.length > most) {
    const what = `PAC: ${octets.length} octets, at most ${most} are read`
    throw new KerberosError('ERR_KRB_DECODE', what)
  }
  const buffers = readBuffers(octets)
  const optional = <T>(type: number, read: (buffer: Uint8Array) => T): T | undefined =>
    optionalBuffer(buffers, type, read)
  const signature = (type: number, name: string): PacSignature =>
    requiredBuffer(buffers, [type, name], decodeSignature)
  const serverChecksum = signature(PacBufferType.SERVER_CHECKSUM, 'server signature')
  const kdcChecksum = signature(PacBufferType.KDC_CHECKSUM, 'KDC signature')
  const fullChecksum = optional(PacBufferType.FULL_CHECKSUM, decodeSignature)
  const clientInfo = [PacBufferType.CLIENT_INFO, 'client information'] as const
  return {
    logonInfo: optional(PacBufferType.LOGON_INFO, decodeLogonInfo),
    clientInfo: requiredBuffer(buffers, clientInfo, decodeClientInfo),
    upnDnsInfo: optional(PacBufferType.UPN_DNS_INFO, decodeUpnDnsInfo),
    delegationInfo: optional(PacBufferType.DELEGATION_INFO, decodeDelegationInfo),
    attributes: optional(PacBufferType.ATTRIBUTES_INFO, decodeAttributes),
    requestorSid: optional(PacBufferType.REQUESTOR, decodeRequestor),
    serverChecksum,
    kdcChecksum,
    ticketChecksum: optional(PacBufferType.TICKET_CHECKSUM, decodeSignature),
    fullChecksum,
    octetsForServerChecksum: withoutSignatures(octets, [serverChecksum, kdcChecksum]),
    octetsForFullChecksum: withoutSignatures(octets, [serverChecksum, kdcChecksum, fullChecksum]),
    otherBuffers: new Map([...buffers].filter(([type]) => !READ_HERE.has(type))),
  }
}
