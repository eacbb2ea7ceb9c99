/**
 * The long-term keys of our own principal: out of a keytab, or made from a password with the KDC's salt.
 *
 * @module
 */

import {
  etypeName,
  RENEW_AES_KEYS,
  stringToKey,
  SUPPORTED_ETYPES,
  type EncryptionKey,
} from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { keysFor, type KeytabEntry } from '../files/index.ts'
import { formatPrincipal, type EtypeInfo2Entry, type PrincipalName } from '../messages/index.ts'

/** A password from which keys are made. */
export interface PasswordSecret {
  /** The password. */
  readonly password: string
}

/** Who we are and how we prove it. */
export interface ClientIdentity {
  /** Our name. */
  readonly principal: PrincipalName
  /** Our realm. */
  readonly realm: string
  /** A decoded keytab (entries of other principals are passed over) or a password. */
  readonly keys: readonly KeytabEntry[] | PasswordSecret
}

/** Key versions that are tried when a KDC refuses the newest: it may not have learnt of it yet. */
const MAX_VERSIONS_TRIED = 2

/** Our long-term keys. */
export interface OwnKeys {
  /**
   * Encryption types to ask for: those of our keys first, since a KDC answers under the first type it has a key of.
   *
   * @param etypes - Encryption types we allow, in order of preference.
   */
  toAskFor(etypes: readonly number[]): readonly number[]
  /**
   * Keys to prove ourselves with in an AS exchange, the best first.
   *
   * @param offered - The KDC's ETYPE-INFO2, empty when it sent none.
   * @param etypes - Encryption types we allow, in order of preference.
   * @throws KerberosError ERR_KRB_NO_KEY when there is none, or the KDC has none of an allowed type.
   */
  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
  ): readonly [EncryptionKey, ...EncryptionKey[]]
  /**
   * Keys that may open a ticket for us, those of its key version first.
   *
   * @throws KerberosError ERR_KRB_NO_KEY when there is none of the type.
   */
  forTicket(etype: number, kvno: number | undefined): readonly EncryptionKey[]
}

/**
 * The keys of an identity.
 *
 * @param identity - Who we are.
 * @returns Its keys.
 * @throws KerberosError ERR_KRB_NO_KEY when the keytab has none for the principal.
 */
export function ownKeys(identity: ClientIdentity): OwnKeys {
  return 'password' in identity.keys
    ? new PasswordKeys(identity, identity.keys.password)
    : new KeytabKeys(identity, identity.keys)
}

function noKey(identity: ClientIdentity, what: string): KerberosError {
  const name = formatPrincipal(identity.principal, identity.realm)
  return new KerberosError('ERR_KRB_NO_KEY', `${name} has no key ${what}`, {
    mend: `Write the keytab again, for instance: samba-tool domain exportkeytab FILE --principal='${name}'.`,
  })
}

/** RC4 and DES are never used: such an account needs new keys. */
function onlyRefused(
  identity: ClientIdentity,
  where: string,
  etypes: readonly number[],
): KerberosError {
  const name = formatPrincipal(identity.principal, identity.realm)
  const has = [...new Set(etypes)].map(etypeName).join(', ')
  const what = `${name} has no key that may be used ${where}, only ${has}`
  return new KerberosError('ERR_KRB_NO_KEY', what, { mend: RENEW_AES_KEYS })
}

class KeytabKeys implements OwnKeys {
  readonly #identity: ClientIdentity
  readonly #entries: readonly KeytabEntry[]

  constructor(identity: ClientIdentity, keytab: readonly KeytabEntry[]) {
    this.#identity = identity
    this.#entries = keysFor(keytab, identity.realm, identity.principal)
    if (this.#entries.length === 0) throw noKey(identity, 'in the keytab')
    const etypes = this.#entries.map(({ key }) => key.etype)
    if (!etypes.some((etype) => SUPPORTED_ETYPES.includes(etype))) {
      throw onlyRefused(identity, 'in the keytab', etypes)
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
    const allowed = offeredEtypes(this.#identity, offered, etypes)
    for (const etype of allowed) {
      const keys = this.#entries.filter((entry) => entry.key.etype === etype).map(({ key }) => key)
      const [newest, ...older] = keys.slice(0, MAX_VERSIONS_TRIED)
      if (newest !== undefined) return [newest, ...older]
    }
    throw noKey(this.#identity, `of encryption type ${allowed.join(' or ')}`)
  }

  forTicket(etype: number, kvno: number | undefined): readonly EncryptionKey[] {
    const keys = this.#entries.filter((entry) => entry.key.etype === etype)
    if (keys.length === 0) throw noKey(this.#identity, `of encryption type ${etype}`)
    // Keytabs made by hand often have wrong version numbers; decryption is authenticated, so trying is safe.
    const rank = (entry: KeytabEntry): number => (entry.kvno === kvno ? 0 : 1)
    return keys.toSorted((a, b) => rank(a) - rank(b)).map(({ key }) => key)
  }
}

/** Types that both sides allow, in our order; ours where the KDC named none. */
function offeredEtypes(
  identity: ClientIdentity,
  offered: readonly EtypeInfo2Entry[],
  etypes: readonly number[],
): readonly number[] {
  if (offered.length === 0) return etypes
  const types = offered.map(({ etype }) => etype)
  const both = etypes.filter((etype) => types.includes(etype))
  if (both.length === 0) throw onlyRefused(identity, 'at the KDC', types)
  return both
}

class PasswordKeys implements OwnKeys {
  readonly #identity: ClientIdentity
  readonly #password: string
  /** The key of each type, made with the salt the KDC named last. */
  readonly #keys = new Map<number, { readonly salting: string; readonly key: EncryptionKey }>()

  constructor(identity: ClientIdentity, password: string) {
    this.#identity = identity
    this.#password = password
  }

  toAskFor(etypes: readonly number[]): readonly number[] {
    return etypes
  }

  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
  ): readonly [EncryptionKey, ...EncryptionKey[]] {
    for (const etype of offeredEtypes(this.#identity, offered, etypes)) {
      return [this.#make(offered.find((entry) => entry.etype === etype) ?? { etype })]
    }
    throw noKey(this.#identity, 'of a type that the KDC offers')
  }

  forTicket(etype: number): readonly EncryptionKey[] {
    return [this.#keys.get(etype)?.key ?? this.#make({ etype })]
  }

  #make({ etype, salt = this.#defaultSalt(), s2kparams }: EtypeInfo2Entry): EncryptionKey {
    const iterations = iterationsOf(s2kparams)
    const salting = `${iterations ?? 'default'} ${salt}`
    const known = this.#keys.get(etype)
    if (known?.salting === salting) return known.key
    const key = stringToKey(etype, this.#password, salt, iterations)
    this.#keys.set(etype, { salting, key })
    return key
  }

  /** RFC 4120 section 4: realm and components run together. */
  #defaultSalt(): string {
    return this.#identity.realm + this.#identity.principal.nameString.join('')
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
