/**
 * `sallyport gateway`: runs the gateway, or checks its configuration.
 *
 * Rooms are imported by the commands that need them, so that the others start at once.
 *
 * @module
 */

import { counted } from '../platform/index.ts'
import { Command } from 'commander'
import { createLogger, type LogLevel } from '../platform/io/index.ts'
import { say } from './output.ts'
import { logLevelOption, protectMemory, runUntilSignal, tuneHeap } from './service.ts'

interface GatewayOptions {
  readonly config: string
}

function runCommand(): Command {
  return new Command('run')
    .description('serve browsers and connectors until SIGTERM')
    .option('-c, --config <file>', 'the configuration', 'gateway.yaml')
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ sallyport gateway run --config /etc/sallyport/gateway.yaml',
    )
    .action(async (options: GatewayOptions & { logLevel: LogLevel }) => {
      const logger = createLogger(options.logLevel)
      protectMemory(logger)
      tuneHeap()
      const { loadGatewayConfig } = await import('./gateway-config.ts')
      const { startGatewayService } = await import('./gateway-service.ts')
      const service = await startGatewayService(loadGatewayConfig(options.config), logger)
      await runUntilSignal(service, logger)
    })
}

function checkCommand(): Command {
  return new Command('check')
    .description('check the configuration and change nothing')
    .option('-c, --config <file>', 'the configuration', 'gateway.yaml')
    .action(async (options: GatewayOptions) => {
      const { loadGatewayConfig } = await import('./gateway-config.ts')
      const { apps } = loadGatewayConfig(options.config)
      say(`${options.config}: good, ${counted(apps.length, 'app')}\n`)
    })
}

/**
 * The gateway's commands.
 *
 * @returns `gateway run` and `gateway check`.
 */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('the outside: where people sign in and connectors dial in')
    .addCommand(runCommand())
    .addCommand(checkCommand())
}
