/** Further sites of the lab's Apache. */

import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabEnvironment } from '../../../docker/lab.ts'

/** Long enough for a graceful restart: new children answer before the old ones go. */
const POLL_MS = 20
const PATIENCE_MS = 10_000

/** Apache, as the lab started it. */
export class LabApache {
  readonly #lab: LabEnvironment

  constructor(lab: LabEnvironment) {
    this.#lab = lab
  }

  get #directory(): string {
    return join(this.#lab.directory, 'apache')
  }

  /** Replaces a file of sites; `reload` makes it so. */
  write(name: string, configuration: string): void {
    const sites = join(this.#directory, 'sites')
    mkdirSync(sites, { recursive: true })
    writeFileSync(join(sites, `${name}.conf`), configuration)
  }

  /** Lets the workers read a keytab. */
  allowKeytab(path: string): void {
    // Whoever runs the lab's workers owns the log that the first of them made.
    const group = statSync(join(this.#directory, 'replay')).gid
    chmodSync(path, 0o640)
    chownSync(path, -1, group)
  }

  /** Reads its configuration anew, without cutting anybody. */
  async reload(): Promise<void> {
    const log = join(this.#directory, 'error.log')
    const before = readFileSync(log, 'utf8').split('resuming normal operations').length
    process.kill(Number(readFileSync(join(this.#directory, 'pid'), 'utf8')), 'SIGUSR1')
    const giveUpAt = Date.now() + PATIENCE_MS
    for (;;) {
      const text = readFileSync(log, 'utf8')
      if (text.split('resuming normal operations').length > before) return
      if (Date.now() > giveUpAt) throw new Error(`Apache does not reload: ${text.slice(-2000)}`)
      await sleep(POLL_MS)
    }
  }
}
