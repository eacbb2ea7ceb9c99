/** Sallyport as two processes in front of a passthrough backend: no provider, no domain. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { runCommand } from '../../docker/demo/process.ts'
import type { TestCertificates } from '../support/tunnel/pairs.ts'
import { freePort, lineWith, pidOf, type Processes } from './processes.ts'

/** The app that every bench request names. */
export const BENCH_APP = 'bench'

/** What a stack publishes. */
export interface StackPlan {
  readonly folder: string
  readonly certificates: TestCertificates
  /** Origin behind `/`. */
  readonly backend: string
  /** Origin behind the upload app. */
  readonly sink: string
}

/** A running pair. */
export interface BenchStack {
  readonly gatewayPid: number
  readonly connectorPid: number
  /** Of the browser listener. */
  readonly port: number
}

const CLI = join(import.meta.dirname, '../../src/cli/main.ts')

/** An app without sign-in, as gateway.yaml has it. */
export function benchApp(id: string, port: number, internalUrl: string): Record<string, unknown> {
  return {
    id,
    externalUrl: `https://${id}.localhost:${port}/`,
    internalUrl: `${internalUrl}/`,
    preAuthentication: 'passthrough',
    singleSignOn: 'none',
    connectorGroup: 'default',
  }
}

/** The connector's leave for such an app, as policy.yaml has it. */
export function benchPolicy(origin: string): Record<string, unknown> {
  return { origin, preAuthentication: 'passthrough', addresses: ['127.0.0.0/8'] }
}

function write(folder: string, name: string, value: object): string {
  const path = join(folder, name)
  writeFileSync(path, stringify(value))
  return path
}

async function register(gatewayFile: string, state: string): Promise<void> {
  const created = await runCommand([
    'tokens',
    'create',
    '--config',
    gatewayFile,
    '--group',
    'default',
  ])
  if (created.status !== 0) throw new Error(`no registration token: ${created.stderr}`)
  const args = ['connector', 'register', '--state', state, '--token-file', '-']
  const used = await runCommand(args, { stdin: created.stdout })
  if (used.status !== 0) throw new Error(`the connector was not registered: ${used.stderr}`)
}

async function service(
  processes: Processes,
  args: readonly string[],
  ready: string,
): Promise<number> {
  const child = processes.start([process.execPath, '--disable-sigusr1', CLI, ...args], 'pipe')
  await lineWith(child, 'stderr', `"msg":"${ready}"`)
  return pidOf(child)
}

/** Writes the configuration files; where they are, and the browser port. */
async function configure(plan: StackPlan): Promise<{ folder: string; port: number }> {
  const folder = join(plan.folder, 'sallyport')
  mkdirSync(join(folder, 'gateway'), { recursive: true, mode: 0o700 })
  const { cert, key } = plan.certificates.server
  writeFileSync(join(folder, 'browser.pem'), cert)
  writeFileSync(join(folder, 'browser.key'), key, { mode: 0o600 })
  const [port, tunnelPort] = [await freePort(), await freePort()]
  const browser = { address: '127.0.0.1', port, certificate: 'browser.pem', key: 'browser.key' }
  const publicAddress = `127.0.0.1:${tunnelPort}`
  write(folder, 'gateway.yaml', {
    stateDirectory: './gateway',
    browser,
    tunnel: { address: '127.0.0.1', port: tunnelPort, name: 'gateway.example', publicAddress },
    apps: [benchApp(BENCH_APP, port, plan.backend), benchApp('sink', port, plan.sink)],
  })
  write(folder, 'policy.yaml', {
    issuers: [],
    backends: [benchPolicy(plan.backend), benchPolicy(plan.sink)],
  })
  write(folder, 'connector.yaml', {
    stateDirectory: './connector',
    policy: 'policy.yaml',
  })
  return { folder, port }
}

/** Configures, registers and starts a gateway and a connector. */
export async function startBenchStack(processes: Processes, plan: StackPlan): Promise<BenchStack> {
  const { folder, port } = await configure(plan)
  const gatewayFile = join(folder, 'gateway.yaml')
  const gatewayPid = await service(processes, ['gateway', 'run', '--config', gatewayFile], 'ready')
  await register(gatewayFile, join(folder, 'connector'))
  const connectorFile = join(folder, 'connector.yaml')
  const connectorPid = await service(
    processes,
    ['connector', 'run', '--config', connectorFile],
    'tunnel up',
  )
  return { gatewayPid, connectorPid, port }
}
