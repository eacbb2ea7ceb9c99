/**
 * A whole Sallyport in front of a lab: configuration, registration, gateway and connector as two processes.
 *
 * Everything it writes is in one directory, which `stop` removes.
 *
 * @module
 */

import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { LabEnvironment } from '../lab.ts'
import { runCommand, startService, type CommandResult, type ServiceProcess } from './process.ts'
import { createBrowserCertificate } from './browser-certificate.ts'
import {
  APPLICATIONS,
  connectorConfiguration,
  gatewayConfiguration,
  policy,
  widenLimits,
  type StackPlaces,
} from './configuration.ts'

/** What a stack may be told. */
export interface StackOptions {
  /** Which connector account of the lab to use; null for a connector without a Kerberos identity. Default CONN1. */
  readonly account?: string | null
  /** The connector's time limits: the product's own, or wide ones for a loaded machine. Default wide. */
  readonly limits?: 'product' | 'wide'
  /** Browser port. Default: a free one. */
  readonly browserPort?: number
  /** Changes the gateway's configuration before it is written. */
  readonly editGateway?: (config: Record<string, unknown>) => void
  /** Changes the connector's configuration before it is written. */
  readonly editConnector?: (config: Record<string, unknown>) => void
  /** Changes the connector's policy before it is written. */
  readonly editPolicy?: (config: Record<string, unknown>) => void
  /** Variables added to the connector's environment. */
  readonly connectorEnvironment?: Readonly<Record<string, string>>
  /** Log level of both services. Default info. */
  readonly logLevel?: string
}

/** A running gateway and connector. */
export interface Stack {
  readonly directory: string
  readonly gateway: ServiceProcess
  readonly connector: ServiceProcess
  /** PEM of the authority that signed the browser listener's certificate. */
  readonly browserCa: string
  /** Paths of the written configuration files. */
  readonly files: { readonly gateway: string; readonly connector: string; readonly policy: string }
  /** The external URL of an app, with a path. */
  url(app: string, path?: string): string
  /** Starts another connector of the same group, with the first one's configuration; `stop` stops it too. */
  anotherConnector(): Promise<ServiceProcess>
  /** Runs an administration command against the gateway, e.g. `admin('cache', 'flush')`. */
  admin(...args: string[]): Promise<CommandResult>
  /** Stops both and removes the directory. */
  stop(): Promise<void>
}

/**
 * Finds a TCP port of 127.0.0.1 that nobody listens on.
 *
 * @param wanted - Tried first.
 * @returns The wanted port when it is free, else another.
 */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer()
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false)
    })
    server.listen(wanted, '127.0.0.1', () => {
      resolve(true)
    })
  })
  if (!listening) return freePort()
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

async function writeYaml(path: string, value: object): Promise<string> {
  await writeFile(path, stringify(value))
  return path
}

async function writeConfiguration(lab: LabEnvironment, places: StackPlaces, options: StackOptions) {
  const { directory } = places
  const gateway = gatewayConfiguration(lab, places)
  const connector = connectorConfiguration(lab, places, options.account)
  const rules = policy(lab)
  if (options.limits !== 'product') widenLimits(connector)
  options.editGateway?.(gateway)
  options.editConnector?.(connector)
  options.editPolicy?.(rules)
  await mkdir(join(directory, 'gateway'), { mode: 0o700 })
  await writeFile(join(directory, 'oidc-secret.txt'), lab.oidc.clientSecret, { mode: 0o600 })
  return {
    gateway: await writeYaml(join(directory, 'gateway.yaml'), gateway),
    connector: await writeYaml(join(directory, 'connector.yaml'), connector),
    policy: await writeYaml(join(directory, 'policy.yaml'), rules),
  }
}

function checked(result: CommandResult, what: string): string {
  if (result.status !== 0) throw new Error(`${what} failed: ${result.stderr}`)
  return result.stdout
}

/** The token goes from command to command through pipes: it never stands in an argument list or a file. */
async function register(gatewayFile: string, stateDirectory: string): Promise<void> {
  const create = ['tokens', 'create', '--config', gatewayFile, '--group', 'default']
  const token = checked(await runCommand(create), 'creating a registration token')
  const use = ['connector', 'register', '--state', stateDirectory, '--token-file', '-']
  checked(await runCommand(use, { stdin: token }), 'registering the connector')
}

/**
 * Starts gateway and connector in front of a running lab.
 *
 * @param lab - The lab's addresses and accounts.
 * @param options - What should differ from the usual.
 * @returns The running stack.
 */
export async function startStack(lab: LabEnvironment, options: StackOptions = {}): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-stack-'))
  const started: ServiceProcess[] = []
  const stop = async () => {
    for (const service of started.toReversed()) await service.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const browserPort = await freePort(options.browserPort)
    const places: StackPlaces = { directory, browserPort, tunnelPort: await freePort() }
    const hosts = APPLICATIONS.map((id) => `${id}.localhost`)
    const browserCa = await createBrowserCertificate(directory, hosts)
    const files = await writeConfiguration(lab, places, options)
    const log = ['--log-level', options.logLevel ?? 'info']
    const gateway = await startService(
      ['gateway', 'run', '--config', files.gateway, ...log],
      'ready',
    )
    started.push(gateway)
    await register(files.gateway, join(directory, 'connector'))
    const connector = await startService(
      ['connector', 'run', '--config', files.connector, ...log],
      'tunnel up',
      { environment: options.connectorEnvironment },
    )
    started.push(connector)
    const anotherConnector = async (): Promise<ServiceProcess> => {
      const place = join(directory, `connector-${started.length}`)
      await register(files.gateway, place)
      const config = parse(await readFile(files.connector, 'utf8')) as object
      const file = `${place}.yaml`
      await writeYaml(file, { ...config, stateDirectory: place })
      const other = await startService(['connector', 'run', '--config', file, ...log], 'tunnel up')
      started.push(other)
      return other
    }
    return {
      anotherConnector,
      directory,
      gateway,
      connector,
      browserCa,
      files,
      url: (app, path = '/') => `https://${app}.localhost:${browserPort}${path}`,
      admin: (...args) => runCommand([...args, '--config', files.gateway]),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
