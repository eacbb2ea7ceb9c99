/** One run of a script of the repository, to its end. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** What became of a run. */
export interface ScriptRun {
  /** Exit code; null where a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs it.
 *
 * @param script - Path below the repository's top.
 * @param args - Its arguments.
 */
export function runScript(script: string, ...args: readonly string[]): ScriptRun {
  const file = join(import.meta.dirname, '..', '..', script)
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
