/**
 * A keytab after a change of password: new keys beside the old ones.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import { sameName, type PrincipalName } from '../messages/principal-name.ts'
import { keysFor, type KeytabEntry } from './keytab.ts'

/** What the KDC has made of the new password. */
export interface KeytabRenewal {
  /** Whose password it is. */
  readonly principal: PrincipalName
  /** The realm. */
  readonly realm: string
  /** The new key version; where the KDC does not say, the one after the newest of the keytab. */
  readonly kvno?: number | undefined
  /** The new keys. */
  readonly keys: readonly EncryptionKey[]
  /** Now, milliseconds since the epoch. */
  readonly nowMs: number
  /** How many older versions stay, for tickets that are still around. */
  readonly keptVersions: number
}

/**
 * Puts new keys into a keytab.
 *
 * A keytab often lists service principals of the same account too (`host/…`, `HTTP/…`): they have the account's own keys, and get
 * the new ones with it. Entries of other accounts stay as they are. Where the keytab's numbers were ahead of the KDC's, older entries are
 * renumbered: many programs take the highest number for the newest key.
 *
 * @param entries - The keytab.
 * @param renewal - The new keys.
 * @returns The new keytab, the account's newest version first.
 */
export function renewKeytab(
  entries: readonly KeytabEntry[],
  renewal: KeytabRenewal,
): readonly KeytabEntry[] {
  const own = keysFor(entries, renewal.realm, renewal.principal)
  const { realm, keys, nowMs: timestampMs } = renewal
  const there = own.find((entry) => keys.some((key) => isSameKey(key, entry.key)))
  const kvno = renewal.kvno ?? there?.kvno ?? (own[0]?.kvno ?? 0) + 1
  const names = namesOfAccount(entries, own, renewal)
  const fresh = names.flatMap((principal) =>
    keys.map((key) => ({ principal, realm, kvno, timestampMs, key })),
  )
  const old = names.flatMap((name) => olderEntries(keysFor(entries, realm, name), kvno, renewal))
  const others = entries.filter(
    (entry) => entry.realm !== realm || !names.some((name) => sameName(name, entry.principal)),
  )
  return [...fresh, ...old, ...others]
}

/** The account's own name, and every name that has one of its keys. */
function namesOfAccount(
  entries: readonly KeytabEntry[],
  own: readonly KeytabEntry[],
  { principal, realm }: KeytabRenewal,
): readonly PrincipalName[] {
  const names = [principal]
  for (const entry of entries) {
    const known = names.some((name) => sameName(name, entry.principal))
    if (known || entry.realm !== realm) continue
    if (own.some((mine) => isSameKey(mine.key, entry.key))) names.push(entry.principal)
  }
  return names
}

function olderEntries(
  entries: readonly KeytabEntry[],
  kvno: number,
  { keys, keptVersions }: KeytabRenewal,
): readonly KeytabEntry[] {
  const older = entries.filter((entry) => !keys.some((key) => isSameKey(key, entry.key)))
  const versions = [...new Set(older.map((entry) => entry.kvno))].slice(0, keptVersions)
  return older
    .filter((entry) => versions.includes(entry.kvno))
    .map((entry) => {
      const newest = kvno - 1 - versions.indexOf(entry.kvno)
      return { ...entry, kvno: entry.kvno < kvno ? entry.kvno : Math.max(newest, 0) }
    })
}

function isSameKey(a: EncryptionKey, b: EncryptionKey): boolean {
  return a.etype === b.etype && Buffer.compare(a.value, b.value) === 0
}
