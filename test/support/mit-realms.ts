/** Two realms of real MIT KDCs that trust each other, ONE.TEST and TWO.TEST, in files of their own on loopback addresses. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why the tests are passed over. */
export const NO_MIT_KDC =
  'needs krb5kdc, kdb5_util and kadmin.local (Debian: krb5-kdc, krb5-admin-server)'

const REALMS = ['ONE.TEST', 'TWO.TEST'] as const

/** Whether MIT's KDC is installed. */
export function hasMitKdc(): boolean {
  return ['krb5kdc', 'kdb5_util', 'kadmin.local'].every(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0,
  )
}

/** Both KDCs, running. */
export interface MitRealms {
  /** For TcpKdcTransport. */
  readonly kdcs: Readonly<Record<string, readonly string[]>>
  /** Adds a principal: with a password, or with a key of chance. */
  addPrincipal(realm: string, name: string, password?: string): void
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function run(environment: NodeJS.ProcessEnv, command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { env: environment, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** Makes the databases and starts the KDCs. */
export async function startMitRealms(): Promise<MitRealms> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-mit-'))
  const krb5Conf = join(folder, 'krb5.conf')
  writeFileSync(
    krb5Conf,
    '[libdefaults]\n dns_lookup_kdc = false\n[domain_realm]\n .two.test = TWO.TEST\n',
  )
  const environmentOf = (realm: string): NodeJS.ProcessEnv => {
    const KRB5_KDC_PROFILE = join(folder, `${realm}.conf`)
    return { ...process.env, KRB5_CONFIG: krb5Conf, KRB5_KDC_PROFILE }
  }
  const addPrincipal = (realm: string, name: string, password?: string): void => {
    const key = password === undefined ? '-randkey' : `-pw ${password}`
    run(environmentOf(realm), 'kadmin.local', ['-r', realm, '-q', `addprinc ${key} ${name}`])
  }
  const kdcs: Record<string, readonly string[]> = {}
  const processes: ChildProcess[] = []
  for (const realm of REALMS) {
    const address = `127.0.0.1:${await freePort()}`
    kdcs[realm] = [address]
    writeFileSync(join(folder, `${realm}.conf`), kdcConf(folder, realm, address))
    run(environmentOf(realm), 'kdb5_util', ['-r', realm, 'create', '-s', '-P', 'master', '-W'])
    addPrincipal(realm, 'krbtgt/TWO.TEST@ONE.TEST', 'there')
    addPrincipal(realm, 'krbtgt/ONE.TEST@TWO.TEST', 'back')
    processes.push(await startKdc(realm, environmentOf(realm)))
  }
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map(ended))
    rmSync(folder, { recursive: true })
  }
  return { kdcs, addPrincipal, stop }
}

function kdcConf(folder: string, realm: string, address: string): string {
  const file = (ending: string): string => join(folder, `${realm}.${ending}`)
  return `[kdcdefaults]
 kdc_listen = ""
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

/** It says "commencing operation" when it listens. */
async function startKdc(realm: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn('krb5kdc', ['-r', realm, '-n'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('commencing operation')) resolve()
    })
    child.on('error', reject)
    child.on('exit', () => {
      reject(new Error(`krb5kdc of ${realm} ended: ${said}`))
    })
  })
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}
