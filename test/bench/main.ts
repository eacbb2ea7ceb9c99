/**
 * `npm run bench`: Sallyport against nginx with mutual TLS on the same machine, in the same minutes.
 *
 * Real processes, the same backend, the same load generator, measured in turns; the numbers that matter are ratios.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { labAvailability } from '../../docker/lab.ts'
import { makeCertificates } from '../support/tunnel/pairs.ts'
import { download, upload, type BulkOptions } from './bulk.ts'
import { untilSignal } from './interrupt.ts'
import {
  compare,
  ratio,
  withPeakMemory,
  type Contender,
  type Result,
  type Sample,
} from './measure.ts'
import { backendPart, startNginx, startNginxPair, STREAM_OCTETS } from './nginx.ts'
import { HELP, readOptions, type BenchOptions } from './options.ts'
import { freePort, lineWith, Processes } from './processes.ts'
import { measureSso, type SsoResults } from './sso.ts'
import { BENCH_APP, startBenchStack, type BenchStack } from './stack.ts'
import { measureTokenUs } from './token.ts'
import { median } from './wrk.ts'

/** Less than this against nginx is a fault. */
const FLOOR_RPS_VS_NGINX = 0.6
const BULK_ROUNDS = 3

const began = performance.now()

function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6)
  console.log(`${seconds} s  ${line}`)
}

function table(name: string, result: Result): void {
  const { requestsPerSecond, gatewayUs, connectorUs, sumUs, p99Ms, errors } = result
  say(
    `  ${name.padEnd(12)} ${requestsPerSecond.toFixed(0).padStart(6)} requests/s   CPU-µs per request: outside ${gatewayUs.toFixed(1)} + inside ${connectorUs.toFixed(1)} = ${sumUs.toFixed(1)}   p99 ${p99Ms.toFixed(1)} ms   errors ${errors}`,
  )
}

/** Everything that is compared. */
interface Arena {
  readonly stack: BenchStack
  readonly nginx: Contender
  readonly sallyport: Contender
  readonly nginxPort: number
}

async function build(processes: Processes, folder: string): Promise<Arena> {
  const certificates = makeCertificates()
  const backendPort = await freePort()
  await startNginx(processes, folder, backendPart(folder, backendPort))
  const sink = processes.start([process.execPath, join(import.meta.dirname, 'sink.ts')])
  const sinkPort = Number((await lineWith(sink, 'stdout', 'port ')).split(' ')[1])
  const { front, back } = await startNginxPair(processes, {
    ...{ folder, certificates, backendPort, sinkPort },
  })
  const stack = await startBenchStack(processes, {
    ...{ folder, certificates },
    backend: `http://127.0.0.1:${backendPort}`,
    sink: `http://127.0.0.1:${sinkPort}`,
  })
  const contender = (name: string, port: number, pids: readonly [number, number]): Contender => ({
    name,
    url: `https://127.0.0.1:${port}/small`,
    headers: [`Host: ${BENCH_APP}.localhost:${port}`],
    gatewayPid: pids[0],
    connectorPid: pids[1],
  })
  return {
    stack,
    nginxPort: front.port,
    nginx: contender('nginx', front.port, [front.pid, back.pid]),
    sallyport: contender('Sallyport', stack.port, [stack.gatewayPid, stack.connectorPid]),
  }
}

/** MB per second. */
interface BulkResults {
  readonly nginxDown: number
  readonly nginxUp: number
  readonly down: number
  readonly up: number
}

async function bulk(arena: Arena): Promise<BulkResults> {
  const at = (port: number, app: string, path: string): BulkOptions => ({
    port,
    host: `${app}.localhost:${port}`,
    path,
    octets: STREAM_OCTETS.large,
  })
  const { nginxPort, stack } = arena
  const speeds = { nginxDown: [], nginxUp: [], down: [], up: [] } as Record<
    keyof BulkResults,
    number[]
  >
  for (let round = 0; round < BULK_ROUNDS; round += 1) {
    speeds.nginxDown.push(await download(at(nginxPort, BENCH_APP, '/large')))
    speeds.down.push(await download(at(stack.port, BENCH_APP, '/large')))
    speeds.nginxUp.push(await upload(at(nginxPort, 'sink', '/sink')))
    speeds.up.push(await upload(at(stack.port, 'sink', '/sink')))
  }
  return {
    nginxDown: median(speeds.nginxDown),
    nginxUp: median(speeds.nginxUp),
    down: median(speeds.down),
    up: median(speeds.up),
  }
}

/** Most memory while 1 GiB passes, MB, gateway then connector. */
async function memory(arena: Arena): Promise<{ down: readonly number[]; up: readonly number[] }> {
  const { port, gatewayPid, connectorPid } = arena.stack
  const pids = [gatewayPid, connectorPid]
  const octets = STREAM_OCTETS.huge
  const down = await withPeakMemory(pids, () =>
    download({ port, host: `${BENCH_APP}.localhost:${port}`, path: '/huge', octets }),
  )
  const up = await withPeakMemory(pids, () =>
    upload({ port, host: `sink.localhost:${port}`, path: '/sink', octets }),
  )
  return { down: down.peakMB, up: up.peakMB }
}

interface PassthroughResults {
  readonly nginx: Result
  readonly sallyport: Result
  readonly bulk: BulkResults
  readonly memory: { readonly down: readonly number[]; readonly up: readonly number[] }
}

async function againstNginx(options: BenchOptions): Promise<PassthroughResults> {
  const processes = new Processes()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  try {
    return await untilSignal(contest(options, await untilSignal(build(processes, folder))))
  } finally {
    await processes.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function contest(options: BenchOptions, arena: Arena): Promise<PassthroughResults> {
  say(
    `1 KiB GET over HTTPS with ${options.connections} kept connections, passthrough, same nginx backend`,
  )
  const [nginx, sallyport] = await compare([arena.nginx, arena.sallyport], options)
  if (nginx === undefined || sallyport === undefined) throw new Error('nothing was measured')
  table('nginx→nginx', nginx)
  table('Sallyport', sallyport)
  say('256 MiB down and up, one connection, MB/s')
  const speeds = await bulk(arena)
  say(`  nginx→nginx  ${speeds.nginxDown.toFixed(0)} down, ${speeds.nginxUp.toFixed(0)} up`)
  say(`  Sallyport    ${speeds.down.toFixed(0)} down, ${speeds.up.toFixed(0)} up`)
  say('memory while 1 GiB passes, most of gateway + connector, MB')
  const held = await memory(arena)
  const text = (peaks: readonly number[]): string =>
    peaks.map((peak) => peak.toFixed(0)).join(' + ')
  say(`  Sallyport    ${text(held.down)} down, ${text(held.up)} up`)
  return { nginx, sallyport, bulk: speeds, memory: held }
}

async function withSignOn(options: BenchOptions): Promise<SsoResults | undefined> {
  const availability = labAvailability()
  if (!options.lab || !availability.ok) {
    say(`single sign-on left out: ${options.lab ? (availability.reason ?? 'no lab') : '--no-lab'}`)
    return undefined
  }
  say('starting a domain for single sign-on')
  const results = await measureSso(options, say)
  say(
    `GET of ${results.octets} octets from Apache, passthrough and with a Kerberos token in each request`,
  )
  table('passthrough', results.passthrough)
  table('Kerberos', results.sso)
  return results
}

const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

function summary(through: PassthroughResults, sso: SsoResults | undefined, tokenUs: number) {
  const { nginx, sallyport, bulk: speeds, memory: held } = through
  const rps = (sample: Sample): number => sample.requestsPerSecond
  const cpu = (sample: Sample): number => sample.sumUs
  return {
    rpsVsNginx: round(ratio(sallyport, nginx, rps)),
    cpuVsNginx: round(ratio(sallyport, nginx, cpu)),
    p99VsNginx: round(ratio(sallyport, nginx, (sample) => sample.p99Ms)),
    ssoRpsVsPassthrough: sso && round(ratio(sso.sso, sso.passthrough, rps)),
    ssoCpuVsPassthrough: sso && round(ratio(sso.sso, sso.passthrough, cpu)),
    tokenUs: round(tokenUs, 1),
    downMBsVsNginx: round(speeds.down / speeds.nginxDown),
    upMBsVsNginx: round(speeds.up / speeds.nginxUp),
    rps: round(sallyport.requestsPerSecond, 0),
    nginxRps: round(nginx.requestsPerSecond, 0),
    gatewayUs: round(sallyport.gatewayUs, 1),
    connectorUs: round(sallyport.connectorUs, 1),
    nginxUs: round(nginx.sumUs, 1),
    ssoRps: sso && round(sso.sso.requestsPerSecond, 0),
    ssoGatewayUs: sso && round(sso.sso.gatewayUs, 1),
    ssoConnectorUs: sso && round(sso.sso.connectorUs, 1),
    downMBs: round(speeds.down, 0),
    upMBs: round(speeds.up, 0),
    gatewayPeakMB: round(Math.max(held.down[0] ?? 0, held.up[0] ?? 0), 0),
    connectorPeakMB: round(Math.max(held.down[1] ?? 0, held.up[1] ?? 0), 0),
    errors: nginx.errors + sallyport.errors + (sso ? sso.sso.errors + sso.passthrough.errors : 0),
    floorRpsVsNginx: FLOOR_RPS_VS_NGINX,
  }
}

async function bench(options: BenchOptions): Promise<boolean> {
  const packages = join(import.meta.dirname, '../../docker/packages.sh')
  execFileSync('bash', [packages, 'bench'], { stdio: 'inherit' })
  const tokenUs = await measureTokenUs()
  say(`a SPNEGO token from a ticket at hand: ${tokenUs.toFixed(1)} µs`)
  const through = await againstNginx(options)
  const sso = await withSignOn(options)
  const result = summary(through, sso, tokenUs)
  const ok = result.rpsVsNginx >= FLOOR_RPS_VS_NGINX && result.errors === 0
  say(
    `requests/s against nginx ${result.rpsVsNginx} (floor ${FLOOR_RPS_VS_NGINX}), CPU ${result.cpuVsNginx}, ${result.errors} errors`,
  )
  if (options.json) console.log(JSON.stringify({ ok, ...result }))
  return ok
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) console.log(HELP)
  else process.exitCode = (await bench(options)) ? 0 : 1
} catch (error) {
  say(`failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
