/**
 * The environment of our own programs, of which demo, matrix and tests start hundreds.
 *
 * Node compiles every file of TypeScript anew in each process, which takes longer than most of these programs run; with its
 * compile cache that is done once. Coverage is measured in the tests' own processes alone: V8 tells nothing of a function that
 * comes from the cache, and a report of each of hundreds of processes takes long to add up.
 *
 * @module
 */

import { join } from 'node:path'
import { labRoot } from './instance.ts'

/**
 * This process's environment, as our own programs get it.
 *
 * @param added - Further variables.
 * @returns Variables for `spawn`.
 */
export function programEnvironment(
  added: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> {
  return {
    NODE_COMPILE_CACHE: join(labRoot(), 'compiled'),
    ...process.env,
    // Node passes it on unless it is named here.
    NODE_V8_COVERAGE: undefined,
    ...added,
  }
}
