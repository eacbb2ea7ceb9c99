/**
 * Who can sign in: the accounts of the domains, checked by an LDAPS bind, and `ghost`, whom only this provider knows.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { Client, EqualityFilter, InvalidCredentialsError, OrFilter, type Entry } from 'ldapts'
import type { PeopleSettings, ProviderSettings } from './settings.ts'

/** One person as the ID token will tell it. */
export interface Person {
  /** `sub`: the account's objectSid in hex, which never changes. */
  readonly id: string
  readonly upn: string
  /** sAMAccountName. */
  readonly accountName: string
  readonly name: string
  readonly email: string
  readonly groups: readonly string[]
  readonly department: string | undefined
  /** employeeID. */
  readonly employeeId?: string | undefined
  /** objectSid, `S-1-5-21-…`. */
  readonly sid?: string | undefined
  /** objectGUID in base64, as Entra's onPremisesImmutableId. */
  readonly immutableId?: string | undefined
}

const GHOST: Person = {
  id: 'ghost',
  upn: 'ghost@corp.example',
  accountName: 'ghost',
  name: 'Ghost',
  email: 'ghost@corp.example',
  groups: ['staff'],
  department: undefined,
  employeeId: undefined,
  sid: undefined,
  immutableId: undefined,
}
/** As providers do: groups that no application is assigned to would only make the ID token large. */
const NOT_TOLD = /^ivan-\d+$/
const GHOST_PASSWORD = 'Lab-ghost-1'
const ATTRIBUTES = [
  'objectSid',
  'userPrincipalName',
  'sAMAccountName',
  'displayName',
  'mail',
  'memberOf',
  'department',
  'employeeID',
  'objectGUID',
]

function texts(value: Entry[string] | undefined): readonly string[] {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).map((one) =>
    typeof one === 'string' ? one : one.toString('utf8'),
  )
}

function commonName(distinguishedName: string): string {
  return /^CN=((?:[^,\\]|\\.)+)/.exec(distinguishedName)?.[1] ?? distinguishedName
}

/** MS-DTYP 2.4.2.2; the authority of every account is below 256. */
function sidText(octets: Buffer): string {
  const parts = Array.from({ length: octets[1] ?? 0 }, (_, at) => octets.readUInt32LE(8 + 4 * at))
  return ['S-1', octets[7], ...parts].join('-')
}

function personOf(entry: Entry): Person {
  const [accountName = ''] = texts(entry['sAMAccountName'])
  const [upn = ''] = texts(entry['userPrincipalName'])
  const sid = entry['objectSid']
  const guid = entry['objectGUID']
  return {
    id: Buffer.isBuffer(sid) ? sid.toString('hex') : accountName,
    upn,
    accountName,
    name: texts(entry['displayName'])[0] ?? accountName,
    email: texts(entry['mail'])[0] ?? upn,
    groups: texts(entry['memberOf'])
      .map(commonName)
      .filter((name) => !NOT_TOLD.test(name)),
    department: texts(entry['department'])[0],
    employeeId: texts(entry['employeeID'])[0],
    sid: Buffer.isBuffer(sid) ? sidText(sid) : undefined,
    immutableId: Buffer.isBuffer(guid) ? guid.toString('base64') : undefined,
  }
}

/** The people of one domain, over LDAPS. */
class Domain {
  readonly #settings: PeopleSettings

  constructor(settings: PeopleSettings) {
    this.#settings = settings
  }

  /** Whether logins with this suffix are its own. */
  has(suffix: string): boolean {
    return this.#settings.suffixes.includes(suffix.toLowerCase())
  }

  async signIn(login: string, password: string): Promise<Person | undefined> {
    const bindName = login.includes('@') ? login : `${this.#settings.workgroup}\\${login}`
    const filter = new OrFilter({
      filters: [
        new EqualityFilter({ attribute: 'userPrincipalName', value: login }),
        new EqualityFilter({ attribute: 'sAMAccountName', value: login }),
      ],
    })
    try {
      return await this.#search({ name: bindName, password }, filter)
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return undefined
      throw error
    }
  }

  find(sid: Buffer): Promise<Person | undefined> {
    const account = { name: this.#settings.lookupUser, password: this.#settings.lookupPassword }
    return this.#search(account, new EqualityFilter({ attribute: 'objectSid', value: sid }))
  }

  async #search(
    account: { readonly name: string; readonly password: string },
    filter: OrFilter | EqualityFilter,
  ): Promise<Person | undefined> {
    const { ldapUrl, ldapServerName, caFile, baseDn } = this.#settings
    const client = new Client({
      url: ldapUrl,
      timeout: 10_000,
      connectTimeout: 5_000,
      // Another domain's may be made after this provider has started.
      tlsOptions: { ca: readFileSync(caFile, 'utf8'), servername: ldapServerName },
    })
    try {
      await client.bind(account.name, account.password)
      const { searchEntries } = await client.search(baseDn, {
        filter,
        attributes: ATTRIBUTES,
        explicitBufferAttributes: ['objectSid', 'objectGUID'],
      })
      const [entry] = searchEntries
      return entry === undefined || searchEntries.length > 1 ? undefined : personOf(entry)
    } finally {
      await client.unbind()
    }
  }
}

/** The people of all domains. */
export class People {
  readonly #first: Domain
  readonly #further: readonly Domain[]

  constructor({ people: [first, ...further] }: Pick<ProviderSettings, 'people'>) {
    this.#first = new Domain(first)
    this.#further = further.map((each) => new Domain(each))
  }

  /**
   * Checks a password.
   *
   * @param login - UPN or sAMAccountName.
   * @param password - As typed; an empty one is refused here, as LDAP would take it for an anonymous bind.
   * @returns The person, or undefined where the directory refuses.
   */
  signIn(login: string, password: string): Promise<Person | undefined> {
    if (login === '' || password === '') return Promise.resolve(undefined)
    if (login === GHOST.accountName || login === GHOST.upn) {
      return Promise.resolve(password === GHOST_PASSWORD ? GHOST : undefined)
    }
    const suffix = login.slice(login.lastIndexOf('@') + 1)
    const domain = this.#further.find((each) => each.has(suffix)) ?? this.#first
    return domain.signIn(login, password)
  }

  /**
   * Looks a person up again, for a refresh.
   *
   * @param id - The `sub` of an earlier sign-in.
   * @returns The person, or undefined when the account is gone.
   */
  async find(id: string): Promise<Person | undefined> {
    if (id === GHOST.id) return GHOST
    if (!/^([0-9a-f]{2})+$/.test(id)) return undefined
    for (const domain of [this.#first, ...this.#further]) {
      const person = await domain.find(Buffer.from(id, 'hex'))
      if (person !== undefined) return person
    }
    return undefined
  }
}
