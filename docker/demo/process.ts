/**
 * A Sallyport service as a process of its own: started, watched until it says it is ready, stopped by pid.
 *
 * @module
 */

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { programEnvironment } from '../lab/own-programs.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** How many log lines are kept for the error message when a service fails. */
const KEPT_LINES = 2000

/** One line of a service's log. */
export interface LogLine {
  readonly level?: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A running service. */
export interface ServiceProcess {
  readonly pid: number
  /** The last lines it logged. */
  readonly lines: readonly LogLine[]
  /** Resolves with the first line, past or future, that the predicate accepts; rejects when the service ends or time is up. */
  waitFor(predicate: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>
  /** Asks it to stop (SIGTERM), insists after 10 s (SIGKILL), and waits until it has ended. */
  stop(): Promise<number | null>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { msg: text }
  }
}

class RunningService implements ServiceProcess {
  readonly pid: number
  readonly lines: LogLine[] = []
  readonly #child: ChildProcess
  readonly #name: string
  readonly #ended: Promise<unknown>
  readonly #watchers = new Set<(line: LogLine | undefined) => void>()

  constructor(name: string, child: ChildProcess) {
    if (child.pid === undefined || child.stderr === null) throw new Error(`${name} did not start`)
    this.pid = child.pid
    this.#name = name
    this.#child = child
    this.#ended = once(child, 'exit')
    const reader = createInterface(child.stderr)
    reader.on('line', (text) => {
      this.#take(parseLine(text))
    })
    reader.on('close', () => {
      for (const watch of this.#watchers) watch(undefined)
    })
  }

  #take(line: LogLine): void {
    this.lines.push(line)
    if (this.lines.length > KEPT_LINES) this.lines.shift()
    for (const watch of this.#watchers) watch(line)
  }

  waitFor(predicate: (line: LogLine) => boolean, timeoutMs = 20_000): Promise<LogLine> {
    const past = this.lines.find(predicate)
    if (past !== undefined) return Promise.resolve(past)
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer)
        this.#watchers.delete(watch)
        act()
      }
      const fail = (reason: string) => {
        finish(() => {
          reject(new Error(`${this.#name} ${reason}; its last words:\n${this.lastWords()}`))
        })
      }
      const watch = (line: LogLine | undefined) => {
        if (line === undefined) fail('ended')
        else if (predicate(line)) {
          finish(() => {
            resolve(line)
          })
        }
      }
      const timer = setTimeout(() => {
        fail(`did not get there within ${timeoutMs} ms`)
      }, timeoutMs)
      this.#watchers.add(watch)
    })
  }

  lastWords(): string {
    return this.lines
      .slice(-12)
      .map((line) => `  ${JSON.stringify(line)}`)
      .join('\n')
  }

  async stop(): Promise<number | null> {
    if (!this.#hasEnded()) {
      this.#child.kill('SIGTERM')
      const insist = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
      await this.#ended
      clearTimeout(insist)
    }
    return this.#child.exitCode
  }

  async kill(): Promise<void> {
    if (this.#hasEnded()) return
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

/** How a process is run. One field is required: with none, TypeScript would take the variables themselves for it. */
export interface RunAs {
  /** Added to the environment of this process. */
  readonly environment: Readonly<Record<string, string>> | undefined
  /** As this user and the group of the same number. Default: as this process. */
  readonly uid?: number | undefined
}

/** As this process is. */
const ALIKE: RunAs = { environment: undefined }

function spawnOptions({ environment, uid }: RunAs): Pick<SpawnOptions, 'env' | 'uid' | 'gid'> {
  return {
    env: programEnvironment(environment),
    ...(uid !== undefined && { uid, gid: uid }),
  }
}

/**
 * Starts `sallyport <args>` and waits until its log says that it is ready.
 *
 * @param args - Command and options.
 * @param ready - The message that says so, or what knows such a line.
 * @param how - As whom, in which environment.
 * @returns The running service.
 */
export async function startService(
  args: readonly string[],
  ready: string | ((line: LogLine) => boolean),
  how: RunAs = ALIKE,
): Promise<ServiceProcess> {
  // A group of its own: Ctrl-C at the terminal reaches the demo, which then stops its services in order.
  const child = spawn(process.execPath, ['--disable-sigusr1', CLI, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    detached: true,
    ...spawnOptions(how),
  })
  const service = new RunningService(`sallyport ${args.slice(0, 2).join(' ')}`, child)
  try {
    await service.waitFor(typeof ready === 'string' ? (line) => line.msg === ready : ready)
  } catch (error) {
    await service.kill()
    throw error
  }
  return service
}

/** What a command that has ended said. */
export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a command is given besides its arguments: standard input, as whom it runs, or both. */
export type CommandInput = RunAs | (Partial<RunAs> & { readonly stdin: string })

/**
 * Runs `sallyport <args>` to its end.
 *
 * @param args - Command and options.
 * @param input - Standard input, as whom, in which environment.
 * @returns Exit status and output.
 */
export async function runCommand(
  args: readonly string[],
  input: CommandInput = ALIKE,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: 'pipe',
    ...spawnOptions({ ...ALIKE, ...input }),
  })
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
  child.stdin.end('stdin' in input ? input.stdin : '')
  await once(child, 'close')
  return {
    status: child.exitCode,
    stdout: Buffer.concat(chunks.stdout).toString('utf8'),
    stderr: Buffer.concat(chunks.stderr).toString('utf8'),
  }
}
