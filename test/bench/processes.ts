/** Processes that a bench starts and ends, and what the kernel says about them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'

/** CPU time of a process and all its threads so far, microseconds: finer than the ticks of /proc/PID/stat. */
export function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
    nanoseconds += Number(text.split(' ')[0])
  }
  return nanoseconds / 1000
}

function childrenOf(pid: number): number[] {
  const children: number[] = []
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
    children.push(...text.split(' ').filter(Boolean).map(Number))
  }
  return children
}

/** CPU time of a process and its children (nginx: master and workers), microseconds. */
export function treeCpuMicroseconds(pid: number): number {
  return childrenOf(pid).reduce(
    (sum, child) => sum + treeCpuMicroseconds(child),
    cpuMicroseconds(pid),
  )
}

function statusKilobytes(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

/** Memory that a process holds now, MB. */
export function rssMegabytes(pid: number): number {
  return statusKilobytes(pid, 'VmRSS') / 1024
}

/** Processes in order of start; `stop` ends them in reverse. */
export class Processes {
  readonly #running: ChildProcess[] = []

  /** Starts a program: its output can be read, its standard error goes to ours unless it is a log to be read. */
  start(
    command: readonly string[],
    stderr: 'inherit' | 'ignore' | 'pipe' = 'inherit',
  ): ChildProcess {
    const [file = '', ...rest] = command
    // A group of its own: Ctrl-C at the terminal reaches the bench, which then ends it in order.
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', stderr], detached: true })
    this.#running.push(child)
    return child
  }

  /** Ends all that were started, each asked first and made to after five seconds. */
  async stop(): Promise<void> {
    for (const child of this.#running.reverse()) await end(child)
    this.#running.length = 0
  }
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      resolve()
      return
    }
    const force = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/** The pid of a started process. */
export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`could not start ${child.spawnfile}`)
  return child.pid
}

/** Waits for a line of output that holds a text, and gives the line; all that comes after is thrown away. */
export function lineWith(
  child: ChildProcess,
  from: 'stdout' | 'stderr',
  text: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', (code) => {
      const command = child.spawnargs.join(' ')
      reject(new Error(`${command} ended with ${code ?? 'a signal'}: ${said.slice(-2000)}`))
    })
    child[from]?.setEncoding('utf8').on('data', (piece: string) => {
      if (said.length > 100_000) return
      said += piece
      const line = said
        .split('\n')
        .slice(0, -1)
        .find((candidate) => candidate.includes(text))
      if (line !== undefined) resolve(line)
    })
  })
}

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => {
        resolve(port)
      })
    })
  })
}
