/**
 * What users of the host's GSS-API library share: the optional npm package `kerberos`, asked for one thing after the other.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

// By a variable, so that no tool asks for the package where it could not be built.
const NATIVE_PACKAGE: string = 'kerberos'
const MAX_TEXT = 300

/**
 * Loads the package.
 *
 * @param needed - Begins the message of the error: who needs the package.
 * @param otherwise - Ends its mend: how to do without.
 * @returns What the package exports, seen as what the caller uses of it.
 * @throws KerberosError ERR_KRB_GSSAPI_ABSENT where it is not installed or cannot be loaded.
 */
export async function loadGssapiPackage<Native>(
  needed: string,
  otherwise: string,
): Promise<Native> {
  try {
    const { default: native } = (await import(NATIVE_PACKAGE)) as { default: Native }
    return native
  } catch (cause) {
    throw new KerberosError(
      'ERR_KRB_GSSAPI_ABSENT',
      `${needed} is not installed or cannot be loaded`,
      {
        cause,
        mend: `Install libkrb5-dev, a C++ compiler, make and Python 3, then run npm install kerberos; or ${otherwise}.`,
      },
    )
  }
}

/**
 * The library's reason.
 *
 * @param cause - What it threw.
 * @returns One line, bounded.
 */
export function libraryReason(cause: unknown): string {
  const text = (cause instanceof Error ? cause.message : '').replace(/\p{C}+/gu, ' ')
  return text.slice(0, MAX_TEXT)
}

/** The library said nothing: what was asked is neither right nor wrong. */
export class LibrarySilent extends Error {}

/** Bounds of a line. */
export interface OneAtATimeOptions {
  /** Longest wait for one piece of work, that for its turn included, milliseconds. */
  readonly timeoutMs: number
  /** Most that wait. */
  readonly maxWaiting: number
}

/** One piece of work after the other, so that a library that hangs holds one of the process's threads, not all. */
export class OneAtATime {
  readonly #options: OneAtATimeOptions
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(options: OneAtATimeOptions) {
    this.#options = options
  }

  /**
   * Does some work when all before it is done.
   *
   * @param work - The work.
   * @returns What it yields.
   * @throws LibrarySilent when too many wait or it takes too long; and as the work does.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { timeoutMs, maxWaiting } = this.#options
    if (this.#waiting >= maxWaiting) throw new LibrarySilent('too many wait for it already')
    this.#waiting++
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    try {
      return await within(done, timeoutMs)
    } finally {
      this.#waiting--
    }
  }
}

/** Rejects when it takes too long. The library's thread goes on: it cannot be stopped. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new LibrarySilent(`no answer within ${timeoutMs} ms`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
