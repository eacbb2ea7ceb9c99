/**
 * Keys that OpenSSL holds ready for use, of the forms that were used last.
 *
 * A key that is ready spares a microsecond, and costs some hundred octets in a dozen places of memory: of a hundred
 * thousand, most would have to be fetched from afar, which takes longer than to make them ready anew.
 *
 * @module
 */

import { createSecretKey } from 'node:crypto'
import type { UsageKeys } from '../crypto/encryption.ts'
import type { EtypeProfile } from '../crypto/etype.ts'

/** Forms whose keys are kept ready. */
const MAX_READY = 2048

const slots: ReadyKeys[] = []
let next = 0

/** The keys of one form; gone when others have been used since. */
export class ReadyKeys {
  #keys: UsageKeys | undefined

  /** The keys, as long as they are ready. */
  get keys(): UsageKeys | undefined {
    return this.#keys
  }

  /**
   * Makes the keys ready, in the place of those that have been ready longest.
   *
   * @param profile - Parameters of the encryption type.
   * @param octets - Ke and Ki, one behind the other; copied.
   */
  make(profile: EtypeProfile, octets: Uint8Array): UsageKeys {
    const oldest = slots[next]
    if (oldest !== undefined) oldest.#keys = undefined
    slots[next] = this
    next = (next + 1) % MAX_READY
    const { cipher, keyOctets } = profile
    const ke = createSecretKey(octets.subarray(0, keyOctets))
    const ki = createSecretKey(octets.subarray(keyOctets))
    this.#keys = { cipher, ke, ki, profile }
    return this.#keys
  }
}
