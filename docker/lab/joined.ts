/**
 * A lab with two further domain controllers: `dc2`, which can write, and `rodc1`, which cannot and keeps the keys of CONN1,
 * alice and svc-iwa alone. Neither replicates by itself.
 *
 * They are joined once and kept as snapshots beside the domain's own.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startLab } from '../lab.ts'
import { addressesOf, type LabEnvironment } from './environment.ts'
import { FurtherController, SCRIPTS, stopTogether } from './further.ts'
import { keepSnapshots, withSnapshots } from './kept.ts'
import { runScript } from './processes.ts'
import { variablesOf } from './running.ts'
import type { Lab } from './types.ts'

/** Whose keys rodc1 keeps. */
const KEPT_BY_RODC = ['CONN1$', 'alice', 'svc-iwa'] as const

type ControllerName = 'dc2' | 'rodc1'

/** Their addresses are 127.88.N.2 and 3. */
const HOSTS: Readonly<Record<ControllerName, number>> = { dc2: 2, rodc1: 3 }
const ROLES: Readonly<Record<ControllerName, 'DC' | 'RODC'>> = { dc2: 'DC', rodc1: 'RODC' }

/** A further controller of the lab's own domain. */
class JoinedController extends FurtherController {
  readonly #name: ControllerName
  readonly #state: string

  constructor(name: ControllerName, env: LabEnvironment) {
    const address = `127.88.${env.instance}.${HOSTS[name]}`
    const state = join(env.directory, name)
    super({
      name,
      address,
      variables: {
        ...variablesOf(env),
        LAB_STATE: state,
        LAB_DC: name,
        LAB_ADDRESS: address,
        LAB_FIRST_ADDRESS: addressesOf(env.instance).dc,
      },
      start: ['joined.sh', 'start'],
      tool: ['joined.sh', 'tool'],
      ports: [88],
      logFile: join(env.directory, 'log', `${name}.log`),
    })
    this.#name = name
    this.#state = state
  }

  /** Joins the domain, whose first controller must run. */
  async join(): Promise<void> {
    await this.script('joined.sh', 'join', ROLES[this.#name])
  }

  /** Unpacks what pack() made, for its present address. */
  async unpack(folder: string): Promise<void> {
    mkdirSync(this.#state)
    const file = this.snapshotIn(folder)
    const args = ['-C', this.#state, '--xattrs', '--xattrs-include=*', '-xzf', file]
    await runScript({ command: 'tar', args })
    await this.script('joined.sh', 'settle')
  }
}

/** A lab with its further controllers, which do not run yet. */
export interface JoinedLab extends Lab {
  readonly dc2: JoinedController
  readonly rodc: JoinedController
}

/**
 * Starts a lab with its first domain controller alone; the further ones are joined and can be started.
 *
 * @param log - Gets a line a step.
 * @returns The lab.
 */
export function startJoinedLab(log?: (line: string) => void): Promise<JoinedLab> {
  return withSnapshots('joined', import.meta.filename, (folder, known) =>
    startWith(folder, known, log),
  )
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
  const joined = { ...lab, dc2, rodc, stop: stopTogether(lab, [dc2, rodc]) }
  try {
    if (known) await Promise.all([dc2.unpack(folder), rodc.unpack(folder)])
    else await joinAll(joined, folder, log)
  } catch (error) {
    await joined.stop()
    throw error
  }
  return joined
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
  await keepSnapshots(folder, async (into) => {
    const file = join(into, 'dc.tar.gz')
    const env = variablesOf(lab.env)
    await runScript({ command: join(SCRIPTS, 'snapshot.sh'), args: [file], env })
    await dc2.pack(into)
    await rodc.pack(into)
  })
  await lab.startDc()
}
