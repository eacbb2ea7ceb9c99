/**
 * Whom the connector never acts for: named users and groups, and those whom Windows itself treats as privileged
 * (./privileged-groups.ts).
 *
 * Membership is looked at twice: in the directory's entry before a ticket is asked for (SIDs, names and distinguished
 * names, nested groups included), and in the evidence ticket's PAC, which is what the backend will see.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import { SsoError } from './errors.ts'
import {
  OTHER_GROUPS,
  PRIVILEGED_ACCOUNTS,
  PRIVILEGED_GROUPS,
  PRIVILEGED_NAMES,
} from './privileged-groups.ts'

const NAME_OF_GROUP: ReadonlyMap<string, string> = new Map(
  PRIVILEGED_GROUPS.map(({ sid, name }) => [sid, name]),
)
const NAME_OF_ACCOUNT: ReadonlyMap<string, string> = new Map(
  PRIVILEGED_ACCOUNTS.map(({ sid, name }) => [sid, name]),
)
/** Windows' own groups whose SID is known from the name. */
const SID_OF_NAME: ReadonlyMap<string, string> = new Map(
  [...PRIVILEGED_GROUPS, ...OTHER_GROUPS].map(({ sid, name }) => [name.toLowerCase(), sid]),
)

const PROTECTED_USERS_RID = '525'

/** What a policy row says. */
export interface ImpersonationSettings {
  /** sAMAccountName, UPN or SID. */
  readonly users: readonly string[]
  /** SID, distinguished name or name. */
  readonly groups: readonly string[]
  /** True: privileged accounts may be acted for; a list: members of these privileged groups may. */
  readonly allowPrivileged: boolean | readonly string[]
}

/** Whose groups are looked at: the directory's entry, with the PAC's group SIDs once there is evidence. */
export interface ImpersonationSubject {
  readonly account: DirectoryAccount
  /** SIDs of all groups, out of the PAC; undefined before there is evidence. */
  readonly groupSids: readonly string[] | undefined
}

/** Throws when the connector may not act for this account. */
export type ImpersonationRule = (subject: ImpersonationSubject) => void

/** The last part of a domain SID; S-1-5-21-… alone has relative ids that mean the same in each domain. */
function ridOf(sid: string): string | undefined {
  return /^S-1-5-21-\d+-\d+-\d+-(\d+)$/i.exec(sid)?.[1]
}

function isSid(text: string): boolean {
  return /^S-1-\d+(-\d+)+$/i.test(text)
}

function foldedSet(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.map((value) => value.toLowerCase()))
}

function matchesSid(sid: string, wanted: ReadonlySet<string>): boolean {
  const rid = ridOf(sid)
  return (isSid(sid) && wanted.has(sid.toLowerCase())) || (rid !== undefined && wanted.has(rid))
}

function userIsListed(account: DirectoryAccount, users: ReadonlySet<string>): boolean {
  const names = [account.sAMAccountName, account.userPrincipalName ?? '', account.sid]
  return names.some((name) => users.has(name.toLowerCase()))
}

interface Compiled {
  /** Whole SIDs and relative ids of groups. */
  readonly sids: ReadonlySet<string>
  /** Names and distinguished names of groups. */
  readonly names: ReadonlySet<string>
  /** Relative ids and whole SIDs of accounts. */
  readonly accounts: ReadonlySet<string>
  /** sAMAccountNames, UPNs and SIDs of users that a row names. */
  readonly users: ReadonlySet<string>
}

function compile(settings: ImpersonationSettings): Compiled {
  const { allowPrivileged, groups, users } = settings
  const exempt = foldedSet(Array.isArray(allowPrivileged) ? allowPrivileged : [])
  const isRefused = (name: string) => allowPrivileged !== true && !exempt.has(name.toLowerCase())
  const named = groups.filter((group) => !isSid(group)).map((group) => group.toLowerCase())
  const privileged = PRIVILEGED_GROUPS.filter(({ name }) => isRefused(name)).map(({ sid }) => sid)
  const ofNames = named.flatMap((name) => SID_OF_NAME.get(name) ?? [])
  // A user whose own SID is listed among the groups is meant too.
  const listedSids = groups.filter(isSid)
  const accounts = PRIVILEGED_ACCOUNTS.filter(({ name }) => isRefused(name)).map(({ sid }) => sid)
  return {
    sids: foldedSet([...listedSids, ...ofNames, ...privileged]),
    names: foldedSet([...named, ...PRIVILEGED_NAMES.filter(isRefused)]),
    accounts: foldedSet([...accounts, ...listedSids]),
    users: foldedSet(users),
  }
}

function refused(account: DirectoryAccount, reason: string): SsoError {
  return new SsoError(
    'ERR_SSO_NEVER_IMPERSONATE',
    `the connector's policy never acts for ${account.sAMAccountName}@${account.realm}: ${reason}`,
    {
      mend: 'Sign in with an account without such rights, or change neverImpersonate or allowPrivileged in the policy.',
    },
  )
}

function nameOf(sid: string): string {
  const name = NAME_OF_GROUP.get(ridOf(sid) ?? sid.toUpperCase())
  return name === undefined ? sid : `${name} (${sid})`
}

function groupReason(subject: ImpersonationSubject, groups: Compiled): string | undefined {
  const { memberOf } = subject.account
  const named = memberOf.find((group) => groups.names.has(group.toLowerCase()))
  if (named !== undefined) return `member of ${named}`
  const known = [...memberOf, ...(subject.groupSids ?? [])]
  const sid = known.find((each) => matchesSid(each, groups.sids))
  return sid === undefined ? undefined : `member of ${nameOf(sid)}`
}

/**
 * Refuses members of Protected Users by the PAC. Windows does; Samba grants them delegation.
 *
 * @param account - Who.
 * @param groupSids - All group SIDs, out of the PAC.
 * @throws SsoError ERR_SSO_NOT_DELEGATABLE.
 */
export function refuseProtectedUser(account: DirectoryAccount, groupSids: readonly string[]): void {
  if (!groupSids.some((sid) => ridOf(sid) === PROTECTED_USERS_RID)) return
  throw new SsoError(
    'ERR_SSO_NOT_DELEGATABLE',
    `${account.sAMAccountName} is a member of Protected Users and cannot be delegated`,
    { mend: 'Take the account out of Protected Users, or use another account for this app.' },
  )
}

/**
 * Builds the rule of a policy row.
 *
 * @param settings - Whom the row names.
 * @returns The rule; it throws SsoError ERR_SSO_NEVER_IMPERSONATE.
 */
export function impersonationRule(settings: ImpersonationSettings): ImpersonationRule {
  const compiled = compile(settings)
  return (subject) => {
    const { account } = subject
    if (userIsListed(account, compiled.users)) throw refused(account, 'listed by name')
    if (matchesSid(account.sid, compiled.accounts)) {
      const name = NAME_OF_ACCOUNT.get(ridOf(account.sid) ?? '')
      throw refused(account, name === undefined ? 'listed by SID' : `the domain's own ${name}`)
    }
    const reason = groupReason(subject, compiled)
    if (reason !== undefined) throw refused(account, reason)
  }
}
