/**
 * One instance of the lab: its number, its lock, its folder, and what runs on its addresses.
 *
 * The lock is a listening socket on 127.88.N.254: no two labs of any checkout take the same number, and it goes with
 * its owner however that ends.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { addressesOf } from './environment.ts'
import { processStart } from './processes.ts'

const LOCK_HOST = 254
const LOCK_PORT = 88
/** The number of the last lab. */
export const HIGHEST_INSTANCE = 250

/** Services of the lab, in the order they are started. */
export const SERVICE_NAMES = ['dc', 'apache', 'epa', 'oidc'] as const

/** Name of a service. */
export type LabServiceName = (typeof SERVICE_NAMES)[number]

/** What state.json says of an instance that runs in the background. */
export interface LabState {
  readonly instance: number
  /** The owner: ending it ends the lab. */
  readonly pid: number
  /** When the owner began, so that a later process with its id is not taken for it. */
  readonly start: string
}

/** A number that is ours as long as the lock is open. */
export interface ClaimedInstance {
  readonly instance: number
  release(): void
}

function tryListen(host: string, port: number): Promise<Server | string> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
    server.listen({ host, port }, () => {
      resolve(server)
    })
  })
}

/**
 * Where an instance's lock listens as long as its owner lives.
 *
 * @param instance - Its number.
 * @returns Address and TCP port.
 */
export function lockOf(instance: number): { readonly host: string; readonly port: number } {
  return { host: `127.88.${instance}.${LOCK_HOST}`, port: LOCK_PORT }
}

async function claim(instance: number): Promise<ClaimedInstance | string> {
  const { host, port } = lockOf(instance)
  const lock = await tryListen(host, port)
  if (typeof lock === 'string') return lock
  lock.unref()
  return { instance, release: () => void lock.close() }
}

/** Address and ports of each service. */
function endpoints(instance: number): Readonly<Record<LabServiceName, [string, number[]]>> {
  const { dc, backend, epa, oidc } = addressesOf(instance)
  return {
    dc: [dc, [53, 88, 135, 389, 445, 464, 636, 3268]],
    apache: [backend, [80, 443]],
    epa: [epa, [443]],
    oidc: [oidc, [443]],
  }
}

async function firstTaken(
  instance: number,
  services: readonly LabServiceName[],
): Promise<string | undefined> {
  const places = endpoints(instance)
  for (const name of services) {
    const [host, ports] = places[name]
    for (const port of ports) {
      const probe = await tryListen(host, port)
      if (typeof probe === 'string') return `${host}:${port} (${name}) cannot be used: ${probe}`
      await new Promise((resolve) => probe.close(resolve))
    }
  }
  return undefined
}

/**
 * Takes a number whose addresses are all free.
 *
 * @param wanted - The number, or undefined for the first that is free.
 * @param services - What will run.
 * @returns The claim.
 * @throws Error that names the address in the way.
 */
export async function claimInstance(
  wanted: number | undefined,
  services: readonly LabServiceName[],
): Promise<ClaimedInstance> {
  if (wanted !== undefined && !(wanted >= 1 && wanted <= HIGHEST_INSTANCE)) {
    throw new RangeError(`a lab's number is 1 to ${HIGHEST_INSTANCE}, not ${wanted}`)
  }
  const last = wanted ?? HIGHEST_INSTANCE
  let why = ''
  for (let instance = wanted ?? 1; instance <= last; instance++) {
    const claimed = await claim(instance)
    if (typeof claimed === 'string') {
      const { host, port } = lockOf(instance)
      why = `a lab runs there already (${host}:${port}: ${claimed})`
      continue
    }
    const taken = await firstTaken(instance, services)
    if (taken === undefined) return claimed
    claimed.release()
    why = taken
  }
  const which =
    wanted === undefined ? 'no instance of the lab is free' : `lab ${wanted} is not free`
  throw new Error(`${which}: ${why}`)
}

/**
 * Where instances keep their files.
 *
 * @returns `.lab` of this checkout, or SALLYPORT_LAB_DIR.
 */
export function labRoot(): string {
  return process.env['SALLYPORT_LAB_DIR'] ?? join(import.meta.dirname, '..', '..', '.lab')
}

/**
 * Folder of an instance.
 *
 * @param instance - Its number.
 * @returns Absolute path.
 */
export function instanceDirectory(instance: number): string {
  return join(labRoot(), `instance-${instance}`)
}

/**
 * Reads who runs an instance in the background.
 *
 * @param instance - Its number.
 * @returns Its owner, or undefined when none lives.
 */
export function readState(instance: number): LabState | undefined {
  try {
    const text = readFileSync(join(instanceDirectory(instance), 'state.json'), 'utf8')
    const state = JSON.parse(text) as LabState
    return processStart(state.pid) === state.start ? state : undefined
  } catch {
    return undefined
  }
}
