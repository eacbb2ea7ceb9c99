/**
 * A certificate for the demo's browser listener, from an authority of its own that lives as long as the demo.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority, issueServerCertificate } from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'

/**
 * Writes `browser.pem` and `browser.key`.
 *
 * @param directory - Where to.
 * @param hosts - The external hosts of the applications.
 * @returns PEM of the authority, for clients that should trust it.
 */
export async function createBrowserCertificate(
  directory: string,
  hosts: readonly string[],
): Promise<string> {
  const ports = { clock: systemClock, random: systemRandom }
  const authority = createAuthority(ports)
  const issued = issueServerCertificate(authority, { names: hosts }, ports)
  await writeFile(join(directory, 'browser.pem'), issued.certificatePem)
  await writeFile(join(directory, 'browser.key'), issued.privateKeyPem, { mode: 0o600 })
  return authority.certificatePem
}
