/**
 * What the checks of one user look at.
 *
 * @module
 */

import {
  DirectoryError,
  type AccountDirectory,
  type AccountKey,
  type AccountSettings,
  type DirectoryAccount,
} from '../../directory/index.ts'
import type { DelegationFinding, Evidence, S4uUser, ServiceTicket } from '../../kerberos/index.ts'
import { sameName, type Clock } from '../../platform/index.ts'
import type { IssuerPolicy, Policy } from '../../sso/index.ts'
import type { SignInSettings } from '../../tunnel/index.ts'
import type { BackendAnswer, BackendPlace, BackendQuestion, ProbeToken } from '../backend.ts'
import type { HeaderRoom } from '../header-room.ts'

/** A backend of the policy with Kerberos. */
export interface UserService {
  readonly origin: string
  /** As the policy spells it. */
  readonly spn: string
  /** What is asked for in the user's name. */
  readonly place: BackendPlace
  /** Throws where the policy never acts for this account here. */
  mayImpersonate(account: DirectoryAccount, groupSids: readonly string[] | undefined): void
}

/** What the KDC is asked through: a KerberosClient is one. */
export interface UserTickets {
  impersonate(user: S4uUser, signal?: AbortSignal): Promise<Evidence>
  delegate(evidence: Evidence, spn: string, signal?: AbortSignal): Promise<ServiceTicket>
  diagnose(evidence: Evidence, spn: string, signal?: AbortSignal): Promise<DelegationFinding>
}

/** The outside of the checks. */
export interface UserPorts {
  readonly clock: Clock
  /** As doctor's caller wrote it: a user principal name, an account name, `domain.example\name`, or a SID. */
  readonly login: string
  readonly connector: string
  /** The connector's own realm. */
  readonly realm: string
  readonly services: readonly UserService[]
  /** Issuers that the policy lists. */
  readonly issuers: readonly IssuerPolicy[]
  /** Delegated login identities of the apps that are looked at; none: not known. */
  readonly loginKinds: readonly string[]
  /** Who may sign in with Kerberos at the gateway; undefined: nobody. */
  readonly frontEnd: Policy['frontEnd']
  /** With whom people sign in at the gateway; undefined: not known. */
  readonly signIn: () => Promise<SignInSettings | undefined>
  /** Every directory in which the connector looks users up. */
  readonly directory: () => Promise<AccountDirectory>
  /** All settings of a user's account, as its own domain has them. */
  readonly settings: (account: DirectoryAccount) => Promise<AccountSettings | undefined>
  /** The same of the connector's own account. */
  readonly connectorSettings: () => Promise<AccountSettings | undefined>
  readonly tickets: () => Promise<UserTickets>
  /** Opens what makes tokens: of the user's tickets, with or without a channel binding. */
  readonly tokens: () => Promise<
    (ticket: ServiceTicket, channelBinding: Uint8Array | undefined) => ProbeToken
  >
  /** What is known of the header fields that a service takes. */
  readonly headerRoom: (service: UserService) => HeaderRoom
  /** Asks a service. Rejects when it cannot be reached. */
  readonly ask: (
    place: BackendPlace,
    question: BackendQuestion,
    signal: AbortSignal,
  ) => Promise<BackendAnswer>
}

/** What the checks look at. */
export interface UserWorld extends UserPorts {
  /** The account, found once. Rejects as a look-up does, every time. */
  account(): Promise<DirectoryAccount>
  /** The connector's ticket to itself in the user's name, asked for once. */
  evidence(signal: AbortSignal): Promise<Evidence>
  /** The user's tickets, each asked for once. */
  ticket(spn: string, signal: AbortSignal): Promise<ServiceTicket>
}

/**
 * Makes the world of one user.
 *
 * @param ports - Its outside.
 * @returns The world; nothing is asked yet.
 */
export function userWorld(ports: UserPorts): UserWorld {
  const kept = new Map<string, Promise<unknown>>()
  const once = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const known = kept.get(key) as Promise<T> | undefined
    if (known !== undefined) return known
    const made = work()
    kept.set(key, made)
    return made
  }
  const account = (): Promise<DirectoryAccount> => once('account', () => findAccount(ports))
  const evidence = (signal: AbortSignal): Promise<Evidence> =>
    once('evidence', async () => {
      const { sAMAccountName: name, realm, sid } = await account()
      return (await ports.tickets()).impersonate({ name, realm, sid }, signal)
    })
  return {
    ...ports,
    account,
    evidence,
    ticket: (spn, signal) =>
      once(`ticket ${spn}`, async () => {
        return (await ports.tickets()).delegate(await evidence(signal), spn, signal)
      }),
  }
}

async function findAccount({ directory, login }: UserPorts): Promise<DirectoryAccount> {
  const key = keyOf(login)
  const account = await (await directory()).findAccount(key)
  const { realms = [] } = key
  // A directory that is the only one is not asked about its realm.
  if (realms.length === 0 || realms.some((realm) => sameName(realm, account.realm))) return account
  throw new DirectoryError('ERR_DIRECTORY_NOT_FOUND', `no directory has a domain ${realms.join()}`)
}

function keyOf(login: string): AccountKey {
  if (/^S-1-\d+(-\d+)+$/i.test(login)) return { by: 'sid', value: login.toUpperCase() }
  const [, domain, name = ''] = /^([^\\]+)\\([^\\]+)$/.exec(login) ?? []
  if (domain !== undefined) return { by: 'sAMAccountName', value: name, realms: [domain] }
  return { by: login.includes('@') ? 'userPrincipalName' : 'sAMAccountName', value: login }
}
