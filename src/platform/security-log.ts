/**
 * Security events: what a peer did that an honest one does not. Each is a log line of one stable shape, `event: 'security'`
 * with `code` and `what`, for whoever collects logs. A flood of them must not fill the disk: of each code only so many lines
 * are written in a window of time, and then one that says how many were left out.
 *
 * @module
 */

import type { Clock, LogFields, Logger, Timer } from './ports.ts'

/** What happened. */
export interface SecurityEvent {
  /** The stable code of the refusal. */
  readonly code: string
  /** A few words with hyphens that name the kind of event; stable too. */
  readonly what: string
  /** What else is known: app, user, request, reason. Never a secret; only as many values as an attacker may choose. */
  readonly fields?: LogFields
}

/** Bounds of a security log. */
export interface SecurityLogLimits {
  /** Lines of one code in one window. Default 20. */
  readonly lines?: number
  /** Length of a window, milliseconds. Default 60 000. */
  readonly windowMs?: number
}

interface Window {
  written: number
  suppressed: number
  timer: Timer
}

/** Longest text of a field; what an attacker chose may be longer. */
const MAX_TEXT = 300

/** Writes and counts security events. */
export class SecurityLog {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #lines: number
  readonly #windowMs: number
  /** By code: those of our own program, so there are few. */
  readonly #windows = new Map<string, Window>()
  #count = 0

  constructor(ports: { logger: Logger; clock: Clock }, limits: SecurityLogLimits = {}) {
    this.#logger = ports.logger
    this.#clock = ports.clock
    this.#lines = limits.lines ?? 20
    this.#windowMs = limits.windowMs ?? 60_000
  }

  /** Every event so far, the suppressed ones included. */
  get count(): number {
    return this.#count
  }

  /**
   * Reports an event.
   *
   * @param event - What happened.
   */
  report(event: SecurityEvent): void {
    this.#count++
    const window = this.#windows.get(event.code) ?? this.#open(event)
    if (window.written >= this.#lines) {
      window.suppressed++
      return
    }
    window.written++
    this.#logger.warn('security event', lineOf(event, cut(event.fields ?? {})))
  }

  /** Writes what was left out, and sets no further timer. */
  close(): void {
    for (const { timer } of this.#windows.values()) timer.cancel()
    for (const code of [...this.#windows.keys()]) this.#end(code)
  }

  #open({ code }: SecurityEvent): Window {
    const timer = this.#clock.setTimer(this.#windowMs, () => {
      this.#end(code)
    })
    const window = { written: 0, suppressed: 0, timer }
    this.#windows.set(code, window)
    return window
  }

  #end(code: string): void {
    const suppressed = this.#windows.get(code)?.suppressed ?? 0
    this.#windows.delete(code)
    if (suppressed === 0) return
    const rest = { suppressed, windowMs: this.#windowMs }
    this.#logger.warn('security event', lineOf({ code, what: 'suppressed' }, rest))
  }
}

function lineOf({ code, what }: SecurityEvent, fields: LogFields): LogFields {
  return { ...fields, event: 'security', code, what }
}

function cut(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.slice(0, MAX_TEXT) : value,
  ])
  return Object.fromEntries(entries) as LogFields
}
