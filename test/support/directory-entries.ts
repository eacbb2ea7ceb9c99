/**
 * Directory entries and a DirectorySearch made of them, for tests of whoever looks accounts up.
 *
 * @module
 */

import {
  encodeSid,
  type DirectoryEntry,
  type DirectorySearch,
  type SearchRequest,
} from '../../src/directory/index.ts'

/** SID of the tests' domain, without a relative identifier. */
export const DOMAIN_SID = 'S-1-5-21-1111-2222-3333'

/** What an entry says; everything has a default. */
export interface AccountShape {
  readonly name: string
  readonly userPrincipalName?: string
  readonly control?: number
  readonly rid?: number
  /** Instead of one of the tests' domain. */
  readonly sid?: string
  readonly groups?: readonly number[]
  readonly distinguishedName?: string
  /** Attributes besides those of every account. */
  readonly text?: Readonly<Record<string, readonly string[]>>
  /** Its objectGUID, in the directory's order. */
  readonly guid?: Uint8Array
}

/**
 * A user's entry.
 *
 * @param shape - What differs from an ordinary user.
 * @returns The entry, tokenGroups included.
 */
export function accountEntry(shape: AccountShape): DirectoryEntry {
  const { name, userPrincipalName, control = 0x200, rid = 1104, groups = [513] } = shape
  return {
    distinguishedName: shape.distinguishedName ?? `CN=${name},CN=Users,DC=corp,DC=example`,
    text: new Map([
      ['samaccountname', [name]],
      ['useraccountcontrol', [String(control)]],
      ...(userPrincipalName === undefined
        ? []
        : [['userprincipalname', [userPrincipalName]] as const]),
      ...Object.entries(shape.text ?? {}).map(
        ([attribute, values]) => [attribute.toLowerCase(), values] as const,
      ),
    ]),
    binary: new Map([
      ['objectsid', [encodeSid(shape.sid ?? `${DOMAIN_SID}-${rid}`)]],
      ...(shape.guid === undefined ? [] : [['objectguid', [shape.guid]] as const]),
      ['tokengroups', groups.map((group) => encodeSid(`${DOMAIN_SID}-${group}`))],
    ]),
  }
}

/**
 * A group's entry.
 *
 * @param name - Its sAMAccountName.
 * @param rid - Its relative identifier.
 * @returns The entry.
 */
export function groupEntry(name: string, rid: number): DirectoryEntry {
  return {
    distinguishedName: `CN=${name},CN=Users,DC=corp,DC=example`,
    text: new Map([['samaccountname', [name]]]),
    binary: new Map([['objectsid', [encodeSid(`${DOMAIN_SID}-${rid}`)]]]),
  }
}

/** A search port that answers from lists and remembers what it was asked. */
export class ScriptedSearch implements DirectorySearch {
  readonly requests: SearchRequest[] = []
  /** Answer to a search for people, whatever the filter. */
  people: readonly DirectoryEntry[] = []
  groups: readonly DirectoryEntry[] = []

  namingContext(): Promise<string> {
    return Promise.resolve('DC=corp,DC=example')
  }

  search(request: SearchRequest): Promise<readonly DirectoryEntry[]> {
    this.requests.push(request)
    if (request.scope === 'base') {
      return Promise.resolve(this.people.filter((e) => e.distinguishedName === request.base))
    }
    if (!request.filter.startsWith('(|(objectSid=')) return Promise.resolve(this.people)
    const asked = this.groups.filter((group) => {
      const sid = group.binary.get('objectsid')?.[0]
      return (
        sid &&
        request.filter.includes(`=${DOMAIN_SID}-${Buffer.from(sid).readUInt32LE(sid.length - 4)})`)
      )
    })
    return Promise.resolve(asked)
  }
}
