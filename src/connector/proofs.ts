/**
 * The proofs of sign-in that one tunnel has carried. A request names its proof by id; a proof that was pushed out is asked for
 * again by ERR_SSO_PROOF_UNKNOWN.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Proof } from '../sso/index.ts'

/** Bounds. */
export interface ProofLimits {
  /** Most proofs. */
  readonly proofs: number
  /** Most octets of ID tokens. */
  readonly proofOctets: number
}

/** Proofs by id, the least recently used pushed out first. */
export class ProofCache {
  readonly #proofs: LRUCache<string, Proof>

  constructor(limits: ProofLimits) {
    this.#proofs = new LRUCache<string, Proof>({
      max: limits.proofs,
      maxSize: limits.proofOctets,
      sizeCalculation: (proof) => proof.idToken.length + proof.id.length,
    })
  }

  /** How many are kept. */
  get size(): number {
    return this.#proofs.size
  }

  /**
   * Keeps a proof. An id is never given another token: the verdict on the first one is kept under that id.
   *
   * @param proof - As the gateway sent it.
   * @returns False when the id is known with another token; the proof is then dropped, so that nothing is done in its name.
   */
  add(proof: Proof): boolean {
    const known = this.#proofs.get(proof.id)
    if (known && known.idToken !== proof.idToken) {
      this.#proofs.delete(proof.id)
      return false
    }
    this.#proofs.set(proof.id, known ?? proof)
    return true
  }

  /**
   * Finds a proof.
   *
   * @param id - Its id.
   * @returns The proof, or undefined.
   */
  get(id: string): Proof | undefined {
    return this.#proofs.get(id)
  }

  /**
   * Drops proofs.
   *
   * @param ids - Their ids; unknown ones are passed over.
   */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#proofs.delete(id)
  }
}
