/**
 * A real MIT KDC whose database is in LDAP, the one of MIT's that can delegate (S4U2Proxy by krbAllowedToDelegateTo). Realm
 * LDAP.TEST; slapd listens on a socket in the temporary folder, the KDC on a loopback address of its own. Up in a second.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { missingPrograms, ownKdcAddress, runMit, startMit, type MitServer } from './mit-process.ts'

const SCHEMA = '/usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz'
const CORE_SCHEMA = '/etc/ldap/schema/core.schema'
const ADMIN = 'cn=admin,o=lab'
const PASSWORD = 'admin'
const PROGRAMS = ['krb5kdc', 'kadmin.local', 'kdb5_ldap_util', 'slapd', 'ldapmodify', 'setpriv']

/** The realm's name. */
export const LDAP_REALM = 'LDAP.TEST'

/**
 * Why the tests are passed over.
 *
 * @returns What is missing, or false when all is here.
 */
export function mitLdapKdcMissing(): string | false {
  const missing = missingPrograms(PROGRAMS)
  if (missing.length > 0)
    return `needs ${missing.join(', ')} (Debian: krb5-kdc-ldap, krb5-admin-server, slapd, ldap-utils)`
  try {
    readFileSync(SCHEMA)
    readFileSync(CORE_SCHEMA)
    return false
  } catch (error) {
    return `needs the LDAP schema of MIT's KDC: ${String(error)}`
  }
}

/** The KDC, running. */
export interface MitLdapKdc {
  /** `host:port`, for transports. */
  readonly address: string
  /** KRB5_CONFIG for MIT's tools. */
  readonly krb5Conf: string
  /** Its folder, for files that shall go with it. */
  readonly folder: string
  /** What the KDC logged. */
  log(): string
  /** Runs kadmin.local with these lines and returns what it said. */
  kadmin(...lines: readonly string[]): string
  /** Writes a principal's keys, all types or those named as `aes256-sha2:normal`, into a new keytab; they stay as they are. */
  keytab(principal: string): string
  /** Puts service names on a principal's list (krbAllowedToDelegateTo). */
  allow(principal: string, ...spns: readonly string[]): void
  stop(): Promise<void>
}

interface Place {
  readonly folder: string
  readonly address: string
  readonly ldapUrl: string
  readonly env: Readonly<Record<string, string>>
}

/** Makes directory and database, starts both servers. */
export async function startMitLdapKdc(): Promise<MitLdapKdc> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ldap-kdc-'))
  const env = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5_KDC_PROFILE: join(folder, 'kdc.conf') }
  const ldapUrl = `ldapi://${encodeURIComponent(join(folder, 'socket'))}`
  const place: Place = { folder, address: ownKdcAddress(), ldapUrl, env }
  writeFiles(place)
  const servers: MitServer[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    servers.push(await startSlapd(place))
    createRealm(place)
    const kdc = await startKdc(place)
    servers.push(kdc)
    return { ...describe(place), log: () => kdc.said(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function describe(place: Place): Omit<MitLdapKdc, 'log' | 'stop'> {
  const { folder, address, env } = place
  const kadmin = (...lines: readonly string[]): string =>
    runMit({
      env,
      command: 'kadmin.local',
      args: ['-r', LDAP_REALM],
      input: `${lines.join('\n')}\n`,
    })
  return {
    address,
    krb5Conf: env['KRB5_CONFIG'] ?? '',
    folder,
    kadmin,
    keytab(principal) {
      const path = join(folder, `${principal.replaceAll('/', '-')}.keytab`)
      rmSync(path, { force: true })
      kadmin(`ktadd -k ${path} -norandkey ${principal}`)
      return path
    },
    allow(principal, ...spns) {
      const dn = `dn: krbPrincipalName=${principal}@${LDAP_REALM},cn=${LDAP_REALM},cn=krb,o=lab`
      const values = spns.map((spn) => `krbAllowedToDelegateTo: ${spn}`)
      const lines = [dn, 'changetype: modify', 'replace: krbAllowedToDelegateTo', ...values]
      ldap(place, 'ldapmodify', lines)
    },
  }
}

function ldap({ env, ldapUrl }: Place, command: string, lines: readonly string[]): void {
  const args = ['-H', ldapUrl, '-x', '-D', ADMIN, '-w', PASSWORD]
  runMit({ env, command, args, input: `${lines.join('\n')}\n\n` })
}

/** With -d it stays in the foreground and says when it starts. */
async function startSlapd({ folder, ldapUrl, env }: Place): Promise<MitServer> {
  const args = ['-d', 'none', '-f', join(folder, 'slapd.conf'), '-h', ldapUrl]
  const logFile = join(folder, 'slapd.log')
  return startMit({ env, command: 'slapd', args, logFile, ready: 'slapd starting' })
}

async function startKdc({ folder, env }: Place): Promise<MitServer> {
  const args = ['-r', LDAP_REALM, '-n']
  const logFile = join(folder, 'kdc.log')
  return startMit({ env, command: 'krb5kdc', args, logFile, ready: 'commencing operation' })
}

function createRealm(place: Place): void {
  const { env, ldapUrl } = place
  ldap(place, 'ldapadd', ['dn: o=lab', 'objectClass: organization', 'o: lab'])
  const bind = ['-D', ADMIN, '-w', PASSWORD, '-H', ldapUrl]
  const create = ['create', '-r', LDAP_REALM, '-s', '-P', 'master', '-subtrees', 'o=lab']
  runMit({ env, command: 'kdb5_ldap_util', args: [...bind, ...create] })
}

function writeFiles({ folder, address, ldapUrl }: Place): void {
  const write = (name: string, text: string | Uint8Array): void => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
  mkdirSync(join(folder, 'database'))
  write('kerberos.schema', gunzipSync(readFileSync(SCHEMA)))
  write('slapd.conf', slapdConf(folder))
  write('password', `${ADMIN}#{HEX}${Buffer.from(PASSWORD).toString('hex')}\n`)
  write('krb5.conf', krb5Conf(address))
  write('kdc.conf', kdcConf({ folder, address, ldapUrl }))
}

function slapdConf(folder: string): string {
  return `include ${CORE_SCHEMA}
include ${join(folder, 'kerberos.schema')}
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "o=lab"
rootdn "${ADMIN}"
rootpw ${PASSWORD}
directory ${join(folder, 'database')}
dbnosync
index krbPrincipalName eq
`
}

function krb5Conf(address: string): string {
  return `[libdefaults]
 default_realm = ${LDAP_REALM}
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 udp_preference_limit = 0
[realms]
 ${LDAP_REALM} = {
  kdc = ${address}
 }
`
}

function kdcConf({ folder, address, ldapUrl }: Omit<Place, 'env'>): string {
  return `[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = ${address}
[realms]
 ${LDAP_REALM} = {
  key_stash_file = ${join(folder, 'stash')}
  acl_file = ${join(folder, 'acl')}
  database_module = ldap
  supported_enctypes = aes256-sha2:normal aes128-sha2:normal aes256-cts:normal aes128-cts:normal
  host_based_services = *
 }
[dbmodules]
 ldap = {
  db_library = kldap
  ldap_kerberos_container_dn = cn=krb,o=lab
  ldap_kdc_dn = ${ADMIN}
  ldap_kadmind_dn = ${ADMIN}
  ldap_service_password_file = ${join(folder, 'password')}
  ldap_servers = ${ldapUrl}
  ldap_conns_per_server = 2
 }
[logging]
 kdc = STDERR
`
}
