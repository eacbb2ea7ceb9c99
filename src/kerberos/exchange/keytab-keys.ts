/**
 * Our long-term keys out of a keytab: several versions side by side while a password changes.
 *
 * @module
 */

import { SUPPORTED_ETYPES, type EncryptionKey } from '../crypto/index.ts'
import { keysFor, type KeytabEntry } from '../files/index.ts'
import type { EtypeInfo2Entry } from '../messages/index.ts'
import { noKey, offeredEtypes, onlyRefused } from './own-key-errors.ts'
import type { KeyOwner, OwnKeys } from './own-secrets.ts'

/**
 * Keys that are tried when a KDC refuses the newest: it may not have learnt of it yet, or will not, when a change of
 * password failed half way. Each try counts as a wrong password.
 */
const MAX_KEYS_TRIED = 2

/** Keys of a keytab. */
export class KeytabKeys implements OwnKeys {
  readonly #owner: KeyOwner
  readonly #entries: readonly KeytabEntry[]

  constructor(owner: KeyOwner, keytab: readonly KeytabEntry[]) {
    this.#owner = owner
    this.#entries = keysFor(keytab, owner.realm, owner.principal)
    if (this.#entries.length === 0) throw noKey(owner, 'in the keytab')
    const etypes = this.#entries.map(({ key }) => key.etype)
    if (!etypes.some((etype) => SUPPORTED_ETYPES.includes(etype))) {
      throw onlyRefused(owner, 'in the keytab', etypes)
    }
  }

  toAskFor(etypes: readonly number[]): readonly number[] {
    const held = (etype: number): boolean => this.#entries.some(({ key }) => key.etype === etype)
    return [...etypes.filter(held), ...etypes.filter((etype) => !held(etype))]
  }

  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    const allowed = offeredEtypes(this.#owner, offered, etypes)
    const versions = [...new Set(this.#entries.map(({ kvno }) => kvno))]
    const keys = versions.flatMap((kvno) => this.#bestOf(kvno, allowed))
    const [newest, ...older] = keys.slice(0, MAX_KEYS_TRIED)
    if (newest !== undefined) return [newest, ...older]
    throw noKey(this.#owner, `of encryption type ${allowed.join(' or ')}`)
  }

  forTicket(etype: number, kvno: number | undefined): readonly EncryptionKey[] {
    const keys = this.#entries.filter((entry) => entry.key.etype === etype)
    if (keys.length === 0) throw noKey(this.#owner, `of encryption type ${etype}`)
    // Keytabs made by hand often have wrong version numbers; decryption is authenticated, so trying is safe.
    const rank = (entry: KeytabEntry): number => (entry.kvno === kvno ? 0 : 1)
    return keys.toSorted((a, b) => rank(a) - rank(b)).map(({ key }) => key)
  }

  /** The keys of a version that are of the first allowed type; mostly one. */
  #bestOf(kvno: number, allowed: readonly number[]): readonly EncryptionKey[] {
    const keys = this.#entries.filter((entry) => entry.kvno === kvno).map(({ key }) => key)
    const best = allowed.find((etype) => keys.some((key) => key.etype === etype))
    return keys.filter(({ etype }) => etype === best)
  }
}
