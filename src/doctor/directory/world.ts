/**
 * What the checks of the directory look at.
 *
 * @module
 */

import {
  readDomainRoot,
  readSites,
  readTrusts,
  aesKeysSinceMs,
  type AccountSettings,
  type DirectorySearch,
  type DomainRoot,
  type Trust,
} from '../../directory/index.ts'
import type { Clock } from '../../platform/index.ts'
import { gatherFacts } from '../delegation/facts.ts'
import {
  readDelegationState,
  type DelegationFacts,
  type DelegationState,
  type WantedService,
} from '../delegation/state.ts'

/** One key that the connector has. */
export interface OwnKey {
  readonly kvno: number
  /** Encryption type, an IANA number. */
  readonly etype: number
}

/** A fault of another room, as it is told. */
export interface ToldFault {
  readonly code: string
  readonly text: string
  readonly mend?: string
}

/** A directory beside the connector's own domain. */
export interface OtherDirectory {
  /** Whose: a domain, or a forest. */
  readonly serves: string
  /** Connects and binds. Rejects with DirectoryError. */
  check(signal?: AbortSignal): Promise<void>
}

/** The outside of the checks. */
export interface DirectoryPorts {
  readonly clock: Clock
  /** Account without realm. */
  readonly account: string
  /** Path of the keytab, where there is one. */
  readonly keytab: string | undefined
  /** How old its newest keys may get before the connector rotates the password, days; undefined where it does not. */
  readonly rotatedEveryDays: number | undefined
  /** Services of the policy. */
  readonly services: readonly WantedService[]
  /** Hosts of KDCs and of the directory. */
  readonly hosts: readonly { readonly host: string; readonly use: 'kdc' | 'directory' }[]
  /** Domains beside the connector's own in which users are looked up, by DNS name. */
  readonly otherDomains: readonly string[]
  /** The same domains, and global catalogs, opened when first asked. */
  readonly others: () => Promise<readonly OtherDirectory[]>
  /** Connects once and closes. Rejects when nothing listens. */
  readonly connect: (host: string, port: number, signal: AbortSignal) => Promise<unknown>
  /** Keys of the account in its keytab; undefined where they come from a password. */
  readonly ownKeys: () => Promise<readonly OwnKey[] | undefined>
  /** Asks the KDC for a ticket-granting ticket. */
  readonly ownTicket: (signal: AbortSignal) => Promise<unknown>
  /** Connects and binds when first asked. */
  readonly directory: () => Promise<{
    readonly search: DirectorySearch
    readonly catalog: DirectorySearch
  }>
}

/** What the directory says, read once for all checks. */
export interface DirectoryPicture {
  readonly search: DirectorySearch
  readonly root: DomainRoot
  readonly facts: DelegationFacts
  readonly sites: readonly string[]
  readonly trusts: readonly Trust[]
  /** Undefined: there is no such account. */
  readonly connector: AccountSettings | undefined
  readonly krbtgt: AccountSettings | undefined
  /** Since when passwords get AES keys, milliseconds since 1970. */
  readonly aesSinceMs: number | undefined
  /** Undefined without an account. */
  readonly delegation: DelegationState | undefined
}

/** What the checks look at. */
export interface DirectoryWorld extends DirectoryPorts {
  /** The picture, read when it is first asked for. Rejects as a search does, every time. */
  picture(): Promise<DirectoryPicture>
}

/**
 * Makes the world.
 *
 * @param ports - Its outside.
 * @returns The world; nothing is asked yet.
 */
export function directoryWorld(ports: DirectoryPorts): DirectoryWorld {
  let read: Promise<DirectoryPicture> | undefined
  return { ...ports, picture: () => (read ??= readPicture(ports)) }
}

async function readPicture(ports: DirectoryPorts): Promise<DirectoryPicture> {
  const { search, catalog } = await ports.directory()
  const root = await readDomainRoot(search)
  const facts = await gatherFacts({ clock: ports.clock, search, catalog })
  const connector = await facts.accounts.byName(ports.account)
  const { services } = ports
  return {
    search,
    root,
    facts,
    sites: await readSites(search, root),
    trusts: await readTrusts(search, root),
    connector,
    krbtgt: await facts.accounts.byName('krbtgt'),
    aesSinceMs: connector && (await aesKeysSinceMs(search, connector.sid)),
    delegation: connector && (await readDelegationState(facts, connector, { services })),
  }
}
