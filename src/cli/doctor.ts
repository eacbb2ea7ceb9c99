/**
 * `sallyport doctor`: looks at everything between the gateway and the backends, and says what is broken and how to mend it.
 *
 * @module
 */

import { Command, InvalidArgumentError } from 'commander'
import type { CheckResult, DoctorReport, PlannedCheck } from '../doctor/index.ts'
import { createLogger, systemClock } from '../platform/io/index.ts'
import type { DoctorWorlds } from './doctor-world.ts'
import { say, sayJson } from './output.ts'
import { usageError } from './report.ts'
import { protectMemory } from './service.ts'

interface DoctorArguments {
  readonly config: string
  readonly app: readonly string[]
  readonly user: readonly string[]
  readonly only: readonly string[]
  readonly json: boolean
  readonly timeout: number
  readonly bundle?: string
  readonly log?: string
}

const HELP = `
Areas: host, tunnel, directory, issuer, apps, app, and user with --user; a check is such as app.tls. A login is a user principal name, an account name,
domain.example\\name with the DNS name of a domain, or a SID; it is looked up in every directory of connector.yaml, as the connector does.

Run it as the user that the connector runs as, on the connector's host; a running connector is not disturbed. It uses the connector's own account,
key and certificate, and changes nothing.

Examples:
  $ sallyport doctor --config /etc/sallyport/connector.yaml
  $ sallyport doctor --app intranet --user alice@corp.example
  $ sallyport doctor --only host --only tunnel.tls
  $ sallyport doctor --bundle doctor.tar.gz --log /var/log/sallyport.log
  $ sallyport doctor --json | jq '.findings[] | select(.outcome == "fail")'

Exit status: 0 all is well, perhaps with warnings; 1 a check failed, or a configuration cannot be read; 2 wrong command line: also an app that the
gateway does not tell, a check that there is not, a user where connector.yaml has no Kerberos. All codes: native-notes/doctor.md.`

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

function seconds(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 3600) return value
  throw new InvalidArgumentError('expected seconds, 1 to 3600')
}

/**
 * The command.
 *
 * @returns `doctor`.
 */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'look at host, tunnel, directory, sign-in, apps and users, and say what is broken and how to mend it',
    )
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .option('--app <id>', 'this app alone, for --user too; may be repeated', collect)
    .option('--user <login>', 'look at this user too; may be repeated', collect)
    .option(
      '--only <area|check>',
      'this area or check, and what it needs; may be repeated',
      collect,
    )
    .option('--timeout <seconds>', 'longest time for one check', seconds, 30)
    .option(
      '--bundle <file>',
      'write a tar.gz for support: findings, versions and configuration, without secrets',
    )
    .option('--log <file>', 'put the newest part of this log into the bundle, without secrets')
    .option('--json', 'one object for programs')
    .addHelpText('after', HELP)
    .action((given: Partial<DoctorArguments> & Pick<DoctorArguments, 'config' | 'timeout'>) =>
      runDoctor({ app: [], user: [], only: [], json: false, ...given }),
    )
}

async function runDoctor(options: DoctorArguments): Promise<void> {
  checkArguments(options)
  const logger = createLogger('silent')
  protectMemory(logger)
  const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
  const { createDoctorWorlds } = await import('./doctor-world.ts')
  const { planDoctor } = await import('./doctor-plan.ts')
  const { formatSummary, reportOf } = await import('../doctor/index.ts')
  const written = await prepareBundle(options)
  const config = loadConnectorConfig(options.config)
  const policy = loadPolicy(config.policy)
  const worlds = createDoctorWorlds({ configPath: options.config, config, policy, logger })
  try {
    const report = reportOf(await runPlan(await planDoctor(worlds, options), options))
    written?.(report, worlds)
    if (options.json) sayJson(report)
    else say(`\n${formatSummary(report)}\n`)
    process.exitCode = exitCodeOf(report)
  } finally {
    worlds.close()
  }
}

/** An app that was asked about and is not told is a wrong command line, as well as a finding. */
function exitCodeOf({ ok, findings }: DoctorReport): number {
  if (findings.some(({ code }) => code === 'DOCTOR_APP_OTHER_GROUP')) return 2
  return ok ? 0 : 1
}

/** Reads what goes into the bundle, and finds out whether it can be written, before anybody waits for the checks. */
async function prepareBundle({
  bundle: file,
  log,
}: DoctorArguments): Promise<((report: DoctorReport, worlds: DoctorWorlds) => void) | undefined> {
  if (file === undefined) return undefined
  const { checkBundlePlace, newestPart, writeBundle } = await import('./doctor-bundle.ts')
  checkBundlePlace(file)
  const newest = log === undefined ? undefined : newestPart(log)
  return (report, { sources }) => {
    writeBundle({ file, log: newest, report }, sources)
  }
}

/** Options that need each other, and names that are none. */
function checkArguments({ app, user, bundle, log }: DoctorArguments): void {
  if (log !== undefined && bundle === undefined) {
    throw usageError('--log puts a log into a bundle, and there is none', 'Give --bundle too.')
  }
  if (app.includes('')) throw usageError('--app is empty', 'Give the id of an app.')
  if (user.includes('')) throw usageError('--user is empty', 'Give a login: alice@corp.example.')
}

async function runPlan(
  plan: readonly PlannedCheck[],
  { only, timeout, json }: DoctorArguments,
): Promise<readonly CheckResult[]> {
  const { DEFAULT_RUN_LIMITS, formatResult, runChecks } = await import('../doctor/index.ts')
  const { chosenChecks } = await import('./doctor-plan.ts')
  let area = ''
  const onResult = (result: CheckResult): void => {
    const text = formatResult(result)
    if (text === '') return
    const [name = ''] = result.id.split('.')
    if (name !== area) say(`${area === '' ? '' : '\n'}${name}\n`)
    area = name
    say(`${text}\n`)
  }
  // Timers of the product never hold the process, so this one does.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    const limits = { ...DEFAULT_RUN_LIMITS, checkMs: timeout * 1000 }
    const ports = { clock: systemClock, ...(json ? {} : { onResult }) }
    return await runChecks(chosenChecks(plan, only), limits, ports)
  } finally {
    clearInterval(alive)
  }
}
