/** Doctor's checks of directory and users in a lab, with the worlds that the command line builds. */

import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LabConnectorName } from '../../docker/lab/environment.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import { createDirectoryWorld, createUserWorld } from '../../src/cli/doctor-directory.ts'
import { connectorConfigSchema } from '../../src/connector/index.ts'
import {
  createNameResolver,
  openOwnDirectory,
  type OwnDirectory,
} from '../../src/connector/io/index.ts'
import {
  DEFAULT_RUN_LIMITS,
  DIRECTORY_CHECKS,
  planChecks,
  runChecks,
  USER_CHECKS,
  type Finding,
} from '../../src/doctor/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { compilePolicy, policySchema } from '../../src/sso/index.ts'
import { createBackendPool } from '../../src/sso/io/index.ts'
import { MemoryLogger } from './manual-clock.ts'

/** What differs from the lab as it is. */
export interface LabDoctorOptions {
  readonly connector?: LabConnectorName
  readonly keytab?: string
  readonly user?: string
  /** Names of backends in the policy. Default iwa. */
  readonly backends?: readonly string[]
  /** Directories instead of the lab's own alone, and the name server that knows them. */
  readonly directories?: readonly object[]
  readonly dnsServer?: string
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
  const { connector = 'CONN1', backends = ['iwa'], user, policy: more = {} } = options
  const controllers = lab.domainControllers.map(({ name }) => name)
  const keytab = options.keytab ?? lab.connectors[connector].keytab
  const config = connectorConfigSchema.parse({
    stateDirectory: 'unused',
    policy: 'unused',
    kerberos: { realm: lab.realm, principal: `${connector}$`, keytab, kdcs: controllers },
    directories: options.directories ?? [{ servers: controllers, ca: lab.caFile }],
    dns: { servers: [options.dnsServer ?? lab.dnsServer] },
  })
  const rows = backends.map((name) => ({
    origin: lab.backends[name]?.origin,
    servicePrincipalName: lab.backends[name]?.spn,
    addresses: ['127.88.0.0/16'],
  }))
  const policy = compilePolicy(policySchema.parse({ backends: rows, ...more }), () => '')
  const logger = new MemoryLogger()
  const resolve = createNameResolver(config.dns, systemClock)
  let opened: Promise<OwnDirectory> | undefined
  const open = () => (opened ??= openOwnDirectory({ config, logger }))
  const pool = createBackendPool({ resolve })
  const sources = { config, policy, logger, open, connect: connectOnce, pool }
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
          createUserWorld(sources, world, { login: user, signIn, apps: [] }),
          user,
        )
  try {
    const plan = [...planChecks(DIRECTORY_CHECKS, world), ...users]
    const results = await runChecks(plan, DEFAULT_RUN_LIMITS, { clock: systemClock })
    return results.flatMap(({ findings }) => findings)
  } finally {
    await pool.close()
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
