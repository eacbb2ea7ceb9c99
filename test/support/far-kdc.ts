/** What a host in a DMZ finds between itself and the KDCs: Debian's kdcproxy behind HTTPS, and Squid. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { HttpsCredential } from './https-credential.ts'

const PYTHON = '/usr/bin/python3'
const SQUID = '/usr/sbin/squid'
const SQUID_PASSWORDS = '/usr/lib/squid/basic_ncsa_auth'

const SHARED_MEMORY = '/dev/shm'
const SQUID_NEGOTIATE = '/usr/lib/squid/negotiate_kerberos_auth'

/** Why the tests are passed over. */
export const NO_FAR_TOOLS = 'needs kdcproxy and Squid (Debian: python3-kdcproxy, squid)'

/** Whether both are installed. */
export function hasFarTools(): boolean {
  const works = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: 'ignore' }).status === 0
  return works(PYTHON, '-c', 'import kdcproxy') && works(SQUID, '-v')
}

/** A process with files of its own. */
export interface FarProcess {
  stop(): Promise<void>
}

/** A KDC proxy. */
export interface KdcProxy extends FarProcess {
  readonly port: number
  /** What it was asked so far, as kdcproxy names it: `CORP.EXAMPLE AS-REQ (192 bytes)`. */
  readonly asked: readonly string[]
}

/** How a KDC proxy differs from a good one. */
export interface KdcProxyFaults {
  /** It knows no password servers. */
  readonly withoutKpasswd?: boolean
  /** It dies before it passes a change of a password on, or between its outcome and the answer. */
  readonly dies?: 'before' | 'after'
}

/**
 * Starts the real kdcproxy on 127.0.0.1.
 *
 * @param kdcs - For each realm its KDCs as `host:port`.
 * @param credential - What it shows; the CA, where there is one in `clientCa`, that clients' certificates must have.
 * @param faults - What is wrong with it. Default nothing.
 * @returns The process, listening.
 */
export async function startKdcProxy(
  kdcs: Readonly<Record<string, readonly string[]>>,
  credential: HttpsCredential & { readonly clientCa?: string },
  { withoutKpasswd = false, dies }: KdcProxyFaults = {},
): Promise<KdcProxy> {
  const folder = ownFolder()
  const realms = Object.entries(kdcs).map(
    ([realm, addresses]) =>
      `[${realm}]\n${serversOf('kerberos', addresses)}${withoutKpasswd ? '' : serversOf('kpasswd', addresses)}`,
  )
  const KDCPROXY_CONFIG = folder.write(
    'kdcproxy.conf',
    `[global]\nuse_dns = false\n${realms.join('')}`,
  )
  const script = new URL('kdc-proxy-server.py', import.meta.url).pathname
  const files = [folder.write('cert.pem', credential.cert), folder.write('key.pem', credential.key)]
  if (credential.clientCa !== undefined) {
    files.push(folder.write('client-ca.pem', credential.clientCa))
  }
  const child = spawn(PYTHON, [script, ...files], {
    env: { ...process.env, KDCPROXY_CONFIG, ...(dies && { KDCPROXY_DIES: dies }) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const asked: string[] = []
  const line = await firstLine(child, /^\d+$/, asked)
  return { port: Number(line), asked, stop: () => stopped(child, folder.remove) }
}

/** A line of kdcproxy.conf; password servers listen on the KDCs' hosts. */
function serversOf(service: 'kerberos' | 'kpasswd', kdcs: readonly string[]): string {
  const urls = kdcs.map((kdc) => {
    const server = service === 'kerberos' ? kdc : kdc.replace(/(?::\d+)?$/, ':464')
    return `${service}+tcp://${server}`
  })
  return `${service} = ${urls.join(' ')}\n`
}

/** A forward proxy. */
export interface Squid extends FarProcess {
  /** Lets everybody through to the ports that are allowed. */
  readonly open: string
  /** Lets only those through who know user and password. */
  readonly guarded: string
  readonly user: string
  readonly password: string
}

/**
 * Starts Squid on an address of its own.
 *
 * @param allowed - Where it may connect to: names, which only Squid can resolve, all to 127.0.0.1, and ports.
 * @returns The process, listening.
 */
export async function startSquid(allowed: {
  readonly names: readonly string[]
  readonly ports: readonly number[]
  /** Squid's service principal and keytab, and the krb5.conf, for Negotiate beside Basic. */
  readonly kerberos: { readonly spn: string; readonly keytab: string; readonly krb5Conf: string }
}): Promise<Squid> {
  const folder = ownFolder()
  const [user, password] = ['dmz', 'Lab-dmz:päss-1']
  const { stdout } = spawnSync('openssl', ['passwd', '-apr1', password], { encoding: 'utf8' })
  folder.write('passwords', `${user}:${stdout.trim()}\n`)
  folder.write('hosts', allowed.names.map((name) => `127.0.0.1 ${name}\n`).join(''))
  // No other process has this address while ours lives.
  const address = `127.90.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`
  const { spn, keytab, krb5Conf } = allowed.kerberos
  folder.write('keytab', readFileSync(keytab))
  const config = folder.write('squid.conf', squidConf(folder.path, address, { ...allowed, spn }))
  const name = `far${process.pid}`
  const child = spawn(SQUID, ['-N', '-d', '1', '-n', name, '-f', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KRB5_CONFIG: krb5Conf, KRB5RCACHENAME: 'none:' },
  })
  await firstLine(child, /Accepting HTTP Socket connections at .*:3129 /)
  const stop = (): Promise<void> =>
    stopped(child, () => {
      folder.remove()
      removeShared(name)
    })
  return { open: `http://${address}:3128`, guarded: `http://${address}:3129`, user, password, stop }
}

function squidConf(
  folder: string,
  address: string,
  { ports, spn }: { readonly ports: readonly number[]; readonly spn: string },
): string {
  return `
http_port ${address}:3128
http_port ${address}:3129
visible_hostname squid.test
hosts_file ${folder}/hosts
dns_nameservers 127.90.255.254
dns_timeout 1 seconds
dns_retransmit_interval 1 seconds
auth_param negotiate program ${SQUID_NEGOTIATE} -k ${folder}/keytab -s ${spn}
auth_param basic program ${SQUID_PASSWORDS} ${folder}/passwords
auth_param basic utf8 on
auth_param basic realm far
acl guarded localport 3129
acl known proxy_auth REQUIRED
acl allowed port ${ports.join(' ')}
http_access deny !CONNECT
http_access deny !allowed
http_access deny guarded !known
http_access allow all
cache deny all
cache_mem 1 MB
memory_cache_shared off
pinger_enable off
pid_filename none
shutdown_lifetime 0 seconds
coredump_dir ${folder}
access_log stdio:${folder}/access.log
cache_log ${folder}/cache.log
`
}

/** Killed, Squid leaves shared memory of its name behind. */
function removeShared(name: string): void {
  if (!existsSync(SHARED_MEMORY)) return
  const left = readdirSync(SHARED_MEMORY).filter((file) => file.startsWith(`${name}-`))
  for (const file of left) rmSync(join(SHARED_MEMORY, file), { force: true })
}

interface OwnFolder {
  readonly path: string
  readonly write: (name: string, content: string | Uint8Array) => string
  readonly remove: () => void
}

/** Squid gives root's rights up: all it reads and writes belongs to its own user. */
function ownFolder(): OwnFolder {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-far-'))
  const id = spawnSync('id', ['-u', 'proxy'], { encoding: 'utf8' })
  const owner = id.status === 0 && process.getuid?.() === 0 ? Number(id.stdout) : undefined
  const own = (file: string, mode: number): void => {
    if (owner !== undefined) chownSync(file, owner, owner)
    chmodSync(file, mode)
  }
  own(path, 0o700)
  return {
    path,
    write: (name, content) => {
      writeFileSync(join(path, name), content)
      own(join(path, name), 0o600)
      return join(path, name)
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** The first line that matches; an error with all of them when the process ends before. Later ones go into `later`. */
async function firstLine(
  child: ChildProcess,
  wanted: RegExp,
  later: string[] = [],
): Promise<string> {
  const stream = child.stdout ?? child.stderr
  if (stream === null) throw new Error('nothing to read')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const lines: string[] = []
  let ready = false
  createInterface({ input: stream })
    .on('line', (line) => {
      if (ready) later.push(line)
      else lines.push(line)
      if (ready || !wanted.test(line)) return
      ready = true
      resolve(line)
    })
    .on('close', () => {
      reject(new Error(`ended before it was ready:\n${lines.slice(-20).join('\n')}`))
    })
  return promise
}

async function stopped(child: ChildProcess, thenDo: () => void): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  thenDo()
}
