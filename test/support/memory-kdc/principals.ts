/** The directory of the in-memory KDC: accounts, their keys and what they may do. */

import { generateKey, stringToKey, type EncryptionKey } from '../../../src/kerberos/crypto/index.ts'
import type { KeytabEntry } from '../../../src/kerberos/files/index.ts'
import {
  formatPrincipal,
  parsePrincipal,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import type { Random } from '../../../src/platform/index.ts'

export const DOMAIN_SID = 'S-1-5-21-1000-2000-3000'

/** An account, as a test writes it. Names are compared without regard to case. */
export interface AccountSettings {
  /** sAMAccountName, for instance `CONN1$`. */
  readonly name: string
  /** Makes the key from this instead of from chance. */
  readonly password?: string
  /** The KDC demands no proof in the AS exchange. */
  readonly withoutProof?: boolean
  /** User principal name. */
  readonly upn?: string
  /** Service principal names. */
  readonly spns?: readonly string[]
  /** An error code that the KDC answers for this client, in AS and S4U2Self. */
  readonly refusal?: number | undefined
  /** "Account is sensitive and cannot be delegated". */
  readonly sensitive?: boolean
  /** Protocol transition. */
  readonly trustedToAuth?: boolean
  /** msDS-AllowedToDelegateTo. */
  readonly allowedTo?: readonly string[]
  /** Names of accounts that may delegate to this one (RBCD), `name@REALM` for those of other realms. */
  readonly delegators?: readonly string[]
}

/** An account of the in-memory KDC. */
export interface Account extends AccountSettings {
  readonly rid: number
  readonly domainSid: string
  readonly key: EncryptionKey
  readonly kvno: number
}

/** Accounts of one realm. */
export class Directory {
  readonly realm: string
  /** Each realm but the first has one of its own. */
  domainSid: string = DOMAIN_SID
  readonly #random: Random
  readonly #etype: number
  readonly #accounts: Account[] = []

  constructor(realm: string, random: Random, etype: number) {
    this.realm = realm
    this.#random = random
    this.#etype = etype
  }

  add(settings: AccountSettings): Account {
    const account = {
      ...settings,
      domainSid: this.domainSid,
      rid: 1000 + this.#accounts.length,
      key: this.#keyOf(settings),
      kvno: 2,
    }
    this.#accounts.push(account)
    return account
  }

  /** Gives an account a new key of the next version, made from a password or from chance. */
  changeKey(name: string, password?: string): void {
    const key = this.#keyOf(password === undefined ? { name } : { name, password })
    this.#replace(name, (account) => ({ ...account, key, kvno: account.kvno + 1 }))
  }

  /** From now on the KDC answers this error code for an account; without one, tickets again. */
  refuse(name: string, refusal?: number): void {
    this.#replace(name, (account) => ({ ...account, refusal }))
  }

  #replace(name: string, change: (account: Account) => Account): void {
    const at = this.#accounts.findIndex((account) => account.name === name)
    const account = this.#accounts[at]
    if (account === undefined) throw new Error(`no account ${name}`)
    this.#accounts[at] = change(account)
  }

  #keyOf({ name, password }: AccountSettings): EncryptionKey {
    const etype = this.#etype
    if (password === undefined) return generateKey(etype, this.#random)
    return stringToKey(etype, password, this.saltOf(name))
  }

  saltOf(name: string): string {
    return `${this.realm}salt-of-${name}`
  }

  /** By account name, user principal name or service principal name. */
  find(name: PrincipalName | undefined): Account | undefined {
    const wanted = (name?.nameString ?? []).join('/').toLowerCase()
    return this.#accounts.find((account) =>
      [account.name, account.upn, ...(account.spns ?? [])].some(
        (known) => known?.toLowerCase() === wanted,
      ),
    )
  }

  /** The keytab of an account. */
  keytab(name: string): readonly KeytabEntry[] {
    const { principal } = parsePrincipal(name)
    const account = this.find(principal)
    if (account === undefined) throw new Error(`no account ${formatPrincipal(principal)}`)
    const { key, kvno } = account
    return [{ principal, realm: this.realm, kvno, timestampMs: 0, key }]
  }
}
