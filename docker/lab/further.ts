/**
 * A domain controller beside the lab's first one, on an address of its own and in a folder of its own. On this machine itself only:
 * it needs mount namespaces.
 *
 * @module
 */

import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { labAvailability } from '../lab.ts'
import { disown, own, type Owned } from './lifetime.ts'
import { runScript, Service } from './processes.ts'
import type { Lab } from './types.ts'

/** The scripts of domain controllers. */
export const SCRIPTS: string = join(import.meta.dirname, '..', 'samba-ad')

const START_TIMEOUT_MS = 60_000
const POLL_MS = 50

/** What a controller is made of. */
export interface FurtherPlan {
  readonly name: string
  readonly address: string
  /** For the scripts; LAB_STATE is its folder. */
  readonly variables: Readonly<Record<string, string>>
  /** The script that runs it, and its arguments. */
  readonly start: readonly [string, ...string[]]
  /** The same for samba-tool. */
  readonly tool: readonly [string, ...string[]]
  /** It runs when these listen. */
  readonly ports: readonly number[]
  readonly logFile: string
}

/** A domain controller. */
export class FurtherController {
  readonly address: string
  /** `host:port`. */
  readonly kdc: string
  readonly #plan: FurtherPlan
  #service: Service | undefined

  constructor(plan: FurtherPlan) {
    this.#plan = plan
    this.address = plan.address
    this.kdc = `${plan.address}:88`
  }

  /** Starts it; resolves when it listens. */
  async start(): Promise<void> {
    const { name, ports, variables, logFile } = this.#plan
    const [script, ...args] = this.#plan.start
    const command = join(SCRIPTS, script)
    const service = new Service({ name, command, args, env: variables, logFile })
    this.#service = service
    const giveUpAt = Date.now() + START_TIMEOUT_MS
    for (const port of ports) {
      while (!(await listens(this.address, port))) {
        const late = Date.now() > giveUpAt ? `it does not listen on ${port}` : undefined
        const why = service.ended ?? late
        if (why !== undefined) throw new Error(`${name}: ${why}\n${service.lastLines()}`)
        await sleep(POLL_MS)
      }
    }
  }

  /** Ends it and waits until its addresses are free. */
  async stop(): Promise<void> {
    await this.#service?.stop()
    this.#service = undefined
  }

  /** The same without waiting. */
  kill(): void {
    this.#service?.signal('SIGKILL')
  }

  /** Runs samba-tool as if on its machine, and returns what it printed. */
  samba(...args: readonly string[]): Promise<string> {
    const [script, ...first] = this.#plan.tool
    return this.script(script, ...first, ...args)
  }

  /** Packs its directory; it must not run. */
  async pack(folder: string): Promise<void> {
    await this.script('snapshot.sh', this.snapshotIn(folder))
  }

  /** Where pack() leaves its file. */
  protected snapshotIn(folder: string): string {
    return join(folder, `${this.#plan.name}.tar.gz`)
  }

  /** Runs a script in its name. */
  protected script(name: string, ...args: readonly string[]): Promise<string> {
    return runScript({ command: join(SCRIPTS, name), args, env: this.#plan.variables })
  }
}

/**
 * Why there can be none here.
 *
 * @returns The reason, or false.
 */
export function furtherControllersMissing(): string | false {
  const { way, reason } = labAvailability()
  if (way === 'on this machine') return false
  return `further domain controllers need a lab on this machine itself: ${reason ?? way ?? ''}`
}

/**
 * Ties controllers to a lab: all end together, also when this process does.
 *
 * @param lab - The lab.
 * @param controllers - What ends before it.
 * @returns How the lab is stopped from now on.
 */
export function stopTogether(
  lab: Lab,
  controllers: readonly FurtherController[],
): () => Promise<void> {
  const owned: Owned = {
    stop: async () => {
      await Promise.all(controllers.map((each) => each.stop()))
    },
    stopAtExit: () => {
      for (const each of controllers) each.kill()
    },
  }
  own(owned)
  return async () => {
    await owned.stop()
    disown(owned)
    await lab.stop()
  }
}

function listens(address: string, port: number): Promise<boolean> {
  const socket = connect(port, address)
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
