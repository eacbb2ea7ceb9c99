/**
 * KERB_VALIDATION_INFO (MS-PAC 2.5), marshalled by NDR behind the headers of type serialization 1 (MS-RPCE 2.2.6).
 *
 * What tells about the account and its groups is kept; the user session key, which Kerberos leaves zero, and reserved
 * fields are stepped over.
 *
 * @module
 */

import { NdrReader, type StringHeader } from './pac-ndr.ts'

/** A group the account is in. */
export interface PacGroup {
  /** `S-1-…` */
  readonly sid: string
  /** SE_GROUP_… bits (MS-PAC 2.2.1); 7 is "mandatory, enabled by default, enabled". */
  readonly attributes: number
  /** Where the PAC says it: GroupIds, ExtraSids or ResourceGroupIds. */
  readonly origin: 'domain' | 'extra' | 'resource'
}

/** Times of an account, milliseconds since the epoch; absent where they are not set or never. */
export interface PacTimes {
  /** Last sign-in. */
  readonly logonMs: number | undefined
  /** When the session ends. */
  readonly logoffMs: number | undefined
  /** When the user is to be put out. */
  readonly kickOffMs: number | undefined
  /** When the password was set. */
  readonly passwordSetMs: number | undefined
  /** From when on it may be changed. */
  readonly passwordCanChangeMs: number | undefined
  /** When it must have been changed. */
  readonly passwordMustChangeMs: number | undefined
}

/** Who the ticket is for, and the groups. */
export interface PacLogonInfo {
  /** The account's name, its sAMAccountName. */
  readonly effectiveName: string
  /** The display name; often empty. */
  readonly fullName: string
  /** NetBIOS name of the account's domain. */
  readonly logonDomainName: string
  /** NetBIOS name of the domain controller that authenticated the account. */
  readonly logonServer: string
  /** SID of the account's domain, `S-1-5-21-…`. */
  readonly logonDomainSid: string
  /** SID of the account. */
  readonly userSid: string
  /** SID of its primary group. */
  readonly primaryGroupSid: string
  /** SIDs of all groups: those of the domain, of other domains and of the resource domain. */
  readonly groupSids: readonly string[]
  /** The same groups, in the same order, with what else is said of them. */
  readonly groups: readonly PacGroup[]
  /** USER_… bits (MS-SAMR 2.2.1.12), not the UF_… bits of LDAP. */
  readonly userAccountControl: number
  /** LOGON_… bits (MS-PAC 2.5, UserFlags): 0x20 extra SIDs, 0x200 resource groups are there. */
  readonly userFlags: number
  /** Sign-ins so far, as that domain controller knows. */
  readonly logonCount: number
  /** Failed ones since. */
  readonly badPasswordCount: number
  /** When the account did what. */
  readonly times: PacTimes
}

const SESSION_KEY_OCTETS = 16
/** SubAuthStatus, two FILETIMEs, FailedILogonCount, Reserved3. */
const AFTER_CONTROL_OCTETS = 28
const GROUP_OCTETS = 8
const RESERVED1_OCTETS = 8

/** The fixed part, in the order of its fields. */
interface FixedPart {
  readonly times: PacTimes
  readonly names: readonly StringHeader[]
  readonly counts: Pick<PacLogonInfo, 'logonCount' | 'badPasswordCount'>
  readonly userId: number
  readonly primaryGroupId: number
  readonly groups: Announced
  readonly userFlags: number
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
  const [count, present] = [ndr.uint32(), ndr.pointer()]
  // Groups that are announced and left out would be groups that nobody is held to.
  if (count > 0 && !present) throw ndr.fail(`${count} elements announced, none follow`)
  return { count, present }
}

function readTimes(ndr: NdrReader): PacTimes {
  return {
    logonMs: ndr.optionalFileTimeMs(),
    logoffMs: ndr.optionalFileTimeMs(),
    kickOffMs: ndr.optionalFileTimeMs(),
    passwordSetMs: ndr.optionalFileTimeMs(),
    passwordCanChangeMs: ndr.optionalFileTimeMs(),
    passwordMustChangeMs: ndr.optionalFileTimeMs(),
  }
}

function readFixedPart(ndr: NdrReader): FixedPart {
  const times = readTimes(ndr)
  const names = Array.from({ length: 6 }, () => ndr.stringHeader())
  const counts = { logonCount: ndr.uint16(), badPasswordCount: ndr.uint16() }
  const userId = ndr.uint32()
  const primaryGroupId = ndr.uint32()
  const groups = announced(ndr)
  const userFlags = ndr.uint32()
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
    ...{ times, names, counts, userId, primaryGroupId, groups, userFlags, domainNames },
    ...{ hasDomainSid, userAccountControl, extraSids, hasResourceDomainSid, resourceGroups },
  }
}

/** GROUP_MEMBERSHIP (MS-PAC 2.2.2). */
interface Membership {
  readonly relativeId: number
  readonly attributes: number
}

function readGroups(ndr: NdrReader, { count, present }: Announced): Membership[] {
  if (!present) return []
  ndr.arrayCount(count, GROUP_OCTETS)
  return Array.from({ length: count }, () => ({
    relativeId: ndr.uint32(),
    attributes: ndr.uint32(),
  }))
}

/** An array of KERB_SID_AND_ATTRIBUTES: pointers and attributes first, then the SIDs. */
function readExtraSids(ndr: NdrReader, { count, present }: Announced): PacGroup[] {
  if (!present) return []
  ndr.arrayCount(count, GROUP_OCTETS)
  const attributes = Array.from({ length: count }, () => {
    if (!ndr.pointer()) throw ndr.fail('an extra SID is missing')
    return ndr.uint32()
  })
  return attributes.map((bits) => ({ sid: ndr.rpcSid(), attributes: bits, origin: 'extra' }))
}

function inDomain(
  domainSid: string | undefined,
  memberships: readonly Membership[],
  origin: PacGroup['origin'],
): PacGroup[] {
  if (domainSid === undefined) return []
  return memberships.map(({ relativeId, attributes }) => ({
    sid: `${domainSid}-${relativeId}`,
    attributes,
    origin,
  }))
}

/** What follows the fixed part, in its order. */
function readRest(ndr: NdrReader, fixed: FixedPart) {
  const [effectiveName = '', fullName = ''] = fixed.names.map((header) => ndr.stringBody(header))
  const domainGroups = readGroups(ndr, fixed.groups)
  const [logonServer = '', logonDomainName = ''] = fixed.domainNames.map((header) =>
    ndr.stringBody(header),
  )
  if (!fixed.hasDomainSid) throw ndr.fail('no LogonDomainId')
  const logonDomainSid = ndr.rpcSid()
  const extra = readExtraSids(ndr, fixed.extraSids)
  const resourceDomainSid = fixed.hasResourceDomainSid ? ndr.rpcSid() : undefined
  const resourceGroups = readGroups(ndr, fixed.resourceGroups)
  if (resourceDomainSid === undefined && resourceGroups.length > 0) {
    throw ndr.fail('resource groups without ResourceGroupDomainSid')
  }
  const resource = inDomain(resourceDomainSid, resourceGroups, 'resource')
  const domain = inDomain(logonDomainSid, domainGroups, 'domain')
  const names = { effectiveName, fullName, logonServer, logonDomainName, logonDomainSid }
  return { names, domain, extra, resource }
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
  ndr.typeSerialization('KERB_VALIDATION_INFO')
  const fixed = readFixedPart(ndr)
  const { names, domain, extra, resource } = readRest(ndr, fixed)
  const account = accountSid(fixed.userId, names.logonDomainSid, extra)
  if (account.userSid === undefined) throw ndr.fail('neither UserId nor a SID names the account')
  const groups = [...domain, ...account.extra, ...resource]
  return {
    ...names,
    ...fixed.counts,
    userSid: account.userSid,
    primaryGroupSid: `${names.logonDomainSid}-${fixed.primaryGroupId}`,
    groupSids: groups.map(({ sid }) => sid),
    groups,
    userAccountControl: fixed.userAccountControl,
    userFlags: fixed.userFlags,
    times: fixed.times,
  }
}

/** MS-PAC 2.5, UserId: where it is 0, the first extra SID is the account's. */
function accountSid(
  userId: number,
  domainSid: string,
  extra: readonly PacGroup[],
): { readonly userSid: string | undefined; readonly extra: readonly PacGroup[] } {
  if (userId !== 0) return { userSid: `${domainSid}-${userId}`, extra }
  return { userSid: extra[0]?.sid, extra: extra.slice(1) }
}
