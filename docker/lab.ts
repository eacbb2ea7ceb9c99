/**
 * The lab: a real Samba AD domain, Apache with Kerberos sign-in, a backend that insists on channel bindings, and an
 * OpenID provider, all on 127.88.N.x of this machine. `npm run lab -- up|down|status|env`, or startLab() from a test.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { runCommand } from './lab/command.ts'
import { startContainedLab } from './lab/container.ts'
import { chooseLabPlace, type LabPlace } from './lab/engine.ts'
import { claimInstance, labRoot, SERVICE_NAMES } from './lab/instance.ts'
import { disown, own } from './lab/lifetime.ts'
import { runScript } from './lab/processes.ts'
import { RunningLab } from './lab/running.ts'
import { ensureSnapshot, sambaVersion } from './lab/snapshot.ts'
import type { Lab, LabOptions } from './lab/types.ts'

export type { Lab, LabOptions } from './lab/types.ts'
export type { LabBackend, LabConnector, LabEnvironment, LabUser } from './lab/environment.ts'

const PACKAGES = join(import.meta.dirname, 'packages.sh')
const EXIT_MISSING = 6

/** Whether a lab can run here. */
export interface LabAvailability {
  readonly ok: boolean
  /** Where it runs: on this machine, or in a container and why; for a person to read. */
  readonly way?: string
  /** Why not, for a person to read. */
  readonly reason?: string
}

/** Why the lab cannot run on this machine itself, or undefined when it can. Some 20 ms, and changes nothing. */
function nativeObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'the lab needs root: ports below 1024 and mount namespaces'
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) {
    return 'the lab needs mount namespaces, and unshare -m is refused here'
  }
  const check = spawnSync('bash', [PACKAGES, '--check', 'lab'], { encoding: 'utf8' })
  if (check.status === 0 || check.status === EXIT_MISSING) return undefined
  return check.error === undefined ? check.stderr.trim() : 'the lab needs bash'
}

function describePlace(place: Exclude<LabPlace, { kind: 'nowhere' }>): string {
  if (place.kind === 'native') return 'on this machine'
  return `in a container of ${place.engine.name} (${place.why})`
}

/**
 * Finds out whether and how this machine can carry the lab, without changing anything. A container engine is asked only
 * where the machine itself cannot, or where SALLYPORT_LAB_ENGINE names it.
 *
 * @returns Yes and where, or no and why.
 */
export function labAvailability(): LabAvailability {
  const place = chooseLabPlace(nativeObstacle)
  if (place.kind === 'nowhere') return { ok: false, reason: place.reason }
  return { ok: true, way: describePlace(place) }
}

/**
 * Starts a lab: on this machine where it can carry one, else in a container.
 *
 * On SIGINT, SIGTERM or SIGHUP the lab is stopped, and this process ends unless others listen for that signal too.
 *
 * @param options - Which instance, which services.
 * @returns The lab, when every service answers.
 * @throws Error that says what failed, with the last lines of what failed.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const place = chooseLabPlace(nativeObstacle)
  if (place.kind === 'nowhere') throw new Error(`no lab can run here: ${place.reason}`)
  if (place.kind === 'native') return startNativeLab(options)
  options.log?.(`runs ${describePlace(place)}`)
  return startContainedLab(place.engine, options)
}

/** Installs what is missing, provisions the domain when that was never done, restores it, starts all. */
async function startNativeLab(options: LabOptions): Promise<Lab> {
  const log = options.log ?? (() => undefined)
  const services = options.services ?? SERVICE_NAMES
  await runScript({ command: 'bash', args: [PACKAGES, 'lab'], onLine: log })
  const version = sambaVersion()
  const cacheDirectory = join(labRoot(), 'cache')
  const snapshot = options.snapshot ?? (await ensureSnapshot({ cacheDirectory, version, log }))
  const claimed = await claimInstance(options.instance, services)
  const { variables } = options
  const lab = new RunningLab({ claimed, services, snapshot, sambaVersion: version, variables, log })
  const stop = (): Promise<void> =>
    lab.stop().finally(() => {
      disown(lab)
    })
  own(lab)
  try {
    await lab.start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    env: lab.env,
    envFile: lab.envFile,
    stopDc: () => lab.stopDc(),
    startDc: () => lab.startDc(),
    samba: (args) => lab.samba(args),
    stop,
  }
}

if (import.meta.main) await runCommand(process.argv.slice(2), startLab)
