/**
 * `sallyport delegation`: who may delegate to what, what is missing for the policy, and what is too much.
 *
 * @module
 */

import { Command, Option } from 'commander'
import type { DelegationState, PlanMode } from '../doctor/index.ts'
import { jsonText, SallyportError } from '../platform/index.ts'
import { createLogger, systemClock, type LogLevel } from '../platform/io/index.ts'
import { say, sayJson } from './output.ts'
import { logLevelOption, protectMemory } from './service.ts'

interface SharedArguments {
  readonly config: string
  readonly json: boolean
  readonly logLevel: LogLevel
}

/** Reads configuration and directory, and closes what it opened. */
async function readState({ config: path, logLevel }: SharedArguments): Promise<DelegationState> {
  const logger = createLogger(logLevel)
  protectMemory(logger)
  const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
  const { openOwnDirectory } = await import('../connector/io/index.ts')
  const { gatherFacts, readDelegationState, wantedServices } = await import('../doctor/index.ts')
  const config = loadConnectorConfig(path)
  const policy = loadPolicy(config.policy)
  const { env: environment } = process
  const opened = await openOwnDirectory({ config, logger, environment })
  try {
    const facts = await gatherFacts({ clock: systemClock, ...opened })
    const connector = await facts.accounts.byName(opened.account)
    if (connector === undefined) throw noAccount(opened.account)
    const services = wantedServices(policy.backends.map(({ row }) => row))
    return await readDelegationState(facts, connector, { services })
  } finally {
    opened.close()
  }
}

function noAccount(account: string): SallyportError {
  return new SallyportError('ERR_CLI_ACCOUNT', `the domain has no account called ${account}`, {
    mend: 'kerberos.principal is to be the account’s sAMAccountName, a computer’s with the $ at its end.',
  })
}

function withShared(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .option('--json', 'for programs', false)
    .addOption(logLevelOption().default('error'))
}

interface ShowArguments extends SharedArguments {
  readonly graph?: 'mermaid' | 'svg'
}

const SHOW_HELP = `
The connector's own list is msDS-AllowedToDelegateTo (classic constrained delegation); the services' is
msDS-AllowedToActOnBehalfOfOtherIdentity (resource-based, RBCD). Nothing is changed.

Examples:
  $ sallyport delegation show --config /etc/sallyport/connector.yaml
  $ sallyport delegation show --graph svg > delegation.svg`

function showCommand(): Command {
  return withShared(new Command('show'))
    .description(
      "who may delegate to the policy's services: by the connector's list and the services' own, and what the account may besides",
    )
    .addHelpText('after', SHOW_HELP)
    .addOption(
      new Option('--graph <form>', 'as a graph, instead of text').choices(['mermaid', 'svg']),
    )
    .action(async (options: ShowArguments) => {
      const state = await readState(options)
      say(await shown(state, options))
    })
}

async function shown(state: DelegationState, { json, graph }: ShowArguments): Promise<string> {
  const doctor = await import('../doctor/index.ts')
  if (graph === 'mermaid') return doctor.delegationMermaid(state)
  if (graph === 'svg') return doctor.delegationSvg(state)
  return json ? `${jsonText(doctor.delegationJson(state))}\n` : doctor.formatDelegation(state)
}

interface PlanArguments extends SharedArguments {
  readonly rbcd?: boolean
  readonly classic?: boolean
  readonly shell?: 'powershell' | 'samba'
  readonly prune: boolean
}

const PLAN_HELP = `
Without --rbcd and --classic what is granted stays as it is; what is missing is granted by RBCD where the domain's KDCs can,
else on the connector's own list.
Only rights the policy needs, never unconstrained delegation. Nothing is changed.

Examples:
  $ sallyport delegation plan --config /etc/sallyport/connector.yaml --shell powershell
  $ sallyport delegation plan --shell samba | ssh root@dc1 bash -e`

function planCommand(): Command {
  return withShared(new Command('plan'))
    .description(
      'the commands that lead from the directory as it is to what the policy needs, and no further',
    )
    .addOption(
      new Option('--rbcd', "grant on the services' side alone (RBCD)").conflicts('classic'),
    )
    .option('--classic', "grant on the connector's own list alone")
    .addOption(
      new Option('--shell <name>', 'commands of one kind alone').choices(['powershell', 'samba']),
    )
    .option('--prune', 'take superfluous rights away too; else their commands are comments', false)
    .addHelpText('after', PLAN_HELP)
    .action(async (options: PlanArguments) => {
      const state = await readState(options)
      const { formatPlan, planDelegation } = await import('../doctor/index.ts')
      const plan = planDelegation(state, modeOf(options))
      if (options.json) sayJson(plan)
      else say(formatPlan(plan, options))
    })
}

function modeOf({ rbcd, classic }: PlanArguments): PlanMode {
  if (rbcd === true) return 'rbcd'
  return classic === true ? 'classic' : 'auto'
}

const VERIFY_HELP = `
Prints the plan that would mend it. Nothing is changed.

Exit status: 0 the directory is as the policy needs it, 1 something is missing or too much, 2 wrong command line.

Example, from a timer:
  $ sallyport delegation verify --config /etc/sallyport/connector.yaml || systemd-cat -p warning echo 'delegation has changed'`

function verifyCommand(): Command {
  return withShared(new Command('verify'))
    .description(
      'compare the directory with what the policy needs: nothing missing, nothing too much',
    )
    .addHelpText('after', VERIFY_HELP)
    .action(async (options: SharedArguments) => {
      const state = await readState(options)
      const { formatPlan, planDelegation } = await import('../doctor/index.ts')
      const plan = planDelegation(state)
      if (options.json) sayJson(plan)
      else say(formatPlan(plan))
      if (plan.missing.length + plan.superfluous.length > 0) process.exitCode = 1
    })
}

/**
 * The commands about delegation.
 *
 * @returns `delegation show`, `delegation plan` and `delegation verify`.
 */
export function delegationCommand(): Command {
  return new Command('delegation')
    .description("who may delegate to what, by the connector's own account")
    .addCommand(showCommand())
    .addCommand(planCommand())
    .addCommand(verifyCommand())
}
