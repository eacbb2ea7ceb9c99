/** People of the lab with tickets of their own, as on a computer of the domain: MIT's kinit, and curl that shows the ticket. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { LabEnvironment } from '../../docker/lab.ts'
import { NO_LAB } from './lab.ts'

const CURL = '/usr/bin/curl'
const KINIT = '/usr/bin/kinit'

/**
 * Why a suite is left out.
 *
 * @param lab - The shared one.
 * @param more - Programs that are needed besides curl and kinit.
 * @returns The reason; false where all is there.
 */
export function missingFor(
  lab: LabEnvironment | undefined,
  more: readonly string[] = [],
): string | false {
  if (!lab) return NO_LAB
  const missing = [...more, CURL, KINIT].filter((each) => !existsSync(each))
  return missing.length === 0 ? false : `missing: ${missing.join(', ')}`
}

/**
 * Runs a program.
 *
 * @param command - Its path.
 * @param args - Its arguments.
 * @param more - Its environment, and what it reads.
 * @returns What it printed, errors included.
 */
export function run(
  command: string,
  args: readonly string[],
  more: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: more.env })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      resolve(output)
    })
    child.stdin.end(more.stdin)
  })
}

/** Somebody who has a ticket. */
export class TicketHolder {
  /** For programs that shall find the ticket. */
  readonly env: NodeJS.ProcessEnv

  private constructor(env: NodeJS.ProcessEnv) {
    this.env = env
  }

  /**
   * Gets somebody's ticket-granting ticket.
   *
   * @param lab - The lab.
   * @param directory - Where cache and krb5.conf go.
   * @param who - Their name; the password of somebody who is not among the lab's users.
   * @returns The holder.
   */
  static async of(
    lab: LabEnvironment,
    directory: string,
    { name, password = lab.users[name]?.password }: { name: string; password?: string | undefined },
  ): Promise<TicketHolder> {
    if (password === undefined) throw new Error(`the lab has no user ${name}`)
    const conf = join(directory, 'krb5.conf')
    const text = await readFile(lab.krb5Conf, 'utf8')
    await writeFile(conf, `${text}  .localhost = ${lab.realm}\n`)
    const cache = `FILE:${join(directory, `cc-${name}`)}`
    const env = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: cache }
    const said = await run(KINIT, [name], { env, stdin: `${password}\n` })
    if (said.includes('kinit:')) throw new Error(said)
    return new TicketHolder(env)
  }

  /**
   * Sends a request with the ticket.
   *
   * @param args - For curl, besides those for Negotiate.
   * @returns What it printed, head included.
   */
  curl(...args: readonly string[]): Promise<string> {
    return run(CURL, ['-ksi', '--negotiate', '-u', ':', ...args], { env: this.env })
  }

  /**
   * A token that nobody has seen but the holder: curl shows it to a server of this process.
   *
   * @param host - Which the ticket is for.
   * @returns The Authorization field.
   */
  async freshToken(host: string): Promise<string> {
    const server = createServer((_request, response) => response.end())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const arrived = once(server, 'request') as Promise<[IncomingMessage]>
    await this.curl(`http://${host}:${port}/`)
    const [{ headers }] = await arrived
    server.close()
    if (headers.authorization === undefined) throw new Error(`no token for ${host}`)
    return headers.authorization
  }

  /**
   * Sends a request with the ticket, and copies the token.
   *
   * @param url - Where to.
   * @returns The Authorization field.
   */
  async tokenFor(url: string): Promise<string> {
    const args = ['-ksv', '--negotiate', '-u', ':', url]
    const trace = await run(CURL, args, { env: this.env })
    const [, token] = /> Authorization: (Negotiate \S+)/.exec(trace) ?? []
    if (token === undefined) throw new Error(`no token was sent: ${trace}`)
    return token
  }
}

/**
 * Sends a request without any ticket.
 *
 * @param args - For curl.
 * @returns What it printed, head included.
 */
export function plainCurl(...args: readonly string[]): Promise<string> {
  return run(CURL, ['-ksi', ...args], { env: process.env })
}
