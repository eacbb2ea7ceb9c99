/**
 * Keys from several places as one: a password beside the one before it, a keytab beside a password that is to come.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { formatPrincipal, type EtypeInfo2Entry } from '../messages/index.ts'
import type { KeyOwner, OwnKeys } from './own-secrets.ts'
import type { StringToKeyLimits } from './types.ts'

/** Keys in order of preference. */
export class JoinedKeys implements OwnKeys {
  readonly #owner: KeyOwner
  readonly #parts: readonly OwnKeys[]

  constructor(owner: KeyOwner, parts: readonly OwnKeys[]) {
    this.#owner = owner
    this.#parts = parts
  }

  toAskFor(etypes: readonly number[]): readonly number[] {
    return this.#parts[0]?.toAskFor(etypes) ?? etypes
  }

  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
    limits?: StringToKeyLimits,
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    return this.#all((part) => part.forProof(offered, etypes, limits))
  }

  forTicket(etype: number, kvno: number | undefined): readonly EncryptionKey[] {
    return this.#all((part) => part.forTicket(etype, kvno))
  }

  /** What all parts have; the first part's error when none has any. */
  #all(
    ask: (part: OwnKeys) => readonly EncryptionKey[],
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    let missing: KerberosError | undefined
    const keys = this.#parts.flatMap((part) => {
      try {
        return ask(part)
      } catch (error) {
        if (!(error instanceof KerberosError) || error.code !== 'ERR_KRB_NO_KEY') throw error
        missing ??= error
        return []
      }
    })
    const [first, ...others] = keys
    if (first !== undefined) return [first, ...others]
    throw missing ?? this.#nothingYet()
  }

  #nothingYet(): KerberosError {
    const name = formatPrincipal(this.#owner.principal, this.#owner.realm)
    return new KerberosError('ERR_KRB_NO_KEY', `${name} has no key yet`, {
      mend: 'The log says why its password could not be read; it is tried again.',
    })
  }
}
