/**
 * What keys a KDC has made of a password: it tells version, types and salts while it checks the password.
 *
 * @module
 */

import { SUPPORTED_ETYPES, type EncryptionKey } from '../crypto/index.ts'
import { MessageType } from '../iana/index.ts'
import { decodeKdcRep, isKrbError, type EtypeInfo2Entry } from '../messages/index.ts'
import { asExchange } from './as.ts'
import type { KeyOwner, OwnKeys } from './own-secrets.ts'
import { PasswordKeys } from './password-keys.ts'
import type { Exchange, ExchangePorts } from './types.ts'

/** The keys of a password as the KDC has them. */
export interface NewKeys {
  /** Key version number; absent where the KDC does not say. */
  readonly kvno: number | undefined
  /** One of each type that the KDC and we speak, the one that was proven first. */
  readonly keys: readonly EncryptionKey[]
}

/**
 * Proves ourselves by a password and notes what the KDC says about its keys.
 *
 * @param owner - Whose password.
 * @param password - The password.
 * @param ports - Time, chance and settings.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The keys.
 * @throws KerberosError ERR_KRB_PREAUTH_FAILED when the KDC does not accept the password, or as the AS exchange does.
 */
export function* newKeysExchange(
  owner: KeyOwner,
  password: string,
  ports: ExchangePorts,
): Exchange<NewKeys> {
  const keys = new NotedKeys(new PasswordKeys(owner, { password }))
  const exchange = asExchange({ identity: owner, keys }, ports)
  let kvno: number | undefined
  let step = exchange.next()
  while (step.done !== true) {
    const reply = yield step.value
    if (!isKrbError(reply)) kvno = decodeKdcRep(reply, MessageType.AS_REP).encPart.kvno
    step = exchange.next(reply)
  }
  return { kvno, keys: keys.all() }
}

/** Notes the types that a KDC offers. */
class NotedKeys implements OwnKeys {
  readonly #keys: PasswordKeys
  #offered: readonly EtypeInfo2Entry[] = []
  #used = 0

  constructor(keys: PasswordKeys) {
    this.#keys = keys
  }

  /** The key that was proven, and those that differ from it in the type alone: a salt that was not used is not proven. */
  all(): readonly EncryptionKey[] {
    const proven = this.#offered.find(({ etype }) => etype === this.#used)
    const alike = this.#offered.filter(
      ({ etype, salt }) => SUPPORTED_ETYPES.includes(etype) && salt === proven?.salt,
    )
    const types = [this.#used, ...alike.map(({ etype }) => etype)]
    return [...new Set(types)].flatMap((etype) => this.#keys.forTicket(etype))
  }

  toAskFor(...question: Parameters<OwnKeys['toAskFor']>): ReturnType<OwnKeys['toAskFor']> {
    return this.#keys.toAskFor(...question)
  }

  forProof(...question: Parameters<OwnKeys['forProof']>): ReturnType<OwnKeys['forProof']> {
    const keys = this.#keys.forProof(...question)
    this.#offered = question[0]
    this.#used = keys[0].etype
    return keys
  }

  forTicket(...[etype]: Parameters<OwnKeys['forTicket']>): ReturnType<OwnKeys['forTicket']> {
    return this.#keys.forTicket(etype)
  }
}
