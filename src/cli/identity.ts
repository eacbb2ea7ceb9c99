/**
 * `sallyport identity`: whom a sign-in names, and why.
 *
 * @module
 */

import { Command } from 'commander'
import type { LookupReport } from '../directory/index.ts'
import { type Logger } from '../platform/index.ts'
import { createLogger, systemClock, type LogLevel } from '../platform/io/index.ts'
import type { IdentityReport, IssuerPolicy, Policy } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { say, sayJson } from './output.ts'
import { usageError } from './report.ts'
import { logLevelOption, protectMemory } from './service.ts'

interface ResolveArguments {
  readonly app?: string
  readonly delegatedLoginIdentity?: string
  readonly issuer?: string
  readonly config: string
  readonly json: boolean
  readonly logLevel: LogLevel
}

function issuerFrom(policy: Policy, name: string | undefined): IssuerPolicy {
  const issuers = [...policy.issuers.values()]
  const [first] = issuers
  const chosen = name === undefined ? first : policy.issuers.get(name)
  if (chosen !== undefined && (name !== undefined || issuers.length === 1)) return chosen
  const listed = issuers.map(({ issuer }) => issuer).join(', ') || 'none'
  throw usageError(`the policy lists these issuers: ${listed}`, 'Name one of them with --issuer.')
}

/** The app as the gateway tells it to connectors. */
async function askForApp(state: string, id: string, logger: Logger): Promise<AppSettings> {
  const { askGateway, readRegistration } = await import('../connector/io/index.ts')
  const identity = await readRegistration(state)
  const { apps } = await askGateway({ identity, clock: systemClock, logger })
  const app = apps.find((each) => each.id === id)
  if (app !== undefined) return app
  const known = apps.map((each) => each.id).join(', ') || 'none'
  throw usageError(
    `the gateway tells this connector's group of no app ${id}, but of: ${known}`,
    'Look at apps and connectorGroup in gateway.yaml.',
  )
}

async function resolve(value: string, options: ResolveArguments): Promise<IdentityReport> {
  const logger = createLogger(options.logLevel)
  protectMemory(logger)
  const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
  const { createNameResolver, openIdentity } = await import('../connector/io/index.ts')
  const { resolveIdentity } = await import('../sso/index.ts')
  const config = loadConnectorConfig(options.config)
  const policy = loadPolicy(config.policy)
  const issuer = issuerFrom(policy, options.issuer)
  const app =
    options.app === undefined
      ? undefined
      : await askForApp(config.stateDirectory, options.app, logger)
  const kind = options.delegatedLoginIdentity ?? app?.delegatedLoginIdentity
  if (kind === undefined) {
    throw usageError('whose kind of login identity?', 'Give --app or --delegated-login-identity.')
  }
  const lookups: LookupReport[] = []
  const onLookup = (report: LookupReport): void => void lookups.push(report)
  const { env: environment } = process
  const names = createNameResolver(config.dns, systemClock)
  const opened = await openIdentity({ config, logger, environment, onLookup }, names)
  if (opened === undefined) {
    throw usageError(
      `${options.config} has no kerberos section`,
      'Add the sections kerberos and directory; without them nobody is acted for.',
    )
  }
  try {
    const question = { issuer, value, kind, ...(app && { app }) }
    const { directory } = opened
    return await resolveIdentity(question, {
      policy,
      directory,
      lookups,
      nowMs: systemClock.nowMs(),
    })
  } finally {
    opened.close()
  }
}

const RESOLVE_HELP = `
USER stands for the value of the claim that the policy takes from the issuer's tokens for this kind.
Exit status: 0 the user would be acted for, 1 refused (with the code and the mend that the user's request would meet), 2 wrong command line.

Examples:
  $ sallyport identity resolve alice@corp.example --app intranet
  $ sallyport identity resolve 0042 --delegated-login-identity employee --json`

function resolveCommand(): Command {
  return new Command('resolve')
    .description('show each step from the value of a claim to the Kerberos name that is acted for')
    .argument('<user>', 'the value of the claim that is the login, such as alice@corp.example')
    .option(
      '-a, --app <id>',
      'at this app, whose settings the gateway is asked for. Default: at every backend of the policy',
    )
    .option('-k, --delegated-login-identity <kind>', "a kind, instead of the app's own")
    .option(
      '-i, --issuer <issuer>',
      'which issuer of the policy asserts it, where there are several',
    )
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .option('--json', 'for programs', false)
    .addOption(logLevelOption().default('error'))
    .addHelpText('after', RESOLVE_HELP)
    .action(async (user: string, options: ResolveArguments) => {
      const report = await resolve(user, options)
      const { identityText } = await import('./identity-report.ts')
      if (options.json) sayJson(report)
      else say(identityText(report))
      if (report.refusal !== undefined) process.exitCode = 1
    })
}

/**
 * The command.
 *
 * @returns `identity resolve`.
 */
export function identityCommand(): Command {
  return new Command('identity')
    .description('whom a sign-in names in the directory')
    .addCommand(resolveCommand())
}
