/**
 * How commands ask the running gateway of this host, over the socket in its state directory.
 *
 * @module
 */

import type { Command } from 'commander'
import { errorCode, errorText, SallyportError } from '../platform/index.ts'

/** What every such command is given. */
export interface AdminOptions {
  readonly config: string
}

/** What the gateway is asked. */
interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
}

/**
 * Adds the option that says which gateway.
 *
 * @param command - The command.
 * @returns The same.
 */
export function withConfig(command: Command): Command {
  return command.option('-c, --config <file>', "the gateway's configuration", 'gateway.yaml')
}

/**
 * Asks the gateway.
 *
 * @param options - Which.
 * @param question - What.
 * @returns The answer.
 * @throws SallyportError as the gateway answered, or when none runs.
 */
export async function ask(options: AdminOptions, question: Question): Promise<unknown> {
  // By the client's own file: the room's index would load all that a gateway runs on.
  const { loadGatewayConfig } = await import('./gateway-config.ts')
  const { adminRequest } = await import('../gateway/io/admin-client.ts')
  const { stateDirectory } = loadGatewayConfig(options.config)
  try {
    return await adminRequest(stateDirectory, question)
  } catch (error) {
    if (errorCode(error) !== 'ERR_GATEWAY_NOT_FOUND') throw error
    const text = `the running gateway does not know this command: ${errorText(error)}`
    throw new SallyportError('ERR_GATEWAY_NOT_FOUND', text, {
      cause: error,
      mend: 'It is of an older version than this command. Restart it with this version: `sallyport gateway run`.',
    })
  }
}
