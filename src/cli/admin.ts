/**
 * Commands that ask the running gateway of this host, over the socket in its state directory.
 *
 * @module
 */

import { Command, InvalidArgumentError } from 'commander'
import { ask, withConfig, type AdminOptions } from './admin-socket.ts'
import { cacheCommand } from './cache.ts'
import { say, sayJson } from './output.ts'

/** Longest life of a registration token, minutes: a week. */
const MAX_TOKEN_MINUTES = 7 * 24 * 60

function minutes(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > MAX_TOKEN_MINUTES) {
    throw new InvalidArgumentError(`Give whole minutes from 1 to ${MAX_TOKEN_MINUTES}.`)
  }
  return value
}

function tokensCommand(): Command {
  const create = withConfig(new Command('create'))
    .description(
      'make a one-time token for `sallyport connector register`; it is printed, and stored nowhere',
    )
    .option('-g, --group <name>', 'the connector group that whoever uses it joins', 'default')
    .option('-l, --lifetime-minutes <n>', 'how long it may be used', minutes, 60)
    .addHelpText('after', '\nExample:\n  $ sallyport tokens create --group default > token.txt')
    .action(async (options: AdminOptions & { group: string; lifetimeMinutes: number }) => {
      const body = { group: options.group, lifetimeMinutes: options.lifetimeMinutes }
      const answer = (await ask(options, { method: 'POST', path: '/tokens', body })) as {
        token: string
      }
      say(`${answer.token}\n`)
    })
  return new Command('tokens').description('registration tokens').addCommand(create)
}

function connectorsCommand(): Command {
  const list = withConfig(new Command('list'))
    .description('connectors that have registered, and which of them are connected')
    .action(async (options: AdminOptions) => {
      sayJson(await ask(options, { method: 'GET', path: '/connectors' }))
    })
  const revoke = withConfig(new Command('revoke'))
    .description('never admit this connector again, and cut its tunnels now')
    .argument('<id>', 'the id that `connectors list` shows')
    .action(async (id: string, options: AdminOptions) => {
      sayJson(
        await ask(options, {
          method: 'POST',
          path: `/connectors/${encodeURIComponent(id)}/revoke`,
        }),
      )
    })
  return new Command('connectors')
    .description('registered connectors')
    .addCommand(list)
    .addCommand(revoke)
}

function sessionsCommand(): Command {
  const list = withConfig(new Command('list'))
    .description('browser sessions that are open')
    .action(async (options: AdminOptions) => {
      sayJson(await ask(options, { method: 'GET', path: '/sessions' }))
    })
  const revoke = withConfig(new Command('revoke'))
    .description("end every session of a user; connectors drop the user's tickets and sockets")
    .requiredOption('-u, --user <name>', 'the login name that `sessions list` shows')
    .addHelpText('after', '\nExample:\n  $ sallyport sessions revoke --user alice@corp.example')
    .action(async (options: AdminOptions & { user: string }) => {
      sayJson(
        await ask(options, {
          method: 'POST',
          path: '/sessions/revoke',
          body: { user: options.user },
        }),
      )
    })
  return new Command('sessions').description('browser sessions').addCommand(list).addCommand(revoke)
}

/**
 * The administration commands.
 *
 * @returns `tokens`, `connectors`, `sessions` and `cache`.
 */
export function adminCommands(): Command[] {
  return [tokensCommand(), connectorsCommand(), sessionsCommand(), cacheCommand()]
}
