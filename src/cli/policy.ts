/**
 * `sallyport policy`: what the connector's own policy allows, and why not.
 *
 * @module
 */

import { Command } from 'commander'
import type { LookupReport } from '../directory/index.ts'
import { createLogger, systemClock, type LogLevel } from '../platform/io/index.ts'
import { printable, type Logger } from '../platform/index.ts'
import type { IssuerPolicy, Policy, PolicyPorts, PolicyStep } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { say, sayJson } from './output.ts'
import { usageError } from './report.ts'
import { logLevelOption, protectMemory } from './service.ts'

interface TestArguments {
  readonly app?: string
  readonly issuer?: string
  readonly offline: boolean
  readonly config: string
  readonly json: boolean
  readonly logLevel: LogLevel
}

interface Asked {
  readonly user: string
  readonly url: URL
  readonly options: TestArguments
  readonly logger: Logger
}

function parsedUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw usageError(`${text} is no address`, 'Give one such as https://intranet.example.com/path.')
}

function issuerOf(policy: Policy, name: string | undefined): IssuerPolicy | undefined {
  const [first] = policy.issuers.values()
  if (name === undefined) return first
  const found = policy.issuers.get(name)
  if (found !== undefined) return found
  const listed = [...policy.issuers.keys()].join(', ') || 'none'
  throw usageError(`the policy does not list the issuer ${name}`, `It lists: ${listed}.`)
}

async function appOf(asked: Asked, policy: Policy, state: string): Promise<AppSettings> {
  const { url, options, logger } = asked
  const { appAt, appFromRow } = await import('../sso/index.ts')
  if (options.offline) return appFromRow(policy, url)
  const { askGateway, readRegistration } = await import('../connector/io/index.ts')
  const identity = await readRegistration(state)
  const { apps } = await askGateway({ identity, clock: systemClock, logger })
  const found =
    options.app === undefined ? appAt(apps, url) : apps.find(({ id }) => id === options.app)
  if (found !== undefined) return found
  const known = apps.map(({ id, externalUrl }) => `${id} at ${externalUrl}`).join(', ') || 'none'
  throw usageError(
    `no app that this connector is told of is at ${url.origin}; there is: ${known}`,
    'Look at apps and connectorGroup in gateway.yaml, or judge an internal address with --offline.',
  )
}

async function explained(asked: Asked): Promise<readonly PolicyStep[]> {
  const { user, url, options, logger } = asked
  const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
  const { createNameResolver, openIdentity } = await import('../connector/io/index.ts')
  const { explainPolicy, resolveIdentity } = await import('../sso/index.ts')
  const config = loadConnectorConfig(options.config)
  const policy = loadPolicy(config.policy)
  const app = await appOf(asked, policy, config.stateDirectory)
  const resolve = createNameResolver(config.dns, systemClock)
  const lookups: LookupReport[] = []
  const { env: environment } = process
  const opened = await openIdentity({ config, logger, environment }, resolve)
  const identityOf: PolicyPorts['identityOf'] =
    opened &&
    ((issuer) => {
      const question = { issuer, value: user, kind: app.delegatedLoginIdentity }
      const { directory } = opened
      const ports = { policy, directory, lookups, nowMs: systemClock.nowMs() }
      return resolveIdentity(
        app.singleSignOn === 'kerberos' ? { ...question, app } : question,
        ports,
      )
    })
  try {
    const target = `${url.pathname}${url.search}`
    const issuer = issuerOf(policy, options.issuer)
    return await explainPolicy({ app, target, user }, { policy, issuer, resolve, identityOf })
  } finally {
    opened?.close()
  }
}

const MARKS = { allowed: '✓', refused: '✗', told: '·' } as const

function text(steps: readonly PolicyStep[]): string {
  const lines = steps.flatMap(({ step, outcome, text: said, code, mend }) => [
    `${MARKS[outcome]} ${step.padEnd(8)} ${code === undefined ? '' : `${code}: `}${said}`,
    ...(mend === undefined ? [] : [`           mend: ${mend}`]),
  ])
  const good = steps.every(({ outcome }) => outcome !== 'refused')
  return `${[...lines.map(printable), good ? 'allowed' : 'refused'].join('\n')}\n`
}

const TEST_HELP = `
USER stands for the value of the claim that is the login. URL is the address that people open; with --offline the address inside, and
no gateway is asked. What only a request can show (the provider's signature, the ticket, the backend) is for \`sallyport doctor\`.

Exit status: 0 the policy allows it, 1 it does not (with code and mend), 2 wrong command line.

Examples:
  $ sallyport policy test alice@corp.example https://intranet.example.com/reports
  $ sallyport policy test alice@corp.example http://intranet.corp.example/ --offline --json`

function testCommand(): Command {
  return new Command('test')
    .description("explain the policy's verdict on a user and an address, step by step")
    .argument('<user>', 'the login, as the provider asserts it')
    .argument('<url>', 'the address that people open')
    .option('-a, --app <id>', 'the app, where the address does not tell')
    .option('-i, --issuer <issuer>', 'which issuer asserts the user. Default: the first')
    .option('--offline', 'ask no gateway: the address is the internal one', false)
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .option('--json', 'for programs', false)
    .addOption(logLevelOption().default('error'))
    .addHelpText('after', TEST_HELP)
    .action(async (user: string, url: string, options: TestArguments) => {
      const logger = createLogger(options.logLevel)
      protectMemory(logger)
      const steps = await explained({ user, url: parsedUrl(url), options, logger })
      const good = steps.every(({ outcome }) => outcome !== 'refused')
      if (options.json) sayJson({ allowed: good, steps })
      else say(text(steps))
      if (!good) process.exitCode = 1
    })
}

/**
 * The command.
 *
 * @returns `policy test`.
 */
export function policyCommand(): Command {
  return new Command('policy')
    .description("what the connector's own policy allows")
    .addCommand(testCommand())
}
