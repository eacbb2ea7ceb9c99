/**
 * What keys a KDC has made of a password: it tells version, types and salts while it checks the password.
 *
 * @module
 */

import { stringToKey, SUPPORTED_ETYPES, type EncryptionKey } from '../crypto/index.ts'
import { MessageType } from '../iana/index.ts'
import { decodeKdcRep, isKrbError } from '../messages/index.ts'
import { asExchange } from './as.ts'
import type { KeyOwner, OwnKeys } from './own-secrets.ts'
import { PasswordKeys } from './password-keys.ts'
import type { Exchange, ExchangePorts } from './types.ts'

/** The keys of a password as the KDC has them. */
export interface NewKeys {
  /** Key version number; absent where the KDC does not say. */
  readonly kvno: number | undefined
  /** The one that was proven, then those of the further types. */
  readonly keys: readonly EncryptionKey[]
}

/**
 * Proves ourselves by a password and notes what the KDC says about its keys.
 *
 * @param owner - Whose password.
 * @param password - The password, and further types of which a key is wanted: KDCs name but the types they would use.
 * @param ports - Time, chance and settings.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The keys.
 * @throws KerberosError ERR_KRB_PREAUTH_FAILED when the KDC does not accept the password, or as the AS exchange does.
 */
export function* newKeysExchange(
  owner: KeyOwner,
  { password, etypes }: { readonly password: string; readonly etypes: readonly number[] },
  ports: ExchangePorts,
): Exchange<NewKeys> {
  const keys = new NotedKeys(owner, password)
  const exchange = asExchange({ identity: owner, keys }, ports)
  let kvno: number | undefined
  let step = exchange.next()
  while (step.done !== true) {
    const reply = yield step.value
    if (!isKrbError(reply)) kvno = decodeKdcRep(reply, MessageType.AS_REP).encPart.kvno
    step = exchange.next(reply)
  }
  return { kvno, keys: keys.all(etypes) }
}

/** Notes the salt that a KDC names. */
class NotedKeys implements OwnKeys {
  readonly #keys: PasswordKeys
  readonly #password: string
  #proven: EncryptionKey | undefined
  #salt: string | undefined

  constructor(owner: KeyOwner, password: string) {
    this.#keys = new PasswordKeys(owner, { password })
    this.#password = password
  }

  /** The key that was proven, and those of further types with its salt: a KDC has one for all types of a password. */
  all(etypes: readonly number[]): readonly EncryptionKey[] {
    const [proven, salt] = [this.#proven, this.#salt]
    if (proven === undefined) return []
    if (salt === undefined) return [proven]
    const others = [...new Set(etypes)].filter(
      (etype) => etype !== proven.etype && SUPPORTED_ETYPES.includes(etype),
    )
    return [proven, ...others.map((etype) => stringToKey(etype, this.#password, salt))]
  }

  toAskFor(...question: Parameters<OwnKeys['toAskFor']>): ReturnType<OwnKeys['toAskFor']> {
    return this.#keys.toAskFor(...question)
  }

  forProof(...question: Parameters<OwnKeys['forProof']>): ReturnType<OwnKeys['forProof']> {
    const keys = this.#keys.forProof(...question)
    const [proven] = keys
    this.#proven = proven
    this.#salt = question[0].find(({ etype }) => etype === proven.etype)?.salt
    return keys
  }

  forTicket(...[etype]: Parameters<OwnKeys['forTicket']>): ReturnType<OwnKeys['forTicket']> {
    return this.#keys.forTicket(etype)
  }
}
