#!/usr/bin/env -S node --disable-sigusr1
/**
 * The one door: `sallyport <command>`.
 *
 * Exit status: 0 done, 1 it failed (the error is on standard error), 2 the command line is wrong, 141 nobody took the output.
 *
 * @module
 */

import { Command, CommanderError } from 'commander'
import { adminCommands } from './admin.ts'
import { watchOutput } from './closed-output.ts'
import { connectorCommand } from './connector.ts'
import { delegationCommand } from './delegation.ts'
import { doctorCommand } from './doctor.ts'
import { gatewayCommand } from './gateway.ts'
import { identityCommand } from './identity.ts'
import { policyCommand } from './policy.ts'
import { errorCode } from '../platform/index.ts'
import { reportError } from './report.ts'
import { ownVersion } from './version.ts'

const EXAMPLES = `
Examples:
  $ sallyport gateway run --config gateway.yaml
  $ sallyport tokens create --config gateway.yaml --group default > token.txt
  $ sallyport connector register --state ./state --token-file token.txt
  $ sallyport connector run --config connector.yaml
  $ sallyport doctor --config connector.yaml --app intranet --user alice@corp.example
  $ sallyport delegation plan --config connector.yaml --shell powershell
  $ sallyport policy test alice@corp.example https://intranet.example.com/ --config connector.yaml
  $ sallyport identity resolve alice@corp.example --app intranet --config connector.yaml
  $ sallyport sessions revoke --config gateway.yaml --user alice@corp.example

Exit status: 0 done, 1 failed, 2 wrong command line.`

/** Errors that say that the command line is wrong, found only after commander had read it. */
const USAGE_CODES: ReadonlySet<string> = new Set(['ERR_CLI_USAGE', 'ERR_DOCTOR_ONLY'])

function buildProgram(): Command {
  const program = new Command('sallyport')
    .description(
      'Publish intranet applications: people sign in outside, a connector inside obtains Kerberos tickets on their behalf.',
    )
    .version(ownVersion())
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(HELP_HINT)
  for (const command of [
    gatewayCommand(),
    connectorCommand(),
    delegationCommand(),
    doctorCommand(),
    identityCommand(),
    policyCommand(),
    ...adminCommands(),
  ]) {
    program.addCommand(withExitOverride(command))
  }
  return program
}

const HELP_HINT = '(--help shows what there is, with examples)'

/** Commander ends the process on a usage error unless told so on every level. */
function withExitOverride(command: Command): Command {
  command.exitOverride().showSuggestionAfterError().showHelpAfterError(HELP_HINT)
  command.commands.forEach(withExitOverride)
  return command
}

async function main(): Promise<void> {
  watchOutput()
  try {
    await buildProgram().parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return
    }
    reportError(error)
    process.exitCode = USAGE_CODES.has(errorCode(error)) ? 2 : 1
  }
}

await main()
