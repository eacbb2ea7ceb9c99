/** The load generator wrk, and the numbers in what it prints. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One run. */
export interface Load {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p99Ms: number
  readonly errors: number
}

const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function number(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN)
}

/** Reads wrk's report. */
export function parseWrk(text: string): Load {
  const p99 = /^\s*99%\s+([\d.]+)(us|ms|s|m)$/m.exec(text)
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  const failed = (sockets ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0)
  return {
    requests: number(text, /(\d+) requests in/),
    requestsPerSecond: number(text, /Requests\/sec:\s+([\d.]+)/),
    p99Ms: Number(p99?.[1] ?? Number.NaN) * (MS[p99?.[2] ?? ''] ?? Number.NaN),
    errors: failed + (Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0) || 0),
  }
}

/** What to load, and how. */
export interface LoadOptions {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly headers?: readonly string[]
}

/** Loads a URL with keep-alive connections from one thread. */
export async function wrk(options: LoadOptions): Promise<Load> {
  const headers = (options.headers ?? []).flatMap((header) => ['-H', header])
  const shape = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '10s']
  const { stdout } = await run('wrk', [...shape, '--latency', ...headers, options.url])
  return parseWrk(stdout)
}

/** The middle value; of an even count, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return (low + high) / 2
}
