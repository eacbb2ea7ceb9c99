/**
 * The user's account: found once, in good standing, and one that the policy acts for.
 *
 * @module
 */

import type { AccountSettings, DirectoryAccount } from '../../directory/index.ts'
import { errorCode, errorText, powershellWord, sameName, shellWord } from '../../platform/index.ts'
import { found, mendsOf, type Check, type Finding, type Mend } from '../check.ts'
import { accountCommands, type DirectoryCommands } from '../commands.ts'
import type { DoctorCode } from '../codes/index.ts'
import type { UserWorld } from './world.ts'

const LOOKUP: Readonly<Record<string, DoctorCode>> = {
  ERR_DIRECTORY_NOT_FOUND: 'DOCTOR_USER_UNKNOWN',
  ERR_DIRECTORY_AMBIGUOUS: 'DOCTOR_USER_AMBIGUOUS',
}

const OTHER_LOGIN: Mend = {
  text: 'To look at one of them, write its user principal name, domain.example\\name with the DNS name of its domain, or its SID.',
}

/** Exactly one account. */
export const identityCheck: Check<UserWorld> = {
  id: 'user.identity',
  title: 'the account behind the login',
  needs: ['directory.bind'],
  async run(world) {
    try {
      const { distinguishedName, sAMAccountName, realm, sid } = await world.account()
      const message = `${world.login} is ${sAMAccountName}@${realm}, ${distinguishedName} (${sid})`
      return [found('DOCTOR_USER_FOUND', message)]
    } catch (error) {
      const code = LOOKUP[errorCode(error)] ?? 'DOCTOR_USER_UNREADABLE'
      const mends = mendsOf(error)
      const told = code === 'DOCTOR_USER_AMBIGUOUS' ? [...mends, OTHER_LOGIN] : mends
      return [found(code, `${world.login}: ${errorText(error)}`, { mends: told })]
    }
  },
}

interface Row {
  readonly when: (account: DirectoryAccount, settings: AccountSettings, nowMs: number) => boolean
  readonly code: DoctorCode
  readonly says: string
  readonly text: string
  readonly commands: (settings: AccountSettings) => DirectoryCommands
}

const ROWS: readonly Row[] = [
  {
    when: ({ enabled }) => !enabled,
    code: 'DOCTOR_USER_DISABLED',
    says: 'is disabled',
    text: 'Enable the account, if the user is to come in.',
    commands: accountCommands.enable,
  },
  {
    when: (_account, { expiresMs }, nowMs) => expiresMs !== undefined && expiresMs <= nowMs,
    code: 'DOCTOR_USER_EXPIRED',
    says: 'has expired',
    text: 'Let the account not end, if the user is to come in.',
    commands: accountCommands.neverExpires,
  },
  {
    when: (_account, { control }) => control.lockedOut,
    code: 'DOCTOR_USER_LOCKED',
    says: 'is locked after wrong passwords',
    text: 'Unlock the account.',
    commands: accountCommands.unlock,
  },
  {
    when: (_account, { mustChangePassword, control }) =>
      mustChangePassword || control.passwordExpired,
    code: 'DOCTOR_USER_MUST_CHANGE',
    says: 'must change the password first',
    text: 'Let the user change the password, or count it as fresh.',
    commands: accountCommands.passwordIsFresh,
  },
  {
    when: ({ sensitive }) => sensitive,
    code: 'DOCTOR_USER_SENSITIVE',
    says: 'is marked "sensitive and cannot be delegated"',
    text: 'Take the mark away, if it was not meant.',
    commands: accountCommands.notSensitive,
  },
  {
    when: ({ protectedUser }) => protectedUser,
    code: 'DOCTOR_USER_PROTECTED',
    says: 'is a member of Protected Users, whom nobody may act for',
    text: 'Take the account out of Protected Users, if that was not meant.',
    commands: (settings) => accountCommands.leaveGroup(settings, 'Protected Users'),
  },
]

/** Enabled, not ended, neither sensitive nor protected. */
export const standingCheck: Check<UserWorld> = {
  id: 'user.standing',
  title: 'the state of the account',
  needs: ['user.identity'],
  async run(world) {
    const account = await world.account()
    const name = account.sAMAccountName
    const settings = await world.settings(account)
    if (settings === undefined) {
      return [found('DOCTOR_USER_UNREADABLE', `the settings of ${name} may not be read`)]
    }
    const nowMs = world.clock.nowMs()
    const faults = ROWS.filter(({ when }) => when(account, settings, nowMs)).map((row): Finding => {
      const mend = inDomain(world, account, { text: row.text, ...row.commands(settings) })
      return found(row.code, `${name} ${row.says}`, { mends: [mend] })
    })
    if (faults.length > 0) return faults
    return [found('DOCTOR_USER_GOOD', `${name} is enabled and may be delegated`)]
  },
}

/** Commands for another domain’s account name that domain: its namesake in the connector’s own is not to be changed instead. */
function inDomain(
  { realm: own }: UserWorld,
  { realm }: DirectoryAccount,
  mend: Mend & DirectoryCommands,
): Mend {
  if (sameName(own, realm)) return mend
  const domain = realm.toLowerCase()
  const isThere = `testparm -s --parameter-name=realm 2>/dev/null | grep -qixF ${shellWord(realm)}`
  return {
    text: `${mend.text} In the domain ${domain}, by who administers it.`,
    powershell: `${mend.powershell} -Server ${powershellWord(domain)}`,
    sambaTool: `${isThere} && ${mend.sambaTool}`,
  }
}

/** Whether the policy acts for this user, backend by backend. */
export const policyCheck: Check<UserWorld> = {
  id: 'user.policy',
  title: 'the policy about this user',
  needs: ['user.identity'],
  async run(world) {
    const account = await world.account()
    const findings = world.services.map((service): Finding => {
      try {
        service.mayImpersonate(account, undefined)
        return found(
          'DOCTOR_USER_ALLOWED',
          `the policy lets the connector act for ${account.sAMAccountName} at ${service.origin}`,
        )
      } catch (error) {
        const setting = 'neverImpersonate and allowPrivileged in policy.yaml'
        const mends = [{ text: 'Change the policy, if that is not meant.', setting }]
        return found('DOCTOR_USER_NEVER_IMPERSONATED', `${service.origin}: ${errorText(error)}`, {
          mends,
        })
      }
    })
    return findings.length > 0
      ? findings
      : [found('DOCTOR_NOT_APPLICABLE', 'no backend that is looked at has Kerberos')]
  },
}
