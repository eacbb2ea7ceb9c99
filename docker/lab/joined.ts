/**
 * A lab with two further domain controllers: `dc2`, which can write, and `rodc1`, which cannot and keeps the keys of CONN1,
 * alice and svc-iwa alone. Neither replicates by itself. On this machine itself only: they need mount namespaces.
 *
 * They are joined once and kept as snapshots beside the domain's own.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { labAvailability, startLab } from '../lab.ts'
import { addressesOf, type LabEnvironment } from './environment.ts'
import { labRoot } from './instance.ts'
import { disown, own, type Owned } from './lifetime.ts'
import { processStart, runScript, Service } from './processes.ts'
import { variablesOf } from './running.ts'
import { sambaVersion } from './snapshot.ts'
import type { Lab } from './types.ts'

const SCRIPTS = join(import.meta.dirname, '..', 'samba-ad')
const START_TIMEOUT_MS = 60_000
const POLL_MS = 50
const WAIT_MS = 500
const NAMELESS_MS = 10_000

/** Whose keys rodc1 keeps. */
const KEPT_BY_RODC = ['CONN1$', 'alice', 'svc-iwa'] as const

type ControllerName = 'dc2' | 'rodc1'

const HOSTS: Readonly<Record<ControllerName, number>> = { dc2: 2, rodc1: 3 }
const ROLES: Readonly<Record<ControllerName, 'DC' | 'RODC'>> = { dc2: 'DC', rodc1: 'RODC' }

/** A further domain controller. */
class JoinedController {
  /** 127.88.N.2 or 3. */
  readonly address: string
  /** `host:port`. */
  readonly kdc: string
  readonly #name: ControllerName
  readonly #directory: string
  readonly #variables: Readonly<Record<string, string>>
  #service: Service | undefined

  constructor(name: ControllerName, env: LabEnvironment) {
    this.#name = name
    this.address = `127.88.${env.instance}.${HOSTS[name]}`
    this.kdc = `${this.address}:88`
    this.#directory = env.directory
    this.#variables = {
      ...variablesOf(env),
      LAB_STATE: join(env.directory, name),
      LAB_DC: name,
      LAB_ADDRESS: this.address,
      LAB_FIRST_ADDRESS: addressesOf(env.instance).dc,
    }
  }

  /** Joins the domain, whose first controller must run. */
  async join(): Promise<void> {
    await this.#script('joined.sh', 'join', ROLES[this.#name])
  }

  /** Starts it; resolves when its KDC listens. */
  async start(): Promise<void> {
    const service = new Service({
      name: this.#name,
      command: join(SCRIPTS, 'joined.sh'),
      args: ['start'],
      env: this.#variables,
      logFile: join(this.#directory, 'log', `${this.#name}.log`),
    })
    this.#service = service
    const giveUpAt = Date.now() + START_TIMEOUT_MS
    while (!(await listens(this.address))) {
      const late = Date.now() > giveUpAt ? 'it does not listen' : undefined
      const why = service.ended ?? late
      if (why !== undefined) throw new Error(`${this.#name}: ${why}\n${service.lastLines()}`)
      await sleep(POLL_MS)
    }
  }

  /** Ends it and waits until its addresses are free. */
  async stop(): Promise<void> {
    await this.#service?.stop()
    this.#service = undefined
  }

  /** The same without waiting. */
  kill(): void {
    this.#service?.signal('SIGKILL')
  }

  /** Runs samba-tool as if on its machine, and returns what it printed. */
  samba(...args: readonly string[]): Promise<string> {
    return this.#script('joined.sh', 'tool', ...args)
  }

  /** Packs its directory; it must not run. */
  async pack(folder: string): Promise<void> {
    await this.#script('snapshot.sh', join(folder, `${this.#name}.tar.gz`))
  }

  /** Unpacks what pack() made, for its present address. */
  async unpack(folder: string): Promise<void> {
    const state = this.#variables['LAB_STATE'] ?? ''
    mkdirSync(state)
    const file = join(folder, `${this.#name}.tar.gz`)
    const args = ['-C', state, '--xattrs', '--xattrs-include=*', '-xzf', file]
    await runScript({ command: 'tar', args })
    await this.#script('joined.sh', 'settle')
  }

  #script(name: string, ...args: readonly string[]): Promise<string> {
    return runScript({ command: join(SCRIPTS, name), args, env: this.#variables })
  }
}

/** A lab with its further controllers, which do not run yet. */
export interface JoinedLab extends Lab {
  readonly dc2: JoinedController
  readonly rodc: JoinedController
}

/**
 * Why there can be none here.
 *
 * @returns The reason, or false.
 */
export function joinedLabMissing(): string | false {
  const { way, reason } = labAvailability()
  if (way === 'on this machine') return false
  return `further domain controllers need a lab on this machine itself: ${reason ?? way ?? ''}`
}

/**
 * Starts a lab with its first domain controller alone; the further ones are joined and can be started.
 *
 * @param log - Gets a line a step.
 * @returns The lab.
 */
export async function startJoinedLab(log?: (line: string) => void): Promise<JoinedLab> {
  const folder = join(labRoot(), 'cache', `joined-${fingerprint()}`)
  const known = await madeAlready(folder)
  try {
    return await startWith(folder, known, log)
  } finally {
    if (!known) rmSync(makingOf(folder), { recursive: true, force: true })
  }
}

async function startWith(
  folder: string,
  known: boolean,
  log?: (line: string) => void,
): Promise<JoinedLab> {
  const lab = await startLab({
    services: ['dc'],
    ...(known ? { snapshot: join(folder, 'dc.tar.gz') } : {}),
    ...(log === undefined ? {} : { log }),
  })
  const [dc2, rodc] = [new JoinedController('dc2', lab.env), new JoinedController('rodc1', lab.env)]
  const joined = withControllers(lab, dc2, rodc)
  try {
    if (known) await Promise.all([dc2.unpack(folder), rodc.unpack(folder)])
    else await joinAll(joined, folder, log)
  } catch (error) {
    await joined.stop()
    throw error
  }
  return joined
}

/** All end together, also when this process does. */
function withControllers(lab: Lab, dc2: JoinedController, rodc: JoinedController): JoinedLab {
  const owned: Owned = {
    stop: async () => {
      await Promise.all([dc2.stop(), rodc.stop()])
    },
    stopAtExit: () => {
      dc2.kill()
      rodc.kill()
    },
  }
  own(owned)
  const stop = async (): Promise<void> => {
    await owned.stop()
    disown(owned)
    await lab.stop()
  }
  return { ...lab, dc2, rodc, stop }
}

async function joinAll(
  { dc2, rodc, ...lab }: JoinedLab,
  folder: string,
  log: (line: string) => void = () => undefined,
): Promise<void> {
  log('joining two domain controllers, once for this version of Samba and these scripts')
  await dc2.join()
  await rodc.join()
  const allowed = 'Allowed RODC Password Replication Group'
  await lab.samba(['group', 'addmembers', allowed, KEPT_BY_RODC.join(',')])
  const administrator = '-UAdministrator%Lab-administrator-1'
  await rodc.samba('rodc', 'preload', ...KEPT_BY_RODC, '--server=dc1.corp.example', administrator)
  await lab.stopDc()
  await keep(folder, async (into) => {
    const file = join(into, 'dc.tar.gz')
    const env = variablesOf(lab.env)
    await runScript({ command: join(SCRIPTS, 'snapshot.sh'), args: [file], env })
    await dc2.pack(into)
    await rodc.pack(into)
  })
  await lab.startDc()
}

/** Where the snapshots are made, by the process whose id is in there. */
function makingOf(folder: string): string {
  return `${folder}.making`
}

/** True when the snapshots are there; false when they are ours to make now. Waits for a process that makes them. */
async function madeAlready(folder: string): Promise<boolean> {
  mkdirSync(dirname(folder), { recursive: true })
  const making = makingOf(folder)
  const pidFile = join(making, 'pid')
  for (;;) {
    if (existsSync(folder)) return true
    try {
      mkdirSync(making)
      writeFileSync(pidFile, String(process.pid))
      return false
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    await sleep(WAIT_MS)
    if (isAbandoned(making, pidFile)) rmSync(making, { recursive: true, force: true })
  }
}

function isAbandoned(making: string, pidFile: string): boolean {
  try {
    return processStart(Number(readFileSync(pidFile, 'utf8'))) === undefined
  } catch {
    // Its maker ended before it could say who it is, or has made it.
    const since = statSync(making, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    return Date.now() - since > NAMELESS_MS
  }
}

/** Fills a folder that appears under its name as a whole; those of other scripts go. */
async function keep(folder: string, fill: (into: string) => Promise<void>): Promise<void> {
  const making = makingOf(folder)
  await fill(making)
  renameSync(making, folder)
  const cache = dirname(folder)
  const joined = readdirSync(cache).filter((name) => /^joined-[0-9a-f]+$/.test(name))
  for (const name of joined.filter((one) => one !== basename(folder))) {
    rmSync(join(cache, name), { recursive: true, force: true })
  }
}

function fingerprint(): string {
  const hash = createHash('sha256').update(sambaVersion())
  for (const name of readdirSync(SCRIPTS).sort()) {
    hash.update(name).update(readFileSync(join(SCRIPTS, name)))
  }
  hash.update(readFileSync(import.meta.filename))
  return hash.digest('hex').slice(0, 16)
}

function listens(address: string): Promise<boolean> {
  const socket = connect(88, address)
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
