/**
 * Has MIT's library and tools write seeds, by their own hand and with the help of a running lab: fixtures/fuzz/mit-1.20.txt.
 *
 *     SALLYPORT_LAB=.lab/instance-1/env.json node test/fuzz/capture-mit.ts
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MitInitiator, type MitContextOptions } from '../support/mit-initiator.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

/** MIT's tools, from the system. */
const TOOLS = { login: 'kinit', fetch: 'kvno', keytab: 'ktutil' }
const SPN = 'HTTP/iwa.corp.example'
const REALM = 'CORP.EXAMPLE'
const lab = sharedLab()
if (lab === undefined) throw new Error(NO_LAB)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-capture-'))
const lines: string[] = []

function add(name: string, octets: Uint8Array): void {
  lines.push(`${name} ${Buffer.from(octets).toString('base64')}\n`)
}

/** A krb5.conf that wants credential caches of a version. */
function confWith(version: number): string {
  const path = join(folder, `krb5-${version}.conf`)
  const text = readFileSync(lab?.krb5Conf ?? '', 'utf8')
  writeFileSync(path, text.replace('[libdefaults]', `[libdefaults]\n  ccache_type = ${version}`))
  return path
}

/** Signs in, fetches a ticket, and keeps the cache. */
function makeCcache(version: number, password: string): NodeJS.ProcessEnv {
  const cache = join(folder, `ccache-${version}`)
  const env = { ...process.env, KRB5_CONFIG: confWith(version), KRB5CCNAME: cache }
  execFileSync(TOOLS.login, [`alice@${REALM}`], { env, input: `${password}\n` })
  execFileSync(TOOLS.fetch, ['-q', SPN, 'ldap/dc1.corp.example'], { env })
  add(`ccache:version-${version}`, readFileSync(cache))
  return env
}

/** Keys of made-up passwords. */
function makeKeytab(): void {
  const file = join(folder, 'keytab')
  const commands = ['aes256-cts', 'aes128-cts-hmac-sha256-128'].flatMap((etype, at) => [
    `add_entry -password -p HTTP/web.corp.example@${REALM} -k ${300 + at} -e ${etype}`,
    'a made-up password',
  ])
  const input = [...commands, `write_kt ${file}`, 'quit', ''].join('\n')
  execFileSync(TOOLS.keytab, [], { input, stdio: ['pipe', 'ignore', 'inherit'] })
  add('keytab:ktutil', readFileSync(file))
}

async function makeTokens(env: NodeJS.ProcessEnv): Promise<void> {
  const { KRB5_CONFIG = '', KRB5CCNAME = '' } = env
  const initiator = new MitInitiator({ KRB5_CONFIG, KRB5CCNAME })
  const make = async (name: string, options: Partial<MitContextOptions>): Promise<void> => {
    const { first } = await initiator.begin({ service: `${SPN}@${REALM}`, ...options })
    add(name, first.token)
  }
  await make('spnego:plain', {})
  await make('spnego:bound', { binding: Buffer.from('tls-server-end-point:0123456789') })
  await make('krb5:mutual', { mechanism: 'krb5' })
  await make('krb5:delegating', { mechanism: 'krb5', delegate: true, mutual: false })
  await initiator.stop()
}

try {
  const { password } = lab.users.alice
  makeKeytab()
  makeCcache(3, password)
  await makeTokens(makeCcache(4, password))
  add('krb5-conf:debian', readFileSync('/usr/share/kerberos-configs/krb5.conf.template'))
  const path = new URL('../../fixtures/fuzz/mit-1.20.txt', import.meta.url)
  writeFileSync(path, lines.join(''))
  console.log(`${lines.length} seeds`)
} finally {
  rmSync(folder, { recursive: true })
}
