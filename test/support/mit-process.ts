/** Runs MIT's server programs for tests: on addresses of their own, ended with the test however that ends. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Servers are in sbin, which is not in everybody's path. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

const POLL_MS = 20

/** One command of theirs. */
export interface MitCommand {
  readonly env: Readonly<Record<string, string>>
  readonly command: string
  readonly args: readonly string[]
  /** What it reads. */
  readonly input?: string
}

/**
 * Which programs are not installed.
 *
 * @param names - What is needed.
 * @returns Those that are not found.
 */
export function missingPrograms(names: readonly string[]): readonly string[] {
  const env = { ...process.env, PATH }
  return names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`], { env }).status !== 0)
}

/**
 * Runs a command to its end.
 *
 * @param run - The command.
 * @returns What it printed on both streams.
 * @throws Error with that when it fails.
 */
export function runMit({ env, command, args, input = '' }: MitCommand): string {
  const ran = spawnSync(command, args, {
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', PATH, ...env },
    encoding: 'utf8',
    input,
    timeout: 60_000,
  })
  const output = `${ran.stdout}${ran.stderr}`
  if (ran.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`)
  return output
}

/** A server and what it said so far. */
export interface MitServer {
  /** Everything it printed. */
  said(): string
  /** Ends it and waits. */
  stop(): Promise<void>
}

/** How a server is started. */
export interface MitServerCommand extends MitCommand {
  /** Takes what it prints; a pipe would fill up while runMit() holds this process. */
  readonly logFile: string
  /** What it prints when it serves. */
  readonly ready: string
}

/**
 * Starts a server and waits until it says that it serves.
 *
 * @param run - The command.
 * @returns The server.
 * @throws Error with what it said when it ends instead.
 */
export async function startMit(run: MitServerCommand): Promise<MitServer> {
  const { env, command, args, logFile, ready } = run
  const log = openSync(logFile, 'a')
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {
    env: { ...process.env, PATH, ...env },
    stdio: ['ignore', 'ignore', log],
  })
  closeSync(log)
  const said = (): string => readFileSync(logFile, 'utf8')
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  while (!said().includes(ready)) {
    if (failure !== undefined || hasEnded(child)) {
      throw new Error(`${command} ended: ${said()}`, { cause: failure })
    }
    await sleep(POLL_MS)
  }
  return { said, stop: () => ended(child) }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

let addresses = 0

/**
 * A loopback address and port for a KDC, for this process alone: no port is looked for that another may take meanwhile.
 *
 * @returns `127.90.x.y:88nn`.
 */
export function ownKdcAddress(): string {
  addresses += 1
  const { pid } = process
  return `127.90.${(pid >> 8) & 0xff}.${pid & 0xff}:${8800 + addresses}`
}
