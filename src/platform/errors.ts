/**
 * The root of every error that Sallyport throws on purpose.
 *
 * Tests, metrics, error pages and `doctor` switch on `code`, never on the message.
 *
 * @module
 */

/** What an error may carry besides its message. */
export interface SallyportErrorOptions extends ErrorOptions {
  /** What the reader can do about it, one sentence or command. */
  readonly mend?: string
}

/** An expected fault: a stable code, what was wrong and where, and the mend. Never holds a secret. */
export class SallyportError extends Error {
  /** Stable, `ERR_<ROOM>_<WHAT>`. */
  readonly code: string
  /** What to do about it, where something can be done. */
  readonly mend: string | undefined

  constructor(code: string, message: string, options: SallyportErrorOptions = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.mend = options.mend
  }
}

/**
 * The stable code of anything thrown.
 *
 * @param error - Whatever was caught.
 * @returns The `code` of an error that has one, else `ERR_UNEXPECTED`.
 */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return 'ERR_UNEXPECTED'
}

/**
 * What can be done about anything thrown.
 *
 * @param error - Whatever was caught.
 * @returns The `mend` of an error of ours that has one.
 */
export function errorMend(error: unknown): string | undefined {
  return error instanceof SallyportError ? error.mend : undefined
}

/**
 * The text of anything thrown, for a log line.
 *
 * @param error - Whatever was caught.
 * @returns The message of an Error, else its string form.
 */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
