/** nginx for benches: a backend, and a pair of proxies that speak mutual TLS to each other. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestCertificates } from '../support/tunnel/pairs.ts'
import { freePort, pidOf, type Processes } from './processes.ts'

/** Octets of the small file. */
export const SMALL_OCTETS = 1024

/** Octets of the streams. */
export const STREAM_OCTETS = { large: 268_435_456, huge: 1_073_741_824 } as const

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

/** A backend: `/small` (1 KiB), `/large` (256 MiB) and `/huge` (1 GiB, both without disk: holes read as zeros). */
export function backendPart(folder: string, port: number): NginxPart {
  const root = join(folder, 'files')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'small'), 'x'.repeat(SMALL_OCTETS))
  for (const [name, octets] of Object.entries(STREAM_OCTETS)) {
    writeFileSync(join(root, name), '')
    truncateSync(join(root, name), octets)
  }
  const http = `sendfile on; default_type text/plain;
server { listen 127.0.0.1:${port}; root ${root}; }`
  return { name: 'backend', port, http }
}

/** Where the pair of proxies leads. */
export interface ProxyPlan {
  readonly folder: string
  readonly certificates: TestCertificates
  readonly backendPort: number
  readonly sinkPort: number
}

function pem(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const PROXY = `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
proxy_buffer_size 16k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;
client_max_body_size 0; client_body_buffer_size 128k;`

/** nginx as gateway (HTTPS to the browser) and nginx as connector, mutual TLS 1.3 and kept connections between them. */
export async function startNginxPair(
  processes: Processes,
  plan: ProxyPlan,
): Promise<{ readonly front: Nginx; readonly back: Nginx }> {
  const { folder, certificates, backendPort, sinkPort } = plan
  const [frontPort, backPort] = [await freePort(), await freePort()]
  const ca = pem(folder, 'nginx-ca.pem', certificates.ca)
  const server = `ssl_certificate ${pem(folder, 'nginx-server.pem', certificates.server.cert)};
    ssl_certificate_key ${pem(folder, 'nginx-server.key', certificates.server.key)}; ssl_protocols TLSv1.3;`
  const back = await startNginx(processes, folder, {
    name: 'back',
    port: backPort,
    http: `${PROXY}
upstream backend { server 127.0.0.1:${backendPort}; keepalive 64; }
upstream sink { server 127.0.0.1:${sinkPort}; keepalive 4; }
server { listen 127.0.0.1:${backPort} ssl; ${server} ssl_client_certificate ${ca}; ssl_verify_client on;
  location / { proxy_pass http://backend; } location /sink { proxy_pass http://sink; } }`,
  })
  const client = `proxy_ssl_certificate ${pem(folder, 'nginx-client.pem', certificates.client.cert)};
    proxy_ssl_certificate_key ${pem(folder, 'nginx-client.key', certificates.client.key)};
    proxy_ssl_trusted_certificate ${ca}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3;`
  const front = await startNginx(processes, folder, {
    name: 'front',
    port: frontPort,
    http: `${PROXY}
upstream tunnel { server 127.0.0.1:${backPort}; keepalive 64; }
server { listen 127.0.0.1:${frontPort} ssl; ${server} ${client} location / { proxy_pass https://tunnel; } }`,
  })
  return { front, back }
}
