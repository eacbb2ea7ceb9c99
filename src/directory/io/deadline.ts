/**
 * Bounds a wait by time and by the caller's own signal.
 *
 * @module
 */

import type { Clock } from '../../platform/index.ts'
import { unreachable } from './unreachable.ts'

/** How long, and what to say when it was too long. */
export interface Deadline {
  /** Milliseconds. */
  readonly timeoutMs: number
  /** Ends "… took longer than". */
  readonly what: string
  /** The caller's own reason to stop waiting. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs something that must settle in time.
 *
 * @param clock - Where timers come from.
 * @param deadline - The bounds.
 * @param run - Is told by its signal when nobody waits any more; must then let go of what it holds.
 * @returns What `run` resolves to.
 * @throws DirectoryError with ERR_DIRECTORY_UNREACHABLE when time is up; the signal's reason when it aborts.
 */
export async function within<Result>(
  clock: Clock,
  deadline: Deadline,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { timeoutMs, what, signal } = deadline
  const giveUp = new AbortController()
  const stop = () => {
    giveUp.abort(signal?.reason)
  }
  signal?.throwIfAborted()
  signal?.addEventListener('abort', stop, { once: true })
  const timer = clock.setTimer(timeoutMs, () => {
    const text = `${what} took longer than ${timeoutMs} ms`
    giveUp.abort(unreachable(text))
  })
  const given = new Promise<never>((_resolve, reject) => {
    giveUp.signal.addEventListener('abort', () => {
      reject(giveUp.signal.reason as Error)
    })
  })
  try {
    return await Promise.race([run(giveUp.signal), given])
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', stop)
  }
}
