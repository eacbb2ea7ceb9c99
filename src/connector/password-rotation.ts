/**
 * Changes the password of the connector's own account when it is old enough: off unless connector.yaml asks for it.
 *
 * What decides is the keytab's own time, looked at again and again, so that a restart, a clock that was put right and a rotation
 * by hand all count. It never happens while another connector may be this account with a keytab of its own: a gateway must have said that there
 * is none, unless connector.yaml says that all of them read this very file.
 *
 * @module
 */

import {
  backoffDelayMs,
  errorCode,
  errorMend,
  errorText,
  fraction,
  type Clock,
  type Logger,
  type Random,
  type Timer,
} from '../platform/index.ts'
import type { RotatedPassword } from '../kerberos/index.ts'
import type { AccountMessage } from '../tunnel/index.ts'
import type { RotatePasswordConfig } from './config-rotation.ts'

/** A keytab as it is now. */
export interface KeytabState {
  /** When its newest keys were written, milliseconds since the epoch. */
  readonly changedAtMs: number
  /** Since when a new password waits beside it: a rotation that is under way, or was stopped. */
  readonly pendingSinceMs?: number | undefined
}

/** What a rotation works through. */
export interface PasswordRotationPorts {
  /** The account with its realm. */
  readonly principal: string
  /** Looks at the keytab. */
  readonly look: () => Promise<KeytabState>
  /** Changes the password; see rotatePassword of the Kerberos room. */
  readonly rotate: () => Promise<RotatedPassword>
  /** Time. */
  readonly clock: Clock
  /** Spreads the rotations of several connectors, and repeats. */
  readonly random: Random
  /** Told what was done, and what stands against it. */
  readonly logger: Logger
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const isoTime = (ms: number): string => new Date(ms).toISOString()

/** Why it is not done although it is time. */
interface Held {
  readonly reason: string
  readonly mend: string
}

const UNKNOWN: Held = {
  reason: 'no gateway has said yet whether other connectors are this account',
  mend: 'Wait for the tunnel; a gateway of an older version never says it: update it, or rotate by hand.',
}

/** Rotates the password of one account for as long as the connector runs. */
export class PasswordRotation {
  readonly #settings: RotatePasswordConfig
  readonly #ports: PasswordRotationPorts
  /** How many connectors are this account, as a gateway said last. */
  #connectors: number | undefined
  /** The keys that are seen now: since when, and by how much after their time they are replaced. */
  #seen: { readonly changedAtMs: number; readonly atMs: number; readonly spreadMs: number }
  #failures = 0
  #told: string | undefined
  #timer: Timer | undefined
  #checking: Promise<void> | undefined
  #stopped = false

  constructor(settings: RotatePasswordConfig, ports: PasswordRotationPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#seen = { changedAtMs: NaN, atMs: NaN, spreadMs: 0 }
  }

  /** Looks now, and whenever it may be time. */
  start(): void {
    this.#check()
  }

  /**
   * Takes a gateway's word of how many connectors are an account.
   *
   * @param message - The word.
   */
  heard({ principal, connectors }: AccountMessage): void {
    if (principal.toLowerCase() !== this.#ports.principal.toLowerCase()) return
    const before = this.#connectors
    this.#connectors = connectors
    // After a failure the wait goes on whatever gateways say.
    if (before !== connectors && this.#failures === 0) this.#check()
  }

  /**
   * Begins nothing more, and waits for a rotation that is under way; one that is cut off is gone on with at the next start.
   *
   * @param withinMs - Longest wait, milliseconds.
   */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    if (this.#checking === undefined) return
    const late = Promise.withResolvers<undefined>()
    const timer = this.#ports.clock.setTimer(withinMs, () => {
      late.resolve(undefined)
    })
    await Promise.race([this.#checking, late.promise])
    timer.cancel()
  }

  #check(): void {
    if (this.#stopped || this.#checking !== undefined) return
    this.#timer?.cancel()
    this.#checking = this.#act()
      .catch((error: unknown) => this.#failed(error))
      .then((waitMs) => {
        this.#checking = undefined
        if (this.#stopped) return
        this.#timer = this.#ports.clock.setTimer(waitMs, () => {
          this.#check()
        })
      })
  }

  /** Does what is due; says after which time to look again. */
  async #act(): Promise<number> {
    const checkMs = this.#settings.checkMinutes * MINUTE_MS
    const waitMs = this.#dueAt(await this.#ports.look()) - this.#ports.clock.nowMs()
    if (waitMs > 0) return Math.min(waitMs, checkMs)
    const held = this.#held()
    if (held !== undefined) {
      this.#tellHeld(held)
      return checkMs
    }
    const { kvno, resumed } = await this.#ports.rotate()
    this.#failures = 0
    this.#told = undefined
    const { principal, logger } = this.#ports
    const fields = { event: 'password-rotated', principal, kvno, resumed }
    logger.info('the password of the connector’s account was rotated', fields)
    return checkMs
  }

  #dueAt({ changedAtMs, pendingSinceMs }: KeytabState): number {
    const { spreadHours, resumeAfterMinutes } = this.#settings
    if (pendingSinceMs !== undefined) return pendingSinceMs + resumeAfterMinutes * MINUTE_MS
    if (this.#seen.changedAtMs !== changedAtMs) {
      const spreadMs = spreadHours * HOUR_MS * fraction(this.#ports.random)
      this.#seen = { changedAtMs, atMs: this.#ports.clock.nowMs(), spreadMs }
      this.#tellPlanned()
    }
    return this.#plannedAt()
  }

  /** Keys that are too old when they are first seen (several connectors after an update) are spread over time too. */
  #plannedAt(): number {
    const { changedAtMs, atMs, spreadMs } = this.#seen
    return Math.max(changedAtMs + this.#settings.everyDays * DAY_MS, atMs) + spreadMs
  }

  /** Once for each password: at the start, and when a new one is seen, whoever set it. */
  #tellPlanned(): void {
    const { principal, logger } = this.#ports
    logger.info('the password of the connector’s account has a date for its next rotation', {
      ...{ event: 'password-rotation-planned', principal },
      ...{ changedAt: isoTime(this.#seen.changedAtMs), plannedAt: isoTime(this.#plannedAt()) },
    })
  }

  #held(): Held | undefined {
    if (this.#settings.sharedKeytab || this.#connectors === 1) return undefined
    if (this.#connectors === undefined) return UNKNOWN
    return {
      reason: `${this.#connectors} connectors are this account: a new password would lock the others out`,
      mend: 'Give each connector an account of its own; revoke registrations that are no longer used. Only where all of them read this very keytab file say rotatePassword.sharedKeytab: true.',
    }
  }

  /** Once for each reason: it may hold for weeks. */
  #tellHeld({ reason, mend }: Held): void {
    if (this.#told === reason) return
    this.#told = reason
    const { principal, logger } = this.#ports
    const code = 'ERR_CONNECTOR_ROTATION_HELD'
    const fields = { event: 'password-rotation-held', code, principal, reason, mend }
    logger.warn('the password of the connector’s account is due and is not rotated', fields)
  }

  #failed(error: unknown): number {
    this.#failures += 1
    const { retryFirstMinutes, retryMaxHours } = this.#settings
    const backoff = {
      firstDelayMs: retryFirstMinutes * MINUTE_MS,
      maxDelayMs: Math.max(retryMaxHours * HOUR_MS, retryFirstMinutes * MINUTE_MS),
    }
    const { principal, logger, random } = this.#ports
    const retryInMs = Math.round(backoffDelayMs(this.#failures, backoff, random))
    logger.error('the password of the connector’s account could not be rotated', {
      ...{ event: 'password-rotation-failed', code: errorCode(error), principal },
      ...{
        reason: errorText(error),
        mend: errorMend(error),
      },
      ...{ attempt: this.#failures, retryInMs },
    })
    return retryInMs
  }
}
