/**
 * Keys that OpenSSL holds ready for use, of the forms that are in use.
 *
 * A key that is ready spares a microsecond. One that is kept for a form which is not used again soon outlives the young
 * generation, with what OpenSSL holds for it, and costs ten times as much: of a hundred thousand forms in turn none is kept.
 *
 * @module
 */

import { createSecretKey } from 'node:crypto'
import type { UsageKeys } from '../crypto/encryption.ts'
import type { EtypeProfile } from '../crypto/etype.ts'

/** A form is in use while no more tokens than these have been made since its last one: its keys are kept ready then. */
const MAX_READY = 2048

const slots: ReadyKeys[] = []
let next = 0
/** Tokens made so far, of all forms. */
let made = 0

/** The keys of one form; gone when others have been used since. */
export class ReadyKeys {
  #keys: UsageKeys | undefined
  #lastMade = -MAX_READY

  /**
   * The keys for one token, kept ready where the form is in use.
   *
   * @param profile - Parameters of the encryption type.
   * @param octets - Ke and Ki, one behind the other, are in these; copied.
   * @param at - Where Ke begins.
   */
  take(profile: EtypeProfile, octets: Uint8Array, at: number): UsageKeys {
    made += 1
    const inUse = made - this.#lastMade < MAX_READY
    this.#lastMade = made
    if (this.#keys !== undefined) return this.#keys
    const { cipher, keyOctets, integrityKeyOctets } = profile
    const kiAt = at + keyOctets
    const ke = createSecretKey(octets.subarray(at, kiAt))
    const ki = createSecretKey(octets.subarray(kiAt, kiAt + integrityKeyOctets))
    const keys = { cipher, ke, ki, profile }
    if (inUse) this.#keep(keys)
    return keys
  }

  #keep(keys: UsageKeys): void {
    const oldest = slots[next]
    if (oldest !== undefined) oldest.#keys = undefined
    slots[next] = this
    next = (next + 1) % MAX_READY
    this.#keys = keys
  }
}
