/** Programs whose clock is off: Debian's faketime, with the difference in a file, so that it can change while they run. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function library(): string {
  const ran = spawnSync('faketime', ['-f', '+0s', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' })
  return ran.status === 0 ? ran.stdout.trim() : ''
}

/** Why tests with it are passed over, or false when it is installed. */
export function fakedClockMissing(): string | false {
  return library() === '' && 'faketime is not installed'
}

/** A clock for programs. */
export class FakedClock {
  /** Environment of a program that is to go by it. */
  readonly environment: Readonly<Record<string, string>>
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-clock-'))
  readonly #file = join(this.#folder, 'difference')

  constructor() {
    this.set(0)
    this.environment = {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    }
  }

  /**
   * By how many seconds it is ahead of ours, negative: behind. The file is replaced whole: libfaketime ends a program that finds it
   * empty for a moment.
   */
  set(seconds: number): void {
    const next = `${this.#file}.next`
    writeFileSync(next, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`)
    renameSync(next, this.#file)
  }

  /** Removes the file. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
