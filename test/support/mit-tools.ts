/** MIT's command-line tools and curl against the lab, each with a credential cache of its own. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabBackend, LabEnvironment } from '../../docker/lab.ts'

const NEEDED = ['kinit', 'klist', 'kvno', 'curl']

/**
 * Why tests by these tools are left out: a lab in a container brings its own, but none to this machine.
 *
 * @returns The reason, or false when all are here.
 */
export function mitToolsMissing(): string | false {
  const missing = NEEDED.filter((name) => spawnSync(name, ['--version']).error !== undefined)
  return missing.length > 0 && `not installed here: ${missing.join(', ')}`
}

/** What a tool did. */
export interface Ran {
  readonly status: number | null
  /** Standard output and error together. */
  readonly output: string
}

/** Tools with a folder of their own. */
export interface MitTools {
  /** The path of a credential cache in the folder. */
  cache(name: string): string
  /** Runs a command that uses this credential cache. */
  run(cache: string, command: readonly [string, ...string[]], input?: string): Ran
  /** Runs it with another krb5.conf. */
  runWith(krb5Conf: string, cache: string, command: readonly [string, ...string[]]): Ran
  /** Asks a backend of the lab by Negotiate. */
  negotiate(cache: string, backend: LabBackend, url: string): Ran
  /** Removes the folder. */
  remove(): void
}

/**
 * Makes a folder for them.
 *
 * @param lab - Where they work.
 * @returns The tools.
 */
export function mitTools(lab: Pick<LabEnvironment, 'krb5Conf'>): MitTools {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-mit-'))
  const spawn = (
    [name, ...args]: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
    input = '',
  ): Ran => {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...environment }
    const ran = spawnSync(name, args, { encoding: 'utf8', input, timeout: 20_000, env })
    return { status: ran.status, output: `${ran.stdout}${ran.stderr}` }
  }
  const cache = (name: string): string => join(folder, name)
  const run: MitTools['run'] = (name, command, input) =>
    spawn(command, { KRB5_CONFIG: lab.krb5Conf, KRB5CCNAME: cache(name) }, input)
  return {
    cache,
    run,
    runWith: (krb5Conf, name, command) =>
      spawn(command, { KRB5_CONFIG: krb5Conf, KRB5CCNAME: cache(name) }),
    negotiate(name, backend, url) {
      const { hostname, port, protocol } = new URL(url)
      const address = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}:${backend.address}`
      const fixed = ['--silent', '--show-error', '--noproxy', '*', '--cacert', backend.ca]
      const resolve = ['--resolve', address, '--negotiate', '-u', ':']
      return run(name, ['curl', ...fixed, ...resolve, url])
    },
    remove() {
      rmSync(folder, { recursive: true })
    },
  }
}
