/** nginx for benches: a backend, and a pair of proxies that speak mutual TLS to each other. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pidOf, type Processes } from './processes.ts'

/** Octets of the small file. */
export const SMALL_OCTETS = 1024

function find(program: string): string {
  for (const folder of ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']) {
    try {
      execFileSync(join(folder, program), ['-v'], { stdio: 'ignore' })
      return join(folder, program)
    } catch {
      // Looked for in the next folder.
    }
  }
  throw new Error(`${program} is not installed: bash docker/packages.sh bench`)
}

function waitForPort(port: number, attempts = 200): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (error) => {
      if (attempts === 0) reject(error)
      else setTimeout(() => void waitForPort(port, attempts - 1).then(resolve, reject), 25)
    })
  })
}

/** One nginx. */
export interface Nginx {
  readonly pid: number
  readonly port: number
}

/** A server block, and the port it listens on. */
export interface NginxPart {
  readonly name: string
  readonly port: number
  /** Inside `http { … }`. */
  readonly http: string
}

/** Starts nginx with one worker and the given blocks; its files are below `folder`. */
export async function startNginx(
  processes: Processes,
  folder: string,
  part: NginxPart,
): Promise<Nginx> {
  const home = join(folder, part.name)
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(' ')
  const text = `daemon off; worker_processes 1; pid ${home}/pid; error_log ${home}/error.log error;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http { access_log off; ${temporary} keepalive_requests 1000000; keepalive_timeout 300s; tcp_nodelay on;
${part.http}
}`
  const file = join(home, 'nginx.conf')
  writeFileSync(file, text)
  const child = processes.start([
    find('nginx'),
    '-c',
    file,
    '-p',
    home,
    '-e',
    join(home, 'error.log'),
  ])
  await waitForPort(part.port)
  return { pid: pidOf(child), port: part.port }
}

/** A backend with `/small` (1 KiB), `/large` (so many MiB, sent from memory pages) and `/sink` (takes an upload). */
export function backendPart(folder: string, port: number, largeMegabytes: number): NginxPart {
  const root = join(folder, 'files')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'small'), 'x'.repeat(SMALL_OCTETS))
  const megabyte = randomBytes(1_048_576)
  writeFileSync(join(root, 'large'), Buffer.concat(Array<Buffer>(largeMegabytes).fill(megabyte)))
  return {
    name: 'backend',
    port,
    http: `sendfile on; default_type text/plain; client_max_body_size 0;
server { listen 127.0.0.1:${port}; root ${root};
  location = /sink { client_body_buffer_size 1m; proxy_request_buffering off; proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:${port}/swallow; }
  location = /swallow { return 204; } }`,
  }
}
