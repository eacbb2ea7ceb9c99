/**
 * Short suites put together, one process for all of a folder: loading a room takes longer than what most of its suites do.
 *
 * Each file is a suite of its own, named like it, with its own hooks. `npm run test:quick` and `node --test FILE` still give each its own
 * process.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { labRoot } from '../docker/lab/instance.ts'

const DIGITS = 2

/** `test/unit/kerberos/io/x.test.ts` belongs to `unit-kerberos`. */
function groupOf(file: string): string {
  return dirname(relative('test', file)).split('/').slice(0, 2).join('-')
}

function suiteOf(file: string): string {
  const [name, url] = [file, pathToFileURL(resolve(file)).href].map((text) => JSON.stringify(text))
  return `describe(${name}, async () => {\n  await import(${url})\n})\n`
}

/**
 * Writes a file for each folder that loads the folder's suites. Node begins files in the order of their names: these are numbered, and
 * come before all that are in `test`.
 *
 * @param files - Suites, relative to the checkout; what is to begin first stands first.
 * @param folder - Where to write; emptied before. Default `.lab/together`.
 * @returns Paths of what was written.
 */
export function together(
  files: readonly string[],
  folder: string = join(labRoot(), 'together'),
): string[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return [...Map.groupBy(files, groupOf)].map(([name, group], index) => {
    const path = join(folder, `${String(index).padStart(DIGITS, '0')}-${name}.test.mjs`)
    writeFileSync(path, `import { describe } from 'node:test'\n\n${group.map(suiteOf).join('\n')}`)
    return path
  })
}
