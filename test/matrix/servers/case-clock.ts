/** The clock of one program of a case. */

import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { FakedClock } from '../../support/faked-clock.ts'
import type { Server } from '../case.ts'

/** A clock that can be put wrong; there is a file behind it as long as the case runs. */
export class CaseClock implements Server {
  #faked: FakedClock | undefined

  /** Lays the file down; the clock is right. */
  start(): Promise<Server> {
    const faked = new FakedClock()
    // Apache's workers are not root.
    chmodSync(dirname(faked.environment['FAKETIME_TIMESTAMP_FILE'] ?? ''), 0o755)
    this.#faked = faked
    return Promise.resolve(this)
  }

  /** What makes a program go by it. */
  get environment(): Readonly<Record<string, string>> {
    return this.#faked?.environment ?? {}
  }

  /** By how many seconds it is ahead from now on. */
  set(seconds: number): Promise<void> {
    this.#faked?.set(seconds)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#faked?.remove()
    return Promise.resolve()
  }
}
