/**
 * Where the lab runs: on this machine itself, or, where that is impossible, in a container of docker or podman.
 *
 * SALLYPORT_LAB_ENGINE=docker|podman takes that engine in any case, SALLYPORT_LAB_ENGINE=none never takes one.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const ENGINE_NAMES = ['docker', 'podman'] as const
const ANSWER_TIMEOUT_MS = 15_000
/** The lab's lowest port: DNS. */
const LOWEST_PORT = 53

/** A container engine that answers. */
export interface Engine {
  readonly name: (typeof ENGINE_NAMES)[number]
  /** Whether root inside is the caller outside. */
  readonly rootless: boolean
}

/** Where the lab runs, or why nowhere. */
export type LabPlace =
  | { readonly kind: 'native' }
  | { readonly kind: 'container'; readonly engine: Engine; readonly why: string }
  | { readonly kind: 'nowhere'; readonly reason: string }

/** How each engine says that it runs without root. */
const ROOTLESS = {
  docker: ['{{json .SecurityOptions}}', /name=rootless/],
  podman: ['{{.Host.Security.Rootless}}', /true/],
} as const

function lowestFreePort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    return 1024
  }
}

/** The engine, or why it cannot be used. */
function askEngine(name: Engine['name']): Engine | string {
  const [format, pattern] = ROOTLESS[name]
  const asked = spawnSync(name, ['info', '--format', format], {
    encoding: 'utf8',
    timeout: ANSWER_TIMEOUT_MS,
  })
  if (asked.error !== undefined) {
    const missing = 'code' in asked.error && asked.error.code === 'ENOENT'
    return missing ? `${name} is not installed` : `${name} does not answer`
  }
  if (asked.status !== 0) {
    return `${name} does not answer: ${asked.stderr.trim().split('\n').at(-1) ?? ''}`
  }
  const rootless = pattern.test(asked.stdout)
  if (rootless && lowestFreePort() > LOWEST_PORT) {
    const mend = `sysctl net.ipv4.ip_unprivileged_port_start=${LOWEST_PORT}`
    return `${name} runs without root and may not use ports below 1024 ('${mend}', as root, allows it)`
  }
  return { name, rootless }
}

function forced(name: Engine['name']): LabPlace {
  const engine = askEngine(name)
  if (typeof engine === 'string') return { kind: 'nowhere', reason: engine }
  return { kind: 'container', engine, why: 'SALLYPORT_LAB_ENGINE says so' }
}

/**
 * Chooses where the lab runs.
 *
 * @param nativeObstacle - Says why it cannot run on this machine itself, or undefined when it can.
 * @returns The place.
 */
export function chooseLabPlace(nativeObstacle: () => string | undefined): LabPlace {
  if (process.platform !== 'linux') return { kind: 'nowhere', reason: 'the lab needs Linux' }
  const setting = process.env['SALLYPORT_LAB_ENGINE'] ?? ''
  const named = ENGINE_NAMES.find((name) => name === setting)
  if (named !== undefined) return forced(named)
  if (setting !== '' && setting !== 'none') {
    const reason = `SALLYPORT_LAB_ENGINE is docker, podman or none, not '${setting}'`
    return { kind: 'nowhere', reason }
  }
  const why = nativeObstacle()
  if (why === undefined) return { kind: 'native' }
  if (setting === 'none') return { kind: 'nowhere', reason: why }
  const problems: string[] = []
  for (const name of ENGINE_NAMES) {
    const engine = askEngine(name)
    if (typeof engine !== 'string') return { kind: 'container', engine, why }
    problems.push(engine)
  }
  return { kind: 'nowhere', reason: `${why}; nor in a container: ${problems.join('; ')}` }
}
