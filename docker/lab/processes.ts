/**
 * Processes of the lab: started in a session of their own, ended as a whole, never left behind.
 *
 * Each dies with its owner even when that is killed outright: setpriv asks the kernel for a SIGTERM then.
 *
 * @module
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const STOP_TIMEOUT_MS = 15_000
const LOG_LINES = 15

/** What to start. */
export interface ServiceCommand {
  /** What it is called in messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** File that takes what it prints; kept from one start to the next. */
  readonly logFile: string
}

/** A running service. */
export class Service {
  readonly name: string
  readonly #child: ChildProcess
  readonly #logFile: string
  #ended: string | undefined

  constructor(command: ServiceCommand) {
    this.name = command.name
    this.#logFile = command.logFile
    const log = openSync(command.logFile, 'a')
    try {
      this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', command.command, ...command.args], {
        detached: true, // a process group of its own: Ctrl-C reaches the owner alone, which stops things in order
        env: { ...process.env, ...command.env },
        stdio: ['ignore', log, log],
      })
    } finally {
      closeSync(log)
    }
    this.#child.once('error', (error) => {
      this.#ended = error.message
    })
    this.#child.once('exit', (code, signal) => {
      this.#ended ??= signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`
    })
  }

  /** Its process id, which is its process group's too. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Why it is no longer running, or undefined while it is. */
  get ended(): string | undefined {
    return this.#ended
  }

  /**
   * The end of what it printed.
   *
   * @returns The last lines, indented.
   */
  lastLines(): string {
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n')
    return lines
      .slice(-LOG_LINES)
      .map((line) => `    ${line}`)
      .join('\n')
  }

  /** Ends every process of its group and waits until none is left, so that its addresses are free again. */
  async stop(): Promise<void> {
    const { pid } = this.#child
    if (pid === undefined) return
    this.signal('SIGTERM')
    const giveUpAt = Date.now() + STOP_TIMEOUT_MS
    while (groupLives(pid)) {
      if (Date.now() > giveUpAt) this.signal('SIGKILL')
      await sleep(25)
    }
  }

  /**
   * Signals the whole group, without waiting. For the last moment of a process that is ending itself.
   *
   * @param signal - Which signal.
   */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) signalGroup(this.#child.pid, signal)
  }
}

/**
 * Signals a process group; one that has gone is no error.
 *
 * @param group - Its leader's process id.
 * @param signal - Which signal.
 */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Whether a process of the group runs. Zombies do not count: their parent may be slow to look after them. */
function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  const listed = spawnSync('ps', ['-o', 'stat=', '-g', String(group)], { encoding: 'utf8' })
  return listed.stdout.split('\n').some((state) => state !== '' && !state.trim().startsWith('Z'))
}

/**
 * When a process began, to tell it from a later one that got the same id.
 *
 * @param pid - Process id.
 * @returns Its start in clock ticks after boot as text, or undefined when there is no such process.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** A script to run to its end. */
export interface ScriptRun {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Gets each line it prints, on either stream. */
  readonly onLine?: (line: string) => void
  /** Ends it with SIGTERM. */
  readonly signal?: AbortSignal
}

/**
 * Runs a script and waits for it. It dies with this process.
 *
 * @param run - What to run.
 * @returns What it printed on standard output.
 * @throws Error with its last lines when it fails.
 */
export async function runScript(run: ScriptRun): Promise<string> {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', run.command, ...run.args], {
    env: { ...process.env, ...run.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: run.signal,
  })
  const printed: string[] = []
  let output = ''
  const take = (text: string): void => {
    for (const line of text.split('\n').filter((one) => one !== '')) {
      printed.push(line)
      run.onLine?.(line)
    }
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    take(text)
  })
  child.stderr.setEncoding('utf8').on('data', take)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code === 0) return output
  const last = printed.slice(-LOG_LINES).join('\n')
  throw new Error(`${run.command} ${run.args.join(' ')} ended with ${code ?? 'a signal'}:\n${last}`)
}
