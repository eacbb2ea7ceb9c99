/** The parent's end of a loop: a child process that makes tokens as it is told. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a batch took. */
export interface Batch {
  /** Microseconds of a token. */
  readonly wallUs: number
  /** CPU time of all threads, microseconds of a token. */
  readonly cpuUs: number
  /** Of the last token. */
  readonly octets: number
}

/** What is asked of a loop. */
export interface BatchOrder {
  readonly count: number
  /** Application data of a channel binding. */
  readonly binding?: Uint8Array | undefined
  readonly inFlight?: number | undefined
}

/** How a loop is started. */
export interface LoopPlan {
  readonly command: readonly [string, ...string[]]
  readonly environment?: Readonly<Record<string, string>>
  /** Whether the child says something first, for instance `ready`. */
  readonly greets: boolean
}

/** A child that makes tokens. */
export class Loop {
  /** What the child said first; empty where it says nothing. */
  readonly greeting: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string, undefined>

  private constructor(
    greeting: string,
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string, undefined>,
  ) {
    this.greeting = greeting
    this.#child = child
    this.#lines = lines
  }

  /**
   * Starts a child.
   *
   * @param plan - What to run.
   * @returns The loop, when the child has greeted.
   * @throws Error when the child ends before that.
   */
  static async start(plan: LoopPlan): Promise<Loop> {
    const [file, ...args] = plan.command
    const env = { ...process.env, ...plan.environment }
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    child.stderr.pipe(process.stderr)
    // A child that cannot be started, or is gone, shows as the end of its output.
    child.on('error', () => undefined)
    child.stdin.on('error', () => undefined)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const greeting = plan.greets ? await nextLine(lines, file) : ''
    return new Loop(greeting, child, lines)
  }

  /** Makes tokens. */
  async batch({ count, binding, inFlight = 1 }: BatchOrder): Promise<Batch> {
    const hex = binding === undefined ? '-' : Buffer.from(binding).toString('hex')
    const line = await this.#ask(`${count} ${hex} ${inFlight}`)
    const [wall = Number.NaN, cpu = Number.NaN, octets = Number.NaN] = line.split(' ').map(Number)
    return { wallUs: wall / count / 1000, cpuUs: cpu / count / 1000, octets }
  }

  /** One token. */
  async token(): Promise<Uint8Array> {
    return Buffer.from(await this.#ask('token'), 'hex')
  }

  /** Ends the child. */
  stop(): void {
    this.#child.stdin.end()
    this.#child.kill('SIGTERM')
  }

  #ask(order: string): Promise<string> {
    this.#child.stdin.write(`${order}\n`)
    return nextLine(this.#lines, this.#child.spawnfile)
  }
}

async function nextLine(lines: AsyncIterator<string, undefined>, name: string): Promise<string> {
  const next: IteratorResult<string, undefined> = await lines.next()
  if (next.done === true) throw new Error(`${name} ended early`)
  return next.value
}
