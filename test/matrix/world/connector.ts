/** Connectors of the matrix: each registered once, in a group of its own, and started with whatever configuration a case has. */

import { chown, readdir } from 'node:fs/promises'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Configuration } from '../../../docker/demo/configuration.ts'
import {
  runCommand,
  startService,
  type LogLine,
  type RunAs,
  type ServiceProcess,
} from '../../../docker/demo/process.ts'
import { endAtOnce, type MatrixGateway } from './gateway.ts'

/** What a connector is told. */
export interface ConnectorFiles {
  readonly connector: Configuration
  readonly policy: Configuration
}

/** One connector. */
export class MatrixConnector {
  readonly group: string
  readonly configFile: string
  readonly stateDirectory: string
  readonly #directory: string
  #service: ServiceProcess | undefined

  private constructor(group: string, directory: string) {
    this.group = group
    this.#directory = directory
    this.configFile = join(directory, 'connector.yaml')
    this.stateDirectory = join(directory, 'state')
  }

  /** Registers a connector in the group that bears its name. */
  static async register(gateway: MatrixGateway, group: string): Promise<MatrixConnector> {
    const directory = join(gateway.places.directory, `connector-${group}`)
    mkdirSync(directory)
    const connector = new MatrixConnector(group, directory)
    await connector.registerAnew(gateway)
    return connector
  }

  /** Registers it once more, as an administrator does after it was revoked. */
  async registerAnew(gateway: MatrixGateway): Promise<void> {
    const { token } = (await gateway.ask('POST', '/tokens', {
      group: this.group,
      lifetimeMinutes: 5,
    })) as { token: string }
    const state = ['--state', this.stateDirectory, '--force']
    const use = ['connector', 'register', ...state, '--token-file', '-']
    const { status, stderr } = await runCommand(use, { stdin: token })
    if (status !== 0) throw new Error(`registering connector ${this.group}: ${stderr}`)
  }

  /** Writes its files. */
  write({ connector, policy }: ConnectorFiles): void {
    const policyFile = join(this.#directory, 'policy.yaml')
    writeFileSync(policyFile, stringify(policy))
    const whole = { ...connector, stateDirectory: this.stateDirectory, policy: policyFile }
    writeFileSync(this.configFile, stringify(whole))
  }

  /** Merges printed lines into its policy: rows, or fields of the row that the lines name. */
  amendPolicy(printed: string): void {
    const file = join(this.#directory, 'policy.yaml')
    const policy = parse(readFileSync(file, 'utf8')) as { backends: Configuration[] }
    const { backends = [], ...fields } = parse(printed) as Partial<typeof policy>
    policy.backends.push(...backends)
    const origin = /the row of (\S+)/.exec(printed)?.[1]
    const row = policy.backends.find((each) => each['origin'] === origin)
    if (backends.length === 0 && row === undefined) throw new Error(`no row for: ${printed}`)
    Object.assign(row ?? {}, fields)
    writeFileSync(file, stringify(policy))
  }

  /** Starts it again as it is. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /**
   * Starts it, and waits until its tunnel is up.
   *
   * @param instead - What its log says, or its last words, where it is to get no tunnel.
   * @param how - As whom, in which environment.
   */
  async start(instead?: RegExp, how?: RunAs): Promise<void> {
    await this.#belongTo(how?.uid ?? 0)
    const run = ['connector', 'run', '--config', this.configFile]
    const ready = (line: LogLine) => line.msg === 'tunnel up' || instead?.test(JSON.stringify(line))
    try {
      this.#service = await startService(run, (line) => ready(line) === true, how)
    } catch (error) {
      // It ended, and the error has its last words.
      if (!(error instanceof Error && instead?.test(error.message) === true)) throw error
    }
  }

  /** Whoever runs it owns its files. */
  async #belongTo(uid: number): Promise<void> {
    const inside = await readdir(this.#directory, { recursive: true })
    for (const name of ['', ...inside]) await chown(join(this.#directory, name), uid, uid)
  }

  /** What registration has left: who it is, and where the gateway is. */
  get registration(): { readonly id: string; address: string } {
    const text = readFileSync(join(this.stateDirectory, 'connector.json'), 'utf8')
    return JSON.parse(text) as { id: string; address: string }
  }

  /** Has it look for the gateway at another address. */
  lookFor(address: string): void {
    const changed = { ...this.registration, address }
    writeFileSync(join(this.stateDirectory, 'connector.json'), JSON.stringify(changed))
  }

  /** Waits for a line of its log. */
  async said(pattern: RegExp): Promise<void> {
    await this.#service?.waitFor((line) => pattern.test(JSON.stringify(line)))
  }

  /** Ends it without waiting, for a process that is ending this moment. */
  killAtExit(): void {
    if (this.#service) endAtOnce(this.#service.pid)
  }

  async stop(): Promise<void> {
    await this.#service?.stop()
    this.#service = undefined
  }
}
