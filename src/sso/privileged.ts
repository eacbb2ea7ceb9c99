/**
 * Whom the connector never acts for: named users and groups, and Windows' own administrators.
 *
 * Membership is looked at twice: in the directory's entry before a ticket is asked for (SIDs, names and distinguished
 * names, nested groups included), and in the evidence ticket's PAC, which is what the backend will see.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import { SsoError } from './errors.ts'

/** MS-DTYP section 2.4.2.4: relative ids within a domain, and the built-in group of administrators. */
const PRIVILEGED: Readonly<Record<string, string>> = {
  '502': 'krbtgt',
  '512': 'Domain Admins',
  '518': 'Schema Admins',
  '519': 'Enterprise Admins',
  'S-1-5-32-544': 'Administrators',
}

/** Windows' own groups whose SID is known from the name. */
const BUILT_IN_GROUPS: Readonly<Record<string, string>> = {
  'domain admins': '512',
  'domain users': '513',
  'domain guests': '514',
  'schema admins': '518',
  'enterprise admins': '519',
  'group policy creator owners': '520',
  'protected users': '525',
  administrators: 'S-1-5-32-544',
  'account operators': 'S-1-5-32-548',
  'server operators': 'S-1-5-32-549',
  'print operators': 'S-1-5-32-550',
  'backup operators': 'S-1-5-32-551',
}

const PROTECTED_USERS_RID = '525'

/** What a policy row says. */
export interface ImpersonationSettings {
  /** sAMAccountName, UPN or SID. */
  readonly users: readonly string[]
  /** SID, distinguished name or name. */
  readonly groups: readonly string[]
  readonly allowPrivileged: boolean
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
  return wanted.has(sid.toLowerCase()) || (rid !== undefined && wanted.has(rid))
}

function userIsListed(account: DirectoryAccount, users: ReadonlySet<string>): boolean {
  const names = [account.sAMAccountName, account.userPrincipalName ?? '', account.sid]
  return names.some((name) => users.has(name.toLowerCase()))
}

interface CompiledGroups {
  /** Whole SIDs and relative ids. */
  readonly sids: ReadonlySet<string>
  /** Names and distinguished names. */
  readonly names: ReadonlySet<string>
}

function compileGroups(settings: ImpersonationSettings): CompiledGroups {
  const named = settings.groups.filter((group) => !isSid(group)).map((group) => group.toLowerCase())
  const privileged = settings.allowPrivileged ? [] : Object.keys(PRIVILEGED)
  const sids = [
    ...settings.groups.filter(isSid),
    ...named.flatMap((name) => BUILT_IN_GROUPS[name] ?? []),
    ...privileged,
  ]
  return { sids: foldedSet(sids), names: foldedSet(named) }
}

function refused(account: DirectoryAccount, reason: string): SsoError {
  return new SsoError(
    'ERR_SSO_NEVER_IMPERSONATE',
    `the connector's policy never acts for ${account.sAMAccountName}: ${reason}`,
    {
      mend: 'Sign in with an account without such rights, or change neverImpersonate or allowPrivileged in the policy.',
    },
  )
}

function groupReason(subject: ImpersonationSubject, groups: CompiledGroups): string | undefined {
  const { memberOf } = subject.account
  const named = memberOf.find((group) => groups.names.has(group.toLowerCase()))
  if (named !== undefined) return `member of ${named}`
  const known = [...memberOf, ...(subject.groupSids ?? [])]
  const sid = known.find((each) => matchesSid(each, groups.sids))
  return sid === undefined ? undefined : `member of ${PRIVILEGED[ridOf(sid) ?? sid] ?? sid}`
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
  const users = foldedSet(settings.users)
  const groups = compileGroups(settings)
  return (subject) => {
    const { account } = subject
    if (userIsListed(account, users)) throw refused(account, 'listed by name')
    if (matchesSid(account.sid, groups.sids))
      throw refused(account, 'a privileged or listed account')
    const reason = groupReason(subject, groups)
    if (reason !== undefined) throw refused(account, reason)
  }
}
