/** The OpenSSL tool as an independent judge of certificates; tests that need it are declared where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether the tool is there. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0

/**
 * Runs the tool.
 *
 * @param command - Arguments; one that names a file below becomes that file's path.
 * @param files - Names and text of input files.
 * @returns Standard output.
 */
export function openssl(
  command: readonly string[],
  files: Readonly<Record<string, string>>,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-openssl-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(directory, name), text, { mode: 0o600 })
    }
    const resolved = command.map((word) => (word in files ? join(directory, word) : word))
    return execFileSync('openssl', resolved, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A certificate for a client, its own authority. */
export function clientCredential(): { readonly cert: string; readonly key: string } {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const use = ['-subj', '/CN=connector', '-addext', 'extendedKeyUsage=clientAuth']
  const text = openssl(['req', '-x509', ...kind, ...use, '-days', '2', '-keyout', '-'], {})
  const begin = text.indexOf('-----BEGIN CERTIFICATE-----')
  return { key: text.slice(0, begin), cert: text.slice(begin) }
}
