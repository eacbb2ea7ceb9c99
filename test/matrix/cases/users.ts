/** What may be wrong with the account of whoever makes the request. */

import type { MatrixCase } from '../case.ts'
import {
  BASE_DN,
  DISABLED,
  group,
  NOT_DELEGATED,
  ORDINARY,
  replace,
  user,
  userDn,
} from '../world/ldif.ts'
import type { Place } from '../world/place.ts'

/** Changes one attribute of the user. */
function set(attribute: string, ...values: readonly (string | number)[]) {
  return async ({ directory, user }: Place): Promise<void> => {
    await directory.modify(replace(userDn(user), attribute, values.map(String)))
  }
}

/** Adds the user to a group. */
function join(name: string) {
  return async ({ directory, user }: Place): Promise<void> => {
    const change = ['changetype: modify', 'add: member', `member: ${userDn(user)}`, '-', '']
    await directory.modify([`dn: ${userDn(name)}`, ...change, ''].join('\n'))
  }
}

/** Somebody else who gets the same userPrincipalName. */
const NAMESAKE = 'mx-namesake'

export const USER_CASES: readonly MatrixCase[] = [
  {
    id: 'disabled',
    name: 'the user’s account is disabled',
    user: {},
    spares: 'app',
    breakIt: set('userAccountControl', ORDINARY + DISABLED),
    code: 'ERR_SSO_ACCOUNT_DISABLED',
    doctor: ['DOCTOR_USER_DISABLED'],
    mend: { printed: 'DOCTOR_USER_DISABLED' },
  },
  {
    id: 'expired',
    name: 'the user’s account has expired',
    user: {},
    spares: 'app',
    breakIt: set('accountExpires', '132223104000000000'), // 2020-01-01
    code: 'ERR_SSO_ACCOUNT_EXPIRED',
    doctor: ['DOCTOR_USER_EXPIRED'],
    mend: { printed: 'DOCTOR_USER_EXPIRED' },
  },
  {
    id: 'must-change',
    name: 'the user must change the password',
    user: {},
    spares: 'app',
    breakIt: async (place) => {
      await set('userAccountControl', 512)(place)
      await set('pwdLastSet', 0)(place)
    },
    code: 'ERR_KRB_CLIENT_KEY_EXPIRED',
    doctor: ['DOCTOR_USER_MUST_CHANGE'],
    mend: { printed: 'DOCTOR_USER_MUST_CHANGE' },
  },
  {
    id: 'locked',
    name: 'the user’s account is locked out',
    user: {},
    spares: 'app',
    breakIt: async ({ directory, user }) => {
      // 100 ns since 1601.
      const now = (BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n
      await directory.modify(replace(userDn(user), 'lockoutTime', [String(now)]))
    },
    code: 'ERR_SSO_ACCOUNT_LOCKED',
    doctor: ['DOCTOR_USER_LOCKED'],
    mend: { printed: 'DOCTOR_USER_LOCKED' },
  },
  {
    id: 'sensitive',
    name: 'the user’s account is sensitive and cannot be delegated',
    user: {},
    spares: 'app',
    breakIt: set('userAccountControl', ORDINARY + NOT_DELEGATED),
    code: 'ERR_SSO_NOT_DELEGATABLE',
    doctor: ['DOCTOR_USER_SENSITIVE'],
    mend: { printed: 'DOCTOR_USER_SENSITIVE' },
  },
  {
    id: 'protected',
    name: 'the user is in Protected Users',
    user: {},
    spares: 'app',
    breakIt: join('Protected Users'),
    code: 'ERR_SSO_NOT_DELEGATABLE',
    doctor: ['DOCTOR_USER_PROTECTED'],
    mend: { printed: 'DOCTOR_USER_PROTECTED' },
  },
  {
    id: 'unknown',
    name: 'nobody in the directory has the login’s name',
    user: {},
    spares: 'app',
    breakIt: set('userPrincipalName', 'somebody@corp.example'),
    code: 'ERR_SSO_ACCOUNT_UNKNOWN',
    doctor: ['DOCTOR_USER_UNKNOWN'],
    mend: {
      advice: 'DOCTOR_USER_UNKNOWN',
      says: /userPrincipalName/,
      apply: set('userPrincipalName', 'mx-unknown@corp.example'),
    },
  },
  {
    id: 'ambiguous',
    name: 'two accounts have the login’s name',
    spares: 'app',
    user: {},
    entries: () => user({ name: NAMESAKE }),
    breakIt: async ({ directory, people, user }) => {
      const twice = replace(userDn(NAMESAKE), 'userPrincipalName', [people.login(user)])
      await directory.modifyUnchecked(twice)
    },
    code: 'ERR_SSO_ACCOUNT_AMBIGUOUS',
    doctor: ['DOCTOR_USER_AMBIGUOUS'],
    mend: {
      advice: 'DOCTOR_USER_AMBIGUOUS',
      says: /userPrincipalName/,
      apply: async ({ directory }) => {
        const other = replace(userDn(NAMESAKE), 'userPrincipalName', [`${NAMESAKE}@corp.example`])
        await directory.modify(other)
      },
    },
  },
  {
    id: 'suffix',
    name: 'the policy does not let the issuer assert logins of this suffix',
    connector: {},
    edits: {
      policy: ({ issuers }) => {
        Object.assign((issuers as object[])[0] ?? {}, { upnSuffixes: ['contoso.test'] })
      },
    },
    code: 'ERR_SSO_LOGIN_REFUSED',
    doctor: ['DOCTOR_USER_NOT_ASSERTABLE'],
    mend: {
      setting: 'DOCTOR_USER_NOT_ASSERTABLE',
      says: /upnSuffixes: \[contoso\.test, corp\.example\]/,
    },
  },
  {
    id: 'never',
    name: 'the policy never acts for the user',
    spares: 'app',
    connector: {},
    edits: {
      policy: (policy) => {
        policy['neverImpersonate'] = { users: ['alice'] }
      },
    },
    code: 'ERR_SSO_NEVER_IMPERSONATE',
    doctor: ['DOCTOR_USER_NEVER_IMPERSONATED'],
    mend: { setting: 'DOCTOR_USER_NEVER_IMPERSONATED', says: /neverImpersonate/ },
  },
  {
    id: 'admin',
    name: 'the user is in a group that is in Domain Admins',
    user: {},
    spares: 'app',
    entries: () => group('mx-admins', []),
    breakIt: async (place) => {
      const nest = ['changetype: modify', 'add: member', `member: ${userDn('mx-admins')}`, '-', '']
      await place.directory.modify(
        [`dn: CN=Domain Admins,CN=Users,${BASE_DN}`, ...nest, ''].join('\n'),
      )
      await join('mx-admins')(place)
    },
    code: 'ERR_SSO_NEVER_IMPERSONATE',
    doctor: ['DOCTOR_USER_NEVER_IMPERSONATED'],
    mend: {
      advice: 'DOCTOR_USER_NEVER_IMPERSONATED',
      says: /Domain Admins/,
      apply: async ({ directory, user }) => {
        await directory.samba('group', 'removemembers', 'mx-admins', user)
      },
    },
  },
]
