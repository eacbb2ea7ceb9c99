/**
 * Trusts: trustedDomain objects (MS-ADTS 6.1.6.7).
 *
 * @module
 */

import { onlyOctets, onlyText, type DirectoryEntry } from './search.ts'
import { decodeSid } from './sid.ts'

/** A trust with another domain, forest or realm. */
export interface Trust {
  /** DNS name of the other side, or a realm. */
  readonly partner: string
  readonly flatName?: string
  readonly sid?: string
  /** Seen from here: `inbound`, they trust us and our users may go there; `outbound`, we trust them. */
  readonly direction: 'disabled' | 'inbound' | 'outbound' | 'both'
  /** `realm` is a Kerberos realm that is no Windows domain. */
  readonly type: 'downlevel' | 'uplevel' | 'realm' | 'other'
  readonly forest: boolean
  readonly withinForest: boolean
  /** TRUST_ATTRIBUTE_CROSS_ORGANIZATION: users must be allowed to authenticate to each server. */
  readonly selectiveAuthentication: boolean
  /** TRUST_ATTRIBUTE_QUARANTINED_DOMAIN: SIDs of other domains are filtered. */
  readonly sidFiltering: boolean
  /** Whether ticket-granting tickets may be forwarded across it (unconstrained delegation). */
  readonly tgtDelegation: boolean
}

/** Text attributes a trust is made from. */
export const TRUST_TEXT: readonly string[] = [
  'trustPartner',
  'flatName',
  'trustDirection',
  'trustType',
  'trustAttributes',
]
/** Binary attributes a trust is made from. */
export const TRUST_BINARY: readonly string[] = ['securityIdentifier']

/** trustAttributes, MS-ADTS 6.1.6.7.9. */
const Attribute = {
  quarantined: 0x4,
  forestTransitive: 0x8,
  crossOrganization: 0x10,
  withinForest: 0x20,
  noTgtDelegation: 0x200,
  enableTgtDelegation: 0x800,
} as const

const DIRECTIONS = ['disabled', 'inbound', 'outbound', 'both'] as const
const TYPES = ['other', 'downlevel', 'uplevel', 'realm'] as const

/**
 * Reads an entry.
 *
 * @param entry - With the attributes of TRUST_TEXT and TRUST_BINARY.
 * @returns The trust.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for a SID that is none.
 */
export function trustOf(entry: DirectoryEntry): Trust {
  const number = (name: string): number => Number(onlyText(entry, name) ?? 0)
  const attributes = number('trustAttributes')
  const has = (bit: number): boolean => (attributes & bit) !== 0
  const flatName = onlyText(entry, 'flatName')
  const sid = onlyOctets(entry, 'securityIdentifier')
  return {
    partner: onlyText(entry, 'trustPartner') ?? entry.distinguishedName,
    ...(flatName !== undefined && { flatName }),
    ...(sid !== undefined && { sid: decodeSid(sid) }),
    direction: DIRECTIONS[number('trustDirection') & 3] ?? 'disabled',
    type: TYPES[number('trustType')] ?? 'other',
    forest: has(Attribute.forestTransitive),
    withinForest: has(Attribute.withinForest),
    selectiveAuthentication: has(Attribute.crossOrganization),
    sidFiltering: has(Attribute.quarantined),
    tgtDelegation: mayForwardTgts(has),
  }
}

/** Within a forest always; across forests since 2019 only where it is allowed. */
function mayForwardTgts(has: (bit: number) => boolean): boolean {
  if (has(Attribute.withinForest)) return true
  if (has(Attribute.noTgtDelegation)) return false
  return has(Attribute.enableTgtDelegation)
}
