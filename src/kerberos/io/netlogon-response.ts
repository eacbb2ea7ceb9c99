/**
 * NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9): what a domain controller says of itself, and of the site that the
 * asker's address is in. Little-endian; names as in MS-ADTS 6.3.7.
 *
 *     Opcode (2) Sbz (2) Flags (4) DomainGuid (16) DnsForestName DnsDomainName DnsHostName NetbiosDomainName
 *     NetbiosComputerName UserName DcSiteName ClientSiteName [DcSockAddrSize (1) DcSockAddr] [NextClosestSiteName]
 *     NtVersion (4) LmNtToken (2) Lm20Token (2)
 *
 * @module
 */

import { errorText } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { readDnsName } from './dns-name.ts'

/** Bits of NtVersion (MS-ADTS 6.3.1.1). */
export const NetlogonVersion = {
  /** Answer with a NETLOGON_SAM_LOGON_RESPONSE at least. */
  V5: 0x02,
  /** Answer with a NETLOGON_SAM_LOGON_RESPONSE_EX. */
  V5EX: 0x04,
  /** The server's address is in the answer. */
  WITH_IP: 0x08,
  /** The next closest site is in the answer. */
  WITH_CLOSEST_SITE: 0x10,
} as const

/** Bits of Flags (MS-ADTS 6.3.1.2) that matter to a Kerberos client. */
export const DcFlag = {
  /** A KDC runs on it. */
  KDC: 0x20,
  /** It is in the asker's site. */
  CLOSEST: 0x80,
  /** Its directory can be written: not an RODC. */
  WRITABLE: 0x100,
} as const

/** What a domain controller says. */
export interface NetlogonResponse {
  /** Bits of DcFlag, and others; unsigned 32-bit. */
  readonly flags: number
  readonly dnsForestName: string
  readonly dnsDomainName: string
  /** The domain controller's own name. */
  readonly dnsHostName: string
  /** Where the domain controller is. */
  readonly dcSiteName: string
  /** Where the asker is; empty when no subnet of the directory holds its address. */
  readonly clientSiteName: string
  /** The site that comes next where the asker's has no domain controller. */
  readonly nextClosestSiteName: string | undefined
}

const SAM_LOGON_RESPONSE_EX = 23
const SAM_USER_UNKNOWN_EX = 25
const FIXED_OCTETS = 24
const TRAILER_OCTETS = 8
const MAX_OCTETS = 4096

/**
 * Reads a NETLOGON_SAM_LOGON_RESPONSE_EX.
 *
 * @param octets - The value of the attribute Netlogon and nothing else.
 * @returns What it says.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeNetlogonResponse(octets: Uint8Array): NetlogonResponse {
  try {
    return read(Buffer.from(octets.buffer, octets.byteOffset, octets.length))
  } catch (cause) {
    // A RangeError of Buffer's tells that it is cut off.
    const why = cause instanceof RangeError ? 'cut off' : errorText(cause)
    throw new KerberosError('ERR_KRB_DECODE', `NETLOGON_SAM_LOGON_RESPONSE_EX: ${why}`, { cause })
  }
}

function read(octets: Buffer): NetlogonResponse {
  if (octets.length > MAX_OCTETS) throw new Error(`${octets.length} octets are too many`)
  const opcode = octets.readUInt16LE(0)
  if (opcode !== SAM_LOGON_RESPONSE_EX && opcode !== SAM_USER_UNKNOWN_EX) {
    throw new Error(`the operation ${opcode}`)
  }
  const trailer = octets.length - TRAILER_OCTETS
  const ntVersion = octets.readUInt32LE(trailer)
  if (octets.readUInt32LE(trailer + 4) !== 0xffffffff) throw new Error('other tokens than FFFF')
  const names = new NameReader(octets.subarray(0, trailer), FIXED_OCTETS)
  const [dnsForestName, dnsDomainName, dnsHostName] = [names.next(), names.next(), names.next()]
  // NetbiosDomainName, NetbiosComputerName and UserName say nothing that we need.
  for (let skipped = 0; skipped < 3; skipped++) names.skip()
  const [dcSiteName, clientSiteName] = [names.next(), names.next()]
  if ((ntVersion & NetlogonVersion.WITH_IP) !== 0) names.skipAddress()
  const closest = (ntVersion & NetlogonVersion.WITH_CLOSEST_SITE) !== 0
  const nextClosestSiteName = closest ? names.next() : undefined
  names.finish()
  const flags = octets.readUInt32LE(4)
  const domain = { dnsForestName, dnsDomainName, dnsHostName }
  return { flags, ...domain, dcSiteName, clientSiteName, nextClosestSiteName }
}

/** Reads one name after the other. */
class NameReader {
  readonly #octets: Buffer
  #at: number

  constructor(octets: Buffer, at: number) {
    this.#octets = octets
    this.#at = at
  }

  next(): string {
    return this.skip().map(text).join('.')
  }

  skip(): readonly Buffer[] {
    const { labels, end } = readDnsName(this.#octets, this.#at)
    this.#at = end
    return labels
  }

  skipAddress(): void {
    this.#at += 1 + this.#octets.readUInt8(this.#at)
  }

  finish(): void {
    const left = this.#octets.length - this.#at
    if (left !== 0) throw new Error(left > 0 ? `${left} octets are left over` : 'cut off')
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function text(label: Buffer): string {
  const read = decoder.decode(label)
  // Names go into DNS questions and log lines.
  if (/[\p{Cc}\p{Cs}.]/u.test(read)) throw new Error('a name that is not plain text')
  return read
}
