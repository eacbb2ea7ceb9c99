/** Two realms of real MIT KDCs that trust each other, ONE.TEST and TWO.TEST, in files of their own on loopback addresses. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeKeytab, type KeytabEntry } from '../../src/kerberos/index.ts'
import { missingPrograms, ownKdcAddress, runMit, startMit, type MitServer } from './mit-process.ts'

/** Why the tests are passed over. */
export const NO_MIT_KDC =
  'needs krb5kdc, kdb5_util and kadmin.local (Debian: krb5-kdc, krb5-admin-server)'

const REALMS = ['ONE.TEST', 'TWO.TEST'] as const

/** Whether MIT's KDC is installed. */
export function hasMitKdc(): boolean {
  return missingPrograms(['krb5kdc', 'kdb5_util', 'kadmin.local', 'setpriv']).length === 0
}

/** Both KDCs, running. */
export interface MitRealms {
  /** For NetworkKdcTransport. */
  readonly kdcs: Readonly<Record<string, readonly string[]>>
  /** Adds a principal: with a password, or with a key of chance. */
  addPrincipal(realm: string, name: string, password?: string): void
  /** The present keys of a principal, also of krbtgt. */
  keysOf(realm: string, name: string): readonly KeytabEntry[]
  stop(): Promise<void>
}

/** Makes the databases and starts the KDCs. */
export async function startMitRealms(): Promise<MitRealms> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-mit-'))
  const krb5Conf = join(folder, 'krb5.conf')
  writeFileSync(
    krb5Conf,
    '[libdefaults]\n dns_lookup_kdc = false\n[domain_realm]\n .two.test = TWO.TEST\n',
  )
  const environmentOf = (realm: string) => {
    const KRB5_KDC_PROFILE = join(folder, `${realm}.conf`)
    return { KRB5_CONFIG: krb5Conf, KRB5_KDC_PROFILE }
  }
  const run = (realm: string, command: string, args: readonly string[]): void => {
    runMit({ env: environmentOf(realm), command, args: ['-r', realm, ...args] })
  }
  const addPrincipal = (realm: string, name: string, password?: string): void => {
    const key = password === undefined ? '-randkey' : `-pw ${password}`
    run(realm, 'kadmin.local', ['-q', `addprinc ${key} ${name}`])
  }
  const keysOf = (realm: string, name: string): readonly KeytabEntry[] => {
    const file = join(folder, `keytab-${randomUUID()}`)
    run(realm, 'kadmin.local', ['-q', `ktadd -k ${file} -norandkey ${name}`])
    return decodeKeytab(readFileSync(file))
  }
  const kdcs: Record<string, readonly string[]> = {}
  const servers: MitServer[] = []
  for (const realm of REALMS) {
    const address = ownKdcAddress()
    kdcs[realm] = [address]
    writeFileSync(join(folder, `${realm}.conf`), kdcConf(folder, realm, address))
    run(realm, 'kdb5_util', ['create', '-s', '-P', 'master', '-W'])
    addPrincipal(realm, 'krbtgt/TWO.TEST@ONE.TEST', 'there')
    addPrincipal(realm, 'krbtgt/ONE.TEST@TWO.TEST', 'back')
    servers.push(
      await startMit({
        env: environmentOf(realm),
        command: 'krb5kdc',
        args: ['-r', realm, '-n'],
        logFile: join(folder, `${realm}.log`),
        ready: 'commencing operation',
      }),
    )
  }
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true })
  }
  return { kdcs, addPrincipal, keysOf, stop }
}

function kdcConf(folder: string, realm: string, address: string): string {
  const file = (ending: string): string => join(folder, `${realm}.${ending}`)
  return `[kdcdefaults]
 kdc_listen = ${address}
 kdc_tcp_listen = ${address}
[realms]
 ${realm} = {
  database_name = ${file('db')}
  key_stash_file = ${file('stash')}
  acl_file = ${file('acl')}
  supported_enctypes = aes256-cts:normal aes128-cts:normal
  host_based_services = *
 }
[logging]
 kdc = STDERR
`
}
