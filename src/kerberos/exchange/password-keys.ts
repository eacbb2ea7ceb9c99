/**
 * Our long-term keys, made from a password (RFC 4120 section 5.2.7.5, RFC 3962 section 4).
 *
 * @module
 */

import { stringToKey, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import type { EtypeInfo2Entry } from '../messages/index.ts'
import { noKey, offeredEtypes } from './own-key-errors.ts'
import type { KeyOwner, OwnKeys, PasswordSecret } from './own-secrets.ts'

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
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    const [best] = offeredEtypes(this.#owner, offered, etypes)
    if (best === undefined) throw noKey(this.#owner, 'of a type that the KDC offers')
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

/** RFC 3962 section 4, RFC 8009 section 4: four octets, big-endian; absent, the type's default counts. */
function iterationsOf(s2kparams: Uint8Array | undefined): number | undefined {
  if (s2kparams === undefined) return undefined
  if (s2kparams.length !== 4) {
    throw new KerberosError('ERR_KRB_DECODE', 'ETYPE-INFO2.s2kparams: 4 octets wanted')
  }
  return new DataView(s2kparams.buffer, s2kparams.byteOffset).getUint32(0)
}
