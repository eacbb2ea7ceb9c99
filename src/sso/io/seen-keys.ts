/**
 * Notices that a key set no longer holds a key that it held.
 *
 * @module
 */

/** A JSON Web Key Set (RFC 7517 section 5). */
interface KeySet {
  readonly keys?: readonly unknown[]
}

/** What one issuer's set held when it was last looked at. */
export class SeenKeys {
  #set: KeySet | undefined
  #keys: ReadonlySet<string> = new Set()

  /**
   * Looks at the set.
   *
   * @param set - As fetched; the same object for as long as nothing was fetched.
   * @returns True when a key is gone, or is another one under its old name. Keys that have come are no loss.
   */
  hasLost(set: KeySet | undefined): boolean {
    if (set === this.#set || set === undefined) return false
    this.#set = set
    const former = this.#keys
    this.#keys = new Set((set.keys ?? []).map((key) => JSON.stringify(key)))
    return [...former].some((key) => !this.#keys.has(key))
  }
}
