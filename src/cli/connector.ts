/**
 * `sallyport connector`: registers a connector and runs it.
 *
 * Rooms are imported by the commands that need them, so that the others start at once.
 *
 * @module
 */

import { hostname } from 'node:os'
import { Command } from 'commander'
import { createLogger, systemClock, type LogLevel } from '../platform/io/index.ts'
import { say, sayJson } from './output.ts'
import { readSecretText } from './secret-text.ts'
import { logLevelOption, protectMemory, runUntilSignal, tuneHeap } from './service.ts'
import { ownVersion } from './version.ts'

interface RegisterArguments {
  readonly state: string
  readonly tokenFile?: string
  readonly name: string
  readonly force: boolean
}

const REGISTER_HELP = `
The token comes from --token-file, from standard input (--token-file -) or from SALLYPORT_REGISTRATION_TOKEN.
It names the gateway and the fingerprint of its authority, which is checked before anything is sent.

Examples:
  $ sallyport connector register --state /var/lib/sallyport --token-file token.txt
  $ ssh gateway sallyport tokens create | sallyport connector register --state ./state --token-file -`

function registerCommand(): Command {
  return new Command('register')
    .description('make a key here, and have the gateway certify it against a one-time token')
    .requiredOption(
      '-s, --state <directory>',
      'where key, certificate and gateway address are kept',
    )
    .option('-t, --token-file <file>', 'file of the token, - for standard input')
    .option('-n, --name <name>', 'what lists call this connector', hostname())
    .option('--force', 'replace an earlier registration', false)
    .addHelpText('after', REGISTER_HELP)
    .action(async (options: RegisterArguments) => {
      const token = readSecretText({
        file: options.tokenFile,
        variable: 'SALLYPORT_REGISTRATION_TOKEN',
        what: 'registration token',
        option: '--token-file',
      })
      const outside = await import('../connector/io/registering.ts')
      const { id, group, address } = await outside.registerConnector(
        { token, name: options.name, force: options.force },
        {
          transport: outside.registrationTransport(),
          files: outside.registrationFiles(options.state),
          clock: systemClock,
        },
      )
      say(`registered as ${id} in group ${group} at ${address}\n`)
    })
}

interface ConnectorOptions {
  readonly config: string
}

function runCommand(): Command {
  return new Command('run')
    .description('keep a tunnel to the gateway and serve its requests until SIGTERM')
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ sallyport connector run --config /etc/sallyport/connector.yaml',
    )
    .action(async (given: ConnectorOptions & { logLevel: LogLevel }) => {
      const logger = createLogger(given.logLevel)
      protectMemory(logger)
      tuneHeap()
      const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
      const { createConnectorRuntime } = await import('../connector/io/index.ts')
      const config = loadConnectorConfig(given.config)
      const policy = loadPolicy(config.policy)
      const version = ownVersion()
      const { env: environment } = process
      const options = { config, policy, version, logger, environment }
      const connector = await createConnectorRuntime(options)
      connector.start()
      await runUntilSignal(connector, logger)
    })
}

function checkCommand(): Command {
  return new Command('check')
    .description('check configuration and policy and change nothing')
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .action(async (options: ConnectorOptions) => {
      const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
      const config = loadConnectorConfig(options.config)
      loadPolicy(config.policy)
      say(`${options.config}: good\n${config.policy}: good\n`)
    })
}

const JWKS_HELP = `
Backends verify the assertions of headerSignOn by it. Give it to them as a file, or publish it on a web server that they trust; the
gateway does not publish it, since whoever held the gateway could then put a key of his own there.

Example:
  $ sallyport connector jwks --config /etc/sallyport/connector.yaml > jwks.json`

function jwksCommand(): Command {
  return new Command('jwks')
    .description('print the public keys of the assertions that the policy has signed, as a JWK Set')
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .addHelpText('after', JWKS_HELP)
    .action(async (options: ConnectorOptions) => {
      const { loadConnectorConfig, loadPolicy } = await import('./connector-config.ts')
      const { assertionKeys } = await import('../sso/index.ts')
      const keys = await assertionKeys(loadPolicy(loadConnectorConfig(options.config).policy))
      sayJson(keys)
    })
}

const ROTATE_HELP = `
The new password is drawn here, kept beside the keytab until the domain controller has it, and never shown. The keytab is replaced
by one with the new keys and those before; a running connector notices. Stopped half-way, run it again: it goes on.

The domain controller is reached as KDCs are: at port 464 of the same hosts, or through the KDC proxies of kerberos.kdcs.

The connector does the same by itself where the configuration has kerberos.rotatePassword.everyDays.

Example:
  $ sallyport connector rotate-password --config /etc/sallyport/connector.yaml`

function rotateCommand(): Command {
  return new Command('rotate-password')
    .description("change the password of the connector's account and renew its keytab")
    .option('-c, --config <file>', 'the configuration', 'connector.yaml')
    .addOption(logLevelOption())
    .addHelpText('after', ROTATE_HELP)
    .action(async (options: ConnectorOptions & { logLevel: LogLevel }) => {
      const logger = createLogger(options.logLevel)
      protectMemory(logger)
      const { loadConnectorConfig } = await import('./connector-config.ts')
      const { rotateOwnPassword } = await import('../connector/io/index.ts')
      const config = loadConnectorConfig(options.config)
      const { env: environment } = process
      const { kvno, resumed } = await rotateOwnPassword({ config, logger, environment })
      const how = resumed ? 'finished an earlier change' : 'changed'
      say(`${how}: the keytab holds keys of version ${kvno} and those before\n`)
    })
}

/**
 * The connector's commands.
 *
 * @returns `connector register`, `run`, `check`, `jwks` and `rotate-password`.
 */
export function connectorCommand(): Command {
  return new Command('connector')
    .description('the inside: dials the gateway and reaches the backends')
    .addCommand(registerCommand())
    .addCommand(runCommand())
    .addCommand(checkCommand())
    .addCommand(jwksCommand())
    .addCommand(rotateCommand())
}
