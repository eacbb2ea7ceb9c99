/** Doctor's checks of directory and users in a lab, with the worlds that the command line builds. */

import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LabConnectorName } from '../../docker/lab/environment.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import { createDirectoryWorld, createUserWorld } from '../../src/cli/doctor-directory.ts'
import {
  createNameResolver,
  openOwnDirectory,
  type OwnDirectory,
} from '../../src/connector/io/index.ts'
import {
  DEFAULT_RUN_LIMITS,
  DIRECTORY_CHECKS,
  headerRooms,
  planChecks,
  runChecks,
  USER_CHECKS,
  type Finding,
} from '../../src/doctor/index.ts'
import { backendProbe } from '../../src/doctor/io/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { compilePolicy, policySchema } from '../../src/sso/index.ts'
import { labConfig, type LabConfigOptions } from './lab-config.ts'
import { MemoryLogger } from './manual-clock.ts'

/** What differs from the lab as it is. */
export interface LabDoctorOptions extends LabConfigOptions {
  readonly connector?: LabConnectorName
  readonly user?: string
  /** Names of backends in the policy. Default iwa. */
  readonly backends?: readonly string[]
  /** Where they are not at the usual one. */
  readonly port?: number
  /** More of policy.yaml. */
  readonly policy?: Readonly<Record<string, unknown>>
}

/**
 * Makes the checks.
 *
 * @param lab - Where.
 * @param options - As whom, about whom.
 * @returns Every finding.
 */
export async function labDoctor(
  lab: LabEnvironment,
  options: LabDoctorOptions = {},
): Promise<readonly Finding[]> {
  const { connector = 'CONN1', backends = ['iwa'], user, port, policy: more = {} } = options
  const config = labConfig(lab, connector, options)
  const rows = backends.map((name) => ({
    origin: `${lab.backends[name]?.origin ?? ''}${port === undefined ? '' : `:${port}`}`,
    servicePrincipalName: lab.backends[name]?.spn,
    addresses: ['127.88.0.0/16'],
  }))
  const policy = compilePolicy(policySchema.parse({ backends: rows, ...more }), () => '')
  const logger = new MemoryLogger()
  const resolve = createNameResolver(config.dns, systemClock)
  let opened: Promise<OwnDirectory> | undefined
  const open = () => (opened ??= openOwnDirectory({ config, logger }))
  const ask = backendProbe(resolve)
  const headerRoom = headerRooms(ask)
  const sources = { config, policy, logger, open, connect: connectOnce, ask, headerRoom }
  // The names are the lab's own name server's.
  const connectByName = async (host: string, port: number) =>
    connectOnce((await resolve(host))[0] ?? host, port)
  const world = createDirectoryWorld({ ...sources, connect: connectByName })
  if (world === undefined) throw new Error('no world')
  const signIn = () => Promise.resolve(undefined)
  const users =
    user === undefined
      ? []
      : planChecks(
          USER_CHECKS,
          createUserWorld(sources, world, { login: user, signIn, apps: [], appsAlone: false }),
          user,
        )
  try {
    const plan = [...planChecks(DIRECTORY_CHECKS, world), ...users]
    const results = await runChecks(plan, DEFAULT_RUN_LIMITS, { clock: systemClock })
    return results.flatMap(({ findings }) => findings)
  } finally {
    ;(await opened?.catch(() => undefined))?.close()
  }
}

function connectOnce(host: string, port: number): Promise<void> {
  return Promise.race([
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, host, () => {
        socket.destroy()
        resolve()
      })
      socket.on('error', reject)
    }),
    delay(5000, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer'))),
  ])
}

/** Codes of what is not well. */
export function troublesOf(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'warn')
    .map(({ code }) => code.replace('DOCTOR_', ''))
}
