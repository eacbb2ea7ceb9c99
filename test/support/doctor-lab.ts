/** `sallyport doctor` against a stack of the lab, with faults of the test's own making. */

import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { runCommand } from '../../docker/demo/process.ts'
import type { Stack } from '../../docker/demo/stack.ts'
import type { DoctorReport } from '../../src/doctor/index.ts'

/** What doctor said. */
export interface Consultation extends DoctorReport {
  readonly status: number | null
  /** Codes of what is not well, each once. */
  readonly unwell: readonly string[]
}

/** Any YAML file of a stack. */
export type Yaml = Record<string, unknown>

/** What differs from the stack's own configuration. */
export interface Fault {
  readonly connector?: (config: Yaml) => void
  readonly policy?: (config: Yaml) => void
  /** Changes a copy of the state directory. */
  readonly state?: (directory: string) => void
  readonly environment?: Readonly<Record<string, string>>
}

let faults = 0

/** Writes the configuration with the fault beside the stack's own. */
function faulty(stack: Stack, { connector, policy, state }: Fault): string {
  const name = `fault${++faults}`
  const at = (suffix: string): string => join(stack.directory, `${name}-${suffix}`)
  const rules = parse(readFileSync(stack.files.policy, 'utf8')) as Yaml
  policy?.(rules)
  writeFileSync(at('policy.yaml'), stringify(rules))
  const config = parse(readFileSync(stack.files.connector, 'utf8')) as Yaml
  config['policy'] = at('policy.yaml')
  connector?.(config)
  if (state) {
    cpSync(join(stack.directory, 'connector'), at('state'), { recursive: true })
    state(at('state'))
    config['stateDirectory'] = at('state')
  }
  writeFileSync(at('connector.yaml'), stringify(config))
  return at('connector.yaml')
}

/** Runs the command. */
export async function consult(
  stack: Stack,
  about: readonly string[],
  fault: Fault = {},
): Promise<Consultation> {
  const args = ['doctor', '--config', faulty(stack, fault), '--json', ...about]
  const { environment } = fault
  const { status, stdout, stderr } = await runCommand(args, environment && { environment })
  let report: DoctorReport
  try {
    report = JSON.parse(stdout) as DoctorReport
  } catch {
    throw new Error(`doctor printed no report: ${stdout.slice(0, 500)} ${stderr.slice(0, 500)}`)
  }
  const unwell = report.findings.filter(({ outcome }) => outcome === 'warn' || outcome === 'fail')
  return { ...report, status, unwell: [...new Set(unwell.map(({ code }) => code))] }
}

/** A backend of the test's own on 127.0.0.1. */
export interface TestBackend {
  readonly origin: string
  stop(): void
}

async function listening(server: Server, scheme: string, host: string): Promise<TestBackend> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { origin: `${scheme}://${host}:${port}`, stop: () => void server.close() }
}

/** One that always offers the same. */
export function offering(...challenges: readonly string[]): Promise<TestBackend> {
  const answer: RequestListener = (_request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': [...challenges], Connection: 'close' }).end()
  }
  return listening(createServer(answer), 'http', '127.0.0.1')
}

/** One with this certificate. */
export function showing(certificate: { cert: string; key: string }): Promise<TestBackend> {
  const server = createTlsServer(certificate, (_request, response) => response.end('hello'))
  return listening(server, 'https', '127.0.0.1')
}
