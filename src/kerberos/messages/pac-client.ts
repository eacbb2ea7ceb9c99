/**
 * The buffers of a PAC that tell about its client in a few fields: PAC_CLIENT_INFO (MS-PAC 2.7), UPN_DNS_INFO (2.10),
 * PAC_ATTRIBUTES_INFO (2.14) and PAC_REQUESTOR (2.15).
 *
 * ```
 * PAC_CLIENT_INFO     = FILETIME ClientId, uint16 NameLength, Name
 * UPN_DNS_INFO        = 2 × (uint16 length, uint16 offset), uint32 Flags, [2 × (uint16 length, uint16 offset)], texts
 * PAC_ATTRIBUTES_INFO = uint32 FlagsLength (bits), uint32 Flags …
 * PAC_REQUESTOR       = SID
 * ```
 *
 * @module
 */

import { NdrReader } from './pac-ndr.ts'

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

/** PAC_ATTRIBUTES_INFO (MS-PAC 2.14): only tickets for KDCs carry it. */
export interface PacAttributes {
  /** The client asked for a PAC. */
  readonly pacWasRequested: boolean
  /** The client said nothing, and got one. */
  readonly pacWasGivenImplicitly: boolean
}

/** UPN_DNS_INFO flags. */
const UPN_IS_MADE_UP = 1
const HAS_SAM_NAME_AND_SID = 2

const PAC_WAS_REQUESTED = 1
const PAC_WAS_GIVEN_IMPLICITLY = 2
/** Bits of flags that MS-PAC 2.14 defines; more of them may be announced. */
const LEAST_ATTRIBUTE_BITS = 2

/**
 * Reads PAC_CLIENT_INFO.
 *
 * @param octets - The PAC buffer.
 * @returns Name and time.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeClientInfo(octets: Uint8Array): PacClientInfo {
  const reader = new NdrReader(octets, 'PAC.PAC_CLIENT_INFO')
  const authTimeMs = reader.fileTimeMs()
  const name = reader.utf16(reader.take(reader.uint16()))
  reader.finish()
  return { authTimeMs, name }
}

/**
 * Reads UPN_DNS_INFO.
 *
 * @param octets - The PAC buffer.
 * @returns Names, and the SID where the KDC says it.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeUpnDnsInfo(octets: Uint8Array): PacUpnDnsInfo {
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
  return { ...info, samName, sid: wholeSid(place(), 'PAC.UPN_DNS_INFO.Sid') }
}

/**
 * Reads PAC_ATTRIBUTES_INFO.
 *
 * @param octets - The PAC buffer.
 * @returns The flags; those we do not know are left out.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeAttributes(octets: Uint8Array): PacAttributes {
  const reader = new NdrReader(octets, 'PAC.PAC_ATTRIBUTES_INFO')
  const bits = reader.uint32()
  if (bits < LEAST_ATTRIBUTE_BITS) throw reader.fail(`${bits} bits of flags`)
  const flags = reader.uint32()
  reader.skip((Math.ceil(bits / 32) - 1) * 4)
  reader.finish()
  return {
    pacWasRequested: (flags & PAC_WAS_REQUESTED) !== 0,
    pacWasGivenImplicitly: (flags & PAC_WAS_GIVEN_IMPLICITLY) !== 0,
  }
}

/**
 * Reads PAC_REQUESTOR.
 *
 * @param octets - The PAC buffer.
 * @returns The SID of who asked for the ticket.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeRequestor(octets: Uint8Array): string {
  return wholeSid(octets, 'PAC.PAC_REQUESTOR')
}

function wholeSid(octets: Uint8Array, name: string): string {
  const reader = new NdrReader(octets, name)
  const sid = reader.sid()
  reader.finish()
  return sid
}
