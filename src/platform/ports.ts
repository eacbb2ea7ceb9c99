/**
 * The outside world as small ports. The real ones are in ./io; tests bring their own.
 *
 * @module
 */

/** A timer that was set on a Clock. */
export interface Timer {
  /** Stops it; harmless when it has already fired. */
  cancel(): void
}

/** Time. */
export interface Clock {
  /** Wall time, milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number
  /** Time that never goes backwards, milliseconds from an arbitrary origin, with fractions. */
  monotonicMs(): number
  /** Calls back once after the delay. A pending timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer
}

/** Unpredictable octets. */
export interface Random {
  /** That many octets from a cryptographic source. */
  bytes(octets: number): Uint8Array
}

/** What a log line says besides its message. Never a key, ticket, token, cookie or Authorization value. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where log lines go. */
export interface Logger {
  /** For whoever looks for a fault. */
  debug(message: string, fields?: LogFields): void
  /** What happened, as it should. */
  info(message: string, fields?: LogFields): void
  /** What should not be, and did no harm yet. */
  warn(message: string, fields?: LogFields): void
  /** What failed. */
  error(message: string, fields?: LogFields): void
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger
}
