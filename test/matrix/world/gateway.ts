/** The matrix's gateway: one process with an app for each case. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { createBrowserCertificate } from '../../../docker/demo/browser-certificate.ts'
import { gatewayConfiguration, type StackPlaces } from '../../../docker/demo/configuration.ts'
import { runCommand, startService, type ServiceProcess } from '../../../docker/demo/process.ts'
import { freePort } from '../../../docker/demo/stack.ts'
import type { LabEnvironment } from '../../../docker/lab.ts'
import { adminRequest } from '../../../src/gateway/io/admin-client.ts'

/** Connectors wait before they dial again, longer each time. */
const PATIENCE_MS = 60_000
const POLL_MS = 50

/** An app of gateway.yaml. */
export type AppEntry = Readonly<Record<string, unknown>> & { readonly id: string }

/** Ends a process of ours that may have ended by itself. */
export function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** The gateway and its apps. */
export class MatrixGateway {
  readonly places: StackPlaces
  readonly configFile: string
  /** PEM of the authority that signed the browser listener's certificate. */
  readonly browserCa: string
  readonly #lab: LabEnvironment
  #apps: readonly AppEntry[]
  #service: ServiceProcess | undefined

  private constructor(
    lab: LabEnvironment,
    made: { places: StackPlaces; browserCa: string; apps: readonly AppEntry[] },
  ) {
    this.#lab = lab
    this.places = made.places
    this.browserCa = made.browserCa
    this.#apps = made.apps
    this.configFile = join(made.places.directory, 'gateway.yaml')
  }

  /** Starts it. Where an app says no externalUrl, it is `https://<id>.localhost`. */
  static async start(
    lab: LabEnvironment,
    directory: string,
    apps: readonly AppEntry[],
  ): Promise<MatrixGateway> {
    const places = { directory, browserPort: await freePort(), tunnelPort: await freePort() }
    const hosts = apps.map(({ id }) => `${id}.localhost`)
    const browserCa = await createBrowserCertificate(directory, hosts)
    mkdirSync(join(directory, 'gateway'), { mode: 0o700 })
    const secret = join(directory, 'oidc-secret.txt')
    writeFileSync(secret, lab.oidc.clientSecret, { mode: 0o600 })
    const gateway = new MatrixGateway(lab, { places, browserCa, apps })
    await gateway.restart(apps)
    return gateway
  }

  /** Reads its configuration anew: connectors dial again, sessions stay. */
  async restart(apps: readonly AppEntry[] = this.#apps): Promise<void> {
    await this.stop()
    this.#apps = apps
    const configuration = gatewayConfiguration(this.#lab, this.places)
    const entries = apps.map((app) => ({ externalUrl: this.url(app.id), ...app }))
    writeFileSync(this.configFile, stringify({ ...configuration, apps: entries }))
    this.#service = await startService(['gateway', 'run', '--config', this.configFile], 'ready')
  }

  /** The present app of a case. */
  app(id: string): AppEntry {
    const app = this.#apps.find((each) => each.id === id)
    if (app === undefined) throw new Error(`the gateway has no app ${id}`)
    return app
  }

  /** Restarts it with an app that is told otherwise, and waits until as many connectors have dialled as there were. */
  async change(id: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    this.app(id)
    const wanted = await this.#connected()
    await this.#restartWith(id, fields)
    const giveUpAt = Date.now() + PATIENCE_MS
    while ((await this.#connected()) < wanted) {
      if (Date.now() > giveUpAt) throw new Error('the connectors do not dial again')
      await sleep(POLL_MS)
    }
  }

  async #connected(): Promise<number> {
    const listed = (await this.ask('GET', '/connectors')) as readonly {
      readonly tunnels: readonly object[]
    }[]
    return listed.filter(({ tunnels }) => tunnels.length > 0).length
  }

  async #restartWith(id: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.restart(this.#apps.map((app) => (app.id === id ? { ...app, ...fields } : app)))
  }

  url(id: string, path = '/'): string {
    return `https://${id}.localhost:${this.places.browserPort}${path}`
  }

  /** Asks its admin API. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const directory = join(this.places.directory, 'gateway')
    return adminRequest(directory, { method, path, ...(body && { body }) })
  }

  /** Runs an administrator's command against it. */
  async admin(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await runCommand([...args, '--config', this.configFile])
    if (status !== 0) throw new Error(`sallyport ${args.join(' ')}: ${stderr}`)
    return stdout
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
