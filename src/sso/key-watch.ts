/**
 * Looks after the issuers' keys: an issuer that withdraws one takes back what it signed with it. The sets are fetched now and then
 * although no token asks for it, and sign-ins that were found good are judged again where a key has gone. Requests pay nothing.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger, type Timer } from '../platform/index.ts'
import type { SsoLimits } from './limits.ts'
import type { KeySource } from './ports.ts'
import type { ProofVerifier, Verdict } from './proof.ts'

/** What it works through. */
export interface KeyWatchPorts {
  readonly keys: KeySource
  readonly proofs: Pick<ProofVerifier, 'issuers' | 'judgeAgain'>
  readonly clock: Clock
  readonly logger: Logger
  /** Told of sign-ins that stand no more. */
  readonly onWithdrawn: (verdicts: readonly Verdict[]) => void
}

const MINUTE_MS = 60_000

/** One for all issuers. */
export class KeyWatch {
  readonly #ports: KeyWatchPorts
  readonly #limits: Pick<SsoLimits, 'keysCheckMinutes' | 'transportRetryMs'>
  /** A key has gone, and what it signed has not been judged again yet. */
  readonly #due = new Set<string>()
  readonly #judging = new Set<string>()
  #timer: Timer | undefined
  #checking = false
  #closed = false

  constructor(
    ports: KeyWatchPorts,
    limits: Pick<SsoLimits, 'keysCheckMinutes' | 'transportRetryMs'>,
  ) {
    this.#ports = ports
    this.#limits = limits
    ports.keys.onKeyGone?.((issuer) => void this.#judgeAgain(issuer))
  }

  /** A sign-in was found good: its issuer's keys are looked after from now on, for as long as it lasts. */
  start(): void {
    if (this.#timer !== undefined || this.#checking || this.#closed) return
    if (this.#ports.keys.refresh !== undefined) this.#later(this.#everyMs)
  }

  get #everyMs(): number {
    return this.#limits.keysCheckMinutes * MINUTE_MS
  }

  #later(delayMs: number): void {
    if (this.#closed) return
    this.#timer = this.#ports.clock.setTimer(delayMs, () => {
      this.#timer = undefined
      void this.#check()
    })
  }

  async #check(): Promise<void> {
    const issuers = this.#ports.proofs.issuers()
    // At once, and not after an await: a sign-in verified in between would find a check under way, and start none.
    if (issuers.length === 0) return
    this.#checking = true
    const fresh = await Promise.all(issuers.map((issuer) => this.#refresh(issuer)))
    this.#checking = false
    const { transportRetryMs } = this.#limits
    this.#later(fresh.every(Boolean) ? this.#everyMs : Math.min(transportRetryMs, this.#everyMs))
  }

  /** The source itself says in the log what keeps it from fetching; what was found good stands until then. */
  async #refresh(issuer: string): Promise<boolean> {
    try {
      await this.#ports.keys.refresh?.(issuer)
    } catch {
      return false
    }
    if (this.#due.has(issuer)) await this.#judgeAgain(issuer)
    return !this.#due.has(issuer)
  }

  async #judgeAgain(issuer: string): Promise<void> {
    this.#due.add(issuer)
    if (this.#judging.has(issuer)) return
    this.#judging.add(issuer)
    try {
      while (this.#due.delete(issuer)) {
        const withdrawn = await this.#ports.proofs.judgeAgain(issuer)
        this.#report(issuer, withdrawn)
      }
    } catch (error) {
      this.#due.add(issuer)
      const details = { issuer, code: errorCode(error), reason: errorText(error) }
      this.#ports.logger.warn('sign-ins could not be judged again by the new keys', details)
    } finally {
      this.#judging.delete(issuer)
    }
  }

  #report(issuer: string, withdrawn: readonly Verdict[]): void {
    if (this.#closed || withdrawn.length === 0) return
    const { logger, onWithdrawn } = this.#ports
    logger.warn('the issuer has withdrawn a key: sign-ins under it have ended', {
      issuer,
      signIns: withdrawn.length,
      code: 'ERR_SSO_PROOF_WITHDRAWN',
    })
    onWithdrawn(withdrawn)
  }

  /** Fetches nothing more. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }
}
