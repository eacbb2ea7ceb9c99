/**
 * KERB_VALIDATION_INFO (MS-PAC 2.5), marshalled by NDR behind the headers of type serialization 1 (MS-RPCE 2.2.6).
 *
 * What names the account and its groups is kept, the rest is stepped over.
 *
 * @module
 */

import { NdrReader, type StringHeader } from './pac-ndr.ts'

/** Who the ticket is for, and the groups. */
export interface PacLogonInfo {
  /** The account's name, its sAMAccountName. */
  readonly effectiveName: string
  /** NetBIOS name of the account's domain. */
  readonly logonDomainName: string
  /** SID of the account's domain, `S-1-5-21-…`. */
  readonly logonDomainSid: string
  /** SID of the account. */
  readonly userSid: string
  /** SIDs of all groups: those of the domain, of other domains and of the resource domain. */
  readonly groupSids: readonly string[]
  /** USER_… bits (MS-SAMR 2.2.1.12), not the UF_… bits of LDAP. */
  readonly userAccountControl: number
}

/** Octets of six FILETIMEs: logon, logoff, kick-off, three of the password. */
const TIMES_OCTETS = 48
const SESSION_KEY_OCTETS = 16
/** LogonCount and BadPasswordCount. */
const COUNTS_OCTETS = 4
/** SubAuthStatus, two FILETIMEs, FailedILogonCount, Reserved3. */
const AFTER_CONTROL_OCTETS = 28
const GROUP_OCTETS = 8
const RESERVED1_OCTETS = 8
/** MS-RPCE 2.2.6.1: version 1, little-endian (0x10), 8 octets of header. */
const COMMON_HEADER = 0x00081001

/** The fixed part, in the order of its fields. */
interface FixedPart {
  readonly names: readonly StringHeader[]
  readonly userId: number
  readonly groups: Announced
  readonly domainNames: readonly [server: StringHeader, domain: StringHeader]
  readonly hasDomainSid: boolean
  readonly userAccountControl: number
  readonly extraSids: Announced
  readonly hasResourceDomainSid: boolean
  readonly resourceGroups: Announced
}

/** An array that follows later. */
interface Announced {
  readonly count: number
  readonly present: boolean
}

function announced(ndr: NdrReader): Announced {
  return { count: ndr.uint32(), present: ndr.pointer() }
}

function readHeaders(ndr: NdrReader): void {
  if (ndr.uint32() !== COMMON_HEADER) throw ndr.fail('not NDR version 1, little-endian')
  ndr.skip(4)
  const octets = ndr.uint32()
  ndr.skip(4)
  if (octets > ndr.left) throw ndr.fail(`${octets} octets are announced, ${ndr.left} are there`)
  if (!ndr.pointer()) throw ndr.fail('no KERB_VALIDATION_INFO')
}

function readFixedPart(ndr: NdrReader): FixedPart {
  ndr.skip(TIMES_OCTETS)
  const names = Array.from({ length: 6 }, () => ndr.stringHeader())
  ndr.skip(COUNTS_OCTETS)
  const userId = ndr.uint32()
  ndr.uint32() // PrimaryGroupId; the group is in GroupIds too.
  const groups = announced(ndr)
  ndr.uint32() // UserFlags
  ndr.skip(SESSION_KEY_OCTETS)
  const domainNames = [ndr.stringHeader(), ndr.stringHeader()] as const
  const hasDomainSid = ndr.pointer()
  ndr.skip(RESERVED1_OCTETS)
  const userAccountControl = ndr.uint32()
  ndr.skip(AFTER_CONTROL_OCTETS)
  const extraSids = announced(ndr)
  const hasResourceDomainSid = ndr.pointer()
  const resourceGroups = announced(ndr)
  return {
    ...{ names, userId, groups, domainNames, hasDomainSid, userAccountControl },
    ...{ extraSids, hasResourceDomainSid, resourceGroups },
  }
}

/** An array of GROUP_MEMBERSHIP: relative identifiers and attributes. */
function readGroups(ndr: NdrReader, { count, present }: Announced): number[] {
  if (!present) return []
  ndr.arrayCount(count, GROUP_OCTETS)
  return Array.from({ length: count }, () => {
    const relativeId = ndr.uint32()
    ndr.uint32() // Attributes
    return relativeId
  })
}

/** An array of KERB_SID_AND_ATTRIBUTES: pointers and attributes first, then the SIDs. */
function readExtraSids(ndr: NdrReader, { count, present }: Announced): string[] {
  if (!present) return []
  ndr.arrayCount(count, GROUP_OCTETS)
  for (let i = 0; i < count; i++) {
    if (!ndr.pointer()) throw ndr.fail('an extra SID is missing')
    ndr.uint32() // Attributes
  }
  return Array.from({ length: count }, () => ndr.rpcSid())
}

function inDomain(domainSid: string | undefined, relativeIds: readonly number[]): string[] {
  return domainSid === undefined ? [] : relativeIds.map((id) => `${domainSid}-${id}`)
}

/**
 * Reads KERB_VALIDATION_INFO.
 *
 * @param octets - The PAC buffer. What follows the structure within it is ignored (padding).
 * @returns The account and its groups.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeLogonInfo(octets: Uint8Array): PacLogonInfo {
  const ndr = new NdrReader(octets, 'PAC.KERB_VALIDATION_INFO')
  readHeaders(ndr)
  const fixed = readFixedPart(ndr)
  const [effectiveName = ''] = fixed.names.map((header) => ndr.stringBody(header))
  const groupIds = readGroups(ndr, fixed.groups)
  const [, logonDomainName] = fixed.domainNames.map((header) => ndr.stringBody(header))
  if (!fixed.hasDomainSid) throw ndr.fail('no LogonDomainId')
  const logonDomainSid = ndr.rpcSid()
  const extraSids = readExtraSids(ndr, fixed.extraSids)
  const resourceDomainSid = fixed.hasResourceDomainSid ? ndr.rpcSid() : undefined
  const resourceIds = readGroups(ndr, fixed.resourceGroups)
  const account = accountSid(fixed.userId, logonDomainSid, extraSids)
  if (account.userSid === undefined) throw ndr.fail('neither UserId nor a SID names the account')
  return {
    effectiveName,
    logonDomainName: logonDomainName ?? '',
    logonDomainSid,
    userSid: account.userSid,
    groupSids: [
      ...inDomain(logonDomainSid, groupIds),
      ...account.groupSids,
      ...inDomain(resourceDomainSid, resourceIds),
    ],
    userAccountControl: fixed.userAccountControl,
  }
}

/** MS-PAC 2.5, UserId: where it is 0, the first extra SID is the account's. */
function accountSid(
  userId: number,
  domainSid: string,
  extraSids: readonly string[],
): { readonly userSid: string | undefined; readonly groupSids: readonly string[] } {
  if (userId !== 0) return { userSid: `${domainSid}-${userId}`, groupSids: extraSids }
  return { userSid: extraSids[0], groupSids: extraSids.slice(1) }
}
