/** Sallyport as two processes in front of a passthrough backend: no provider, no domain. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { runCommand, startService, type ServiceProcess } from '../../docker/demo/process.ts'
import type { TestCertificates } from '../support/tunnel/pairs.ts'
import { freePort } from './processes.ts'

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
  readonly gateway: ServiceProcess
  readonly connector: ServiceProcess
  readonly port: number
  stop(): Promise<void>
}

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

/** Configures, registers and starts a gateway and a connector. */
export async function startBenchStack(plan: StackPlan): Promise<BenchStack> {
  const folder = join(plan.folder, 'sallyport')
  mkdirSync(join(folder, 'gateway'), { recursive: true, mode: 0o700 })
  const { cert, key } = plan.certificates.server
  writeFileSync(join(folder, 'browser.pem'), cert)
  writeFileSync(join(folder, 'browser.key'), key, { mode: 0o600 })
  const [port, tunnelPort] = [await freePort(), await freePort()]
  const browser = { address: '127.0.0.1', port, certificate: 'browser.pem', key: 'browser.key' }
  const publicAddress = `127.0.0.1:${tunnelPort}`
  const gatewayFile = write(folder, 'gateway.yaml', {
    stateDirectory: './gateway',
    browser,
    tunnel: { address: '127.0.0.1', port: tunnelPort, name: 'gateway.example', publicAddress },
    apps: [benchApp(BENCH_APP, port, plan.backend), benchApp('sink', port, plan.sink)],
  })
  write(folder, 'policy.yaml', {
    issuers: [],
    backends: [benchPolicy(plan.backend), benchPolicy(plan.sink)],
  })
  const state = join(folder, 'connector')
  const connectorFile = write(folder, 'connector.yaml', {
    stateDirectory: state,
    policy: 'policy.yaml',
  })
  const gateway = await startService(['gateway', 'run', '--config', gatewayFile], 'ready')
  try {
    await register(gatewayFile, state)
    const run = ['connector', 'run', '--config', connectorFile]
    const connector = await startService(run, 'tunnel up')
    return {
      gateway,
      connector,
      port,
      stop: async () => {
        await connector.stop()
        await gateway.stop()
      },
    }
  } catch (error) {
    await gateway.stop()
    throw error
  }
}
