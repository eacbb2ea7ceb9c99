/** A C program on MIT's GSS-API that makes tokens: compiled where it can be, and started. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Loop } from './loop.ts'
import { SERVICE, type Setting } from './setting.ts'

/** A service as GSS-API names it. */
export const HOST_SERVICE: string = `HTTP@${SERVICE.host}`

/** The program, or why there is none. */
export type GssapiProgram = { readonly program: string } | { readonly missing: string }

/**
 * Compiles it.
 *
 * @param setting - Into its folder.
 */
export function compileGssapi({ folder }: Setting): GssapiProgram {
  const program = join(folder, 'gssapi-loop')
  const source = join(import.meta.dirname, 'gssapi-loop.c')
  const args = ['-O2', '-o', program, source, '-lgssapi_krb5', '-lkrb5']
  const ran = spawnSync('gcc', args, { encoding: 'utf8' })
  if (ran.status === 0) return { program }
  const why = ran.error === undefined ? ran.stderr.trim().split('\n')[0] : 'no gcc'
  return { missing: `C on MIT GSS-API: ${why ?? ''} (bash docker/packages.sh native)` }
}

/** What makes a loop find the setting's ticket. */
export function environmentOf({ krb5Conf, ccache }: Setting): Readonly<Record<string, string>> {
  return { KRB5_CONFIG: krb5Conf, KRB5CCNAME: `FILE:${ccache}` }
}

/**
 * Starts it.
 *
 * @param program - Compiled.
 * @param setting - With the ticket.
 * @param args - Where the ticket is kept, and of how many users.
 */
export function startGssapi(
  program: string,
  setting: Setting,
  ...args: readonly string[]
): Promise<Loop> {
  const command = [program, HOST_SERVICE, ...args] as const
  return Loop.start({ command, environment: environmentOf(setting), greets: true })
}
