/**
 * Runs an example of native-notes/kerberos-client.md with the built package, as somebody who installed it would.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeKeytab, parsePrincipal, stringToKey } from 'sallyport/kerberos'

const EXAMPLE = join(import.meta.dirname, '../test/examples/read-keytab.ts')
const EXPECTED = [
  '7 HTTP/intranet.corp.example@CORP.EXAMPLE aes256-cts-hmac-sha1-96 (etype 18)',
  'best: aes256-cts-hmac-sha1-96 (etype 18)',
  '',
].join('\n')

const folder = mkdtempSync(join(tmpdir(), 'sallyport-dist-'))
try {
  const { principal } = parsePrincipal('HTTP/intranet.corp.example')
  const key = stringToKey(18, 'secret', 'CORP.EXAMPLEHTTPintranet.corp.example')
  const entry = { principal, realm: 'CORP.EXAMPLE', kvno: 7, timestampMs: 0, key }
  const keytab = join(folder, 'keytab')
  writeFileSync(keytab, encodeKeytab([entry]), { mode: 0o600 })
  const printed = execFileSync(process.execPath, [EXAMPLE, keytab], { encoding: 'utf8' })
  if (printed !== EXPECTED) throw new Error(`the example printed:\n${printed}`)
} finally {
  rmSync(folder, { recursive: true })
}
