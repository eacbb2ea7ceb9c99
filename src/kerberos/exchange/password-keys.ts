/**
 * Our long-term keys, made from a password (RFC 4120 section 5.2.7.5, RFC 3962 section 4).
 *
 * @module
 */

import { stringToKey, type EncryptionKey } from '../crypto/index.ts'
import type { EtypeInfo2Entry } from '../messages/index.ts'
import { noKey, offeredEtypes } from './own-key-errors.ts'
import type { KeyOwner, OwnKeys, PasswordSecret } from './own-secrets.ts'
import { checkWork, iterationsOf, STRING_TO_KEY_LIMITS } from './string-to-key-limits.ts'
import type { StringToKeyLimits } from './types.ts'

/** Keys that are made from a password, with the salt the KDC names. */
export class PasswordKeys implements OwnKeys {
  readonly #owner: KeyOwner
  readonly #secret: PasswordSecret
  /** What the KDC named last for each type. */
  readonly #named = new Map<number, EtypeInfo2Entry>()
  readonly #keys = new Map<number, { readonly salting: string; readonly key: EncryptionKey }>()

  constructor(owner: KeyOwner, secret: PasswordSecret) {
    this.#owner = owner
    this.#secret = secret
  }

  toAskFor(etypes: readonly number[]): readonly number[] {
    return etypes
  }

  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
    limits: StringToKeyLimits = STRING_TO_KEY_LIMITS,
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    const [best] = offeredEtypes(this.#owner, offered, etypes)
    if (best === undefined) throw noKey(this.#owner, 'of a type that the KDC offers')
    checkWork(this.#owner, offered.find(({ etype }) => etype === best) ?? { etype: best }, limits)
    for (const entry of offered) this.#named.set(entry.etype, entry)
    return [this.#make(best)]
  }

  forTicket(etype: number): readonly EncryptionKey[] {
    return [this.#make(etype)]
  }

  #make(etype: number): EncryptionKey {
    const { salt = this.#defaultSalt(), s2kparams } = this.#named.get(etype) ?? {}
    const iterations = iterationsOf(s2kparams)
    const salting = `${iterations ?? 'default'} ${salt}`
    const known = this.#keys.get(etype)
    if (known?.salting === salting) return known.key
    const key = stringToKey(etype, this.#secret.password, salt, iterations)
    this.#keys.set(etype, { salting, key })
    return key
  }

  /** RFC 4120 section 4: realm and components run together. */
  #defaultSalt(): string {
    const { realm, principal } = this.#owner
    return this.#secret.salt ?? realm + principal.nameString.join('')
  }
}
