/**
 * Sallyport's own version.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

/**
 * Reads the version of the installed package.
 *
 * @returns Such as `0.1.0`.
 */
export function ownVersion(): string {
  // Both src/cli and dist/cli are two folders below package.json.
  const file = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}
