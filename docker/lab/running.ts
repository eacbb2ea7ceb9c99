/**
 * A running lab: its services, how each is started, and how all are stopped.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressesOf, describeLab, LAB, type LabEnvironment } from './environment.ts'
import { domainControllerChecks, waitUntilHealthy, webChecks } from './health.ts'
import { instanceDirectory, type ClaimedInstance, type LabServiceName } from './instance.ts'
import { programEnvironment } from './own-programs.ts'
import { runScript, Service, type ServiceCommand } from './processes.ts'
import type { LabOptions } from './types.ts'

const DOCKER = join(import.meta.dirname, '..')

/** What a lab is started with. */
export interface RunningLabOptions {
  readonly claimed: ClaimedInstance
  readonly services: readonly LabServiceName[]
  readonly snapshot: string
  readonly sambaVersion: string
  /** Added to the environment of services and scripts. Default nothing. */
  readonly variables?: LabOptions['variables']
  readonly log: (line: string) => void
}

/** A lab, from the first file to the last process. */
export class RunningLab {
  readonly env: LabEnvironment
  /** env as a JSON file, for SALLYPORT_LAB. */
  readonly envFile: string
  readonly #options: RunningLabOptions
  readonly #variables: Readonly<Record<string, string>>
  readonly #running = new Map<LabServiceName, Service>()
  #stopping: Promise<void> | undefined

  constructor(options: RunningLabOptions) {
    const { instance } = options.claimed
    const directory = instanceDirectory(instance)
    this.#options = options
    this.env = describeLab({ instance, directory, sambaVersion: options.sambaVersion })
    this.envFile = join(directory, 'env.json')
    this.#variables = { ...variablesOf(this.env), ...options.variables?.(instance) }
  }

  /** Puts the files in place and starts everything; resolves when all answer. */
  async start(): Promise<void> {
    const { directory } = this.env
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(join(directory, 'log'), { recursive: true })
    await Promise.all([this.#restore(), this.#makeCertificates()])
    const { services } = this.#options
    await Promise.all(services.map((name) => this.#startService(name)))
    writeFileSync(this.envFile, `${JSON.stringify(this.env, null, 2)}\n`)
  }

  /** Starts the domain controller again after stopDc(), with the directory as it was. */
  async startDc(): Promise<void> {
    if (!this.#running.has('dc')) await this.#startService('dc')
  }

  /** Ends the domain controller and waits until its addresses are free. */
  async stopDc(): Promise<void> {
    const dc = this.#running.get('dc')
    this.#running.delete('dc')
    await dc?.stop()
  }

  /**
   * Runs samba-tool on this lab's directory.
   *
   * @param args - For example `['user', 'disable', 'victor1']`.
   * @returns What it printed.
   */
  async samba(args: readonly string[]): Promise<string> {
    const command = join(DOCKER, 'samba-ad', 'tool.sh')
    return runScript({ command, args, env: this.#variables })
  }

  /** Ends every process, removes every file, frees the number. Once is enough; more is harmless. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** The same without waiting, for a process that is ending this moment. */
  stopAtExit(): void {
    for (const service of this.#running.values()) service.signal('SIGKILL')
    rmSync(this.env.directory, { recursive: true, force: true })
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map((service) => service.stop()))
    this.#running.clear()
    rmSync(this.env.directory, { recursive: true, force: true })
    this.#options.claimed.release()
  }

  async #restore(): Promise<void> {
    const command = join(DOCKER, 'samba-ad', 'restore.sh')
    await runScript({ command, args: [this.#options.snapshot], env: this.#variables })
  }

  async #makeCertificates(): Promise<void> {
    const { dc, backend, epa, oidc } = addressesOf(this.env.instance)
    const sites = ['iwa', 'bound', 'other', 'rbcd', 'plain']
    const names = sites.map((name) => `DNS:${name}.${LAB.domain}`).join(',')
    const args = [
      join(this.env.directory, 'tls'),
      `dc=DNS:${LAB.dc},DNS:${LAB.domain},IP:${dc}`,
      `backend=${names},IP:${backend}`,
      `epa=DNS:epa.${LAB.domain},IP:${epa}`,
      `oidc=IP:${oidc}`,
    ]
    await runScript({ command: join(DOCKER, 'tls.sh'), args })
  }

  async #startService(name: LabServiceName): Promise<void> {
    if (this.#stopping !== undefined) throw new Error('the lab was stopped while it started')
    const began = Date.now()
    const service = new Service(this.#commandOf(name))
    this.#running.set(name, service)
    const checks = name === 'dc' ? domainControllerChecks(this.env) : webChecks(this.env)[name]
    await waitUntilHealthy(checks, service)
    const seconds = ((Date.now() - began) / 1000).toFixed(1)
    this.#options.log(`${TITLES[name]} on ${this.#addressOf(name)}: answers after ${seconds} s`)
  }

  #addressOf(name: LabServiceName): string {
    const { dc, backend, epa, oidc } = addressesOf(this.env.instance)
    return { dc, apache: backend, epa, oidc }[name]
  }

  #commandOf(name: LabServiceName): ServiceCommand {
    const logFile = join(this.env.directory, 'log', `${name}.log`)
    const commands: Readonly<Record<LabServiceName, [string, ...string[]]>> = {
      dc: [join(DOCKER, 'samba-ad', 'start.sh')],
      apache: [join(DOCKER, 'iwa-backend', 'start.sh')],
      epa: ['/usr/bin/python3', join(DOCKER, 'iwa-backend', 'epa.py')],
      oidc: [process.execPath, join(DOCKER, 'oidc', 'main.ts')],
    }
    const [command, ...args] = commands[name]
    const env = programEnvironment(this.#variables)
    return { name: TITLES[name], command, args, env, logFile }
  }
}

const TITLES: Readonly<Record<LabServiceName, string>> = {
  dc: 'Samba AD',
  apache: 'Apache',
  epa: 'EPA backend',
  oidc: 'OpenID provider',
}

/**
 * What the scripts in docker/ are told about a lab.
 *
 * @param env - The lab.
 * @returns Environment variables.
 */
export function variablesOf(env: LabEnvironment): Readonly<Record<string, string>> {
  const { dc, backend, epa, oidc } = addressesOf(env.instance)
  const state = join(env.directory, 'dc')
  return {
    LAB_STATE: state,
    LAB_ADDRESS: dc,
    LAB_BACKEND_ADDRESS: backend,
    LAB_EPA_ADDRESS: epa,
    LAB_OIDC_ADDRESS: oidc,
    LAB_TLS: join(env.directory, 'tls'),
    LAB_KEYTABS: join(state, 'keytabs'),
    LAB_APACHE: join(env.directory, 'apache'),
    LAB_DNS_DOMAIN: env.domain,
    LAB_WORKGROUP: LAB.workgroup,
    LAB_OIDC_CLIENT_ID: env.oidc.clientId,
    LAB_OIDC_CLIENT_SECRET: env.oidc.clientSecret,
    KRB5_CONFIG: env.krb5Conf,
  }
}
