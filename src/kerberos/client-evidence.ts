/**
 * Evidence that outlives our keys: a KDC refuses an S4U2Proxy whose evidence is under a key that it no longer holds for us, as Samba does
 * from the moment our password has changed. Then the same user's evidence is got anew, once.
 *
 * @module
 */

import { KdcReplyError } from './errors.ts'
import type { Evidence, S4uUser } from './exchange/index.ts'
import { KrbErrorCode } from './iana/index.ts'

/** What a KDC says to a ticket that it cannot open, or not any more. */
const NOT_OPENED: readonly number[] = [
  KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
  KrbErrorCode.KRB_AP_ERR_BADKEYVER,
]

interface Origin {
  readonly user: S4uUser
  /** What has taken the evidence's place. */
  successor?: Evidence
}

/** Remembers for whom evidence was got. */
export class EvidenceOrigins {
  readonly #origins = new WeakMap<Evidence, Origin>()
  readonly #impersonate: (user: S4uUser, signal?: AbortSignal) => Promise<Evidence>

  constructor(impersonate: (user: S4uUser, signal?: AbortSignal) => Promise<Evidence>) {
    this.#impersonate = impersonate
  }

  /**
   * Gets evidence, and remembers whose it is.
   *
   * @param user - Whom to act for.
   * @param signal - Gives up.
   * @returns The evidence.
   */
  async get(user: S4uUser, signal?: AbortSignal): Promise<Evidence> {
    const evidence = await this.#impersonate(user, signal)
    this.#origins.set(evidence, { user })
    return evidence
  }

  /**
   * Delegates with evidence; with newer evidence of the same user where the KDC cannot open it.
   *
   * Whoever decided by the groups in the evidence that this user may be acted for decided for those alone: with others the
   * refusal stands.
   *
   * @param evidence - From `get`, or anywhere else; then nothing is known of it, and a refusal is final.
   * @param delegate - Delegates.
   * @param signal - Gives up.
   * @returns What `delegate` returns.
   * @throws What `delegate` throws.
   */
  async use<T>(
    evidence: Evidence,
    delegate: (evidence: Evidence) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const origin = this.#origins.get(evidence)
    try {
      return await delegate(origin?.successor ?? evidence)
    } catch (error) {
      if (origin === undefined || !isNotOpened(error)) throw error
      const fresh = await this.#impersonate(origin.user, signal)
      if (!sameAuthority(fresh, evidence)) throw error
      origin.successor = fresh
      return delegate(fresh)
    }
  }
}

function isNotOpened(error: unknown): boolean {
  return error instanceof KdcReplyError && NOT_OPENED.includes(error.krbErrorCode)
}

function sameAuthority(a: Evidence, b: Evidence): boolean {
  if (a.sid !== b.sid || a.groupSids.length !== b.groupSids.length) return false
  const groups = new Set(b.groupSids)
  return a.groupSids.every((sid) => groups.has(sid))
}
