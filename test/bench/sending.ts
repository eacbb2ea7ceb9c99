/**
 * What `sendTicket: oncePerConnection` saves against `always` and `on401`: `node test/bench/sending.ts`. Tokens and CPU time of
 * the connector's pipeline per request, one after the other over kept connections; the backend runs in a thread of its own
 * and says `Persistent-Auth: true` instead of proving itself, so what `always` spends on checking proofs comes on top.
 *
 * @module
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { createPipeline, type SsoPipeline } from '../../src/sso/index.ts'
import { createBackendPool } from '../../src/sso/io/index.ts'
import type { AppSettings, SendTicket } from '../../src/tunnel/index.ts'
import { MemoryLogger } from '../support/manual-clock.ts'
import { CollectingSink } from '../support/sso/sink.ts'
import { appOf, createIssuer, FakeDirectory, FakeKerberos, policyOf } from '../support/sso/world.ts'

const WARM_UP = 3000
const REQUESTS = 10_000
const ROUNDS = 3
const MODES: readonly SendTicket[] = ['always', 'on401', 'oncePerConnection']

const BACKEND = `
  const { createServer } = require('node:http')
  const { parentPort } = require('node:worker_threads')
  const known = new WeakSet()
  const server = createServer((request, response) => {
    const token = request.headers.authorization !== undefined
    if (token && request.url === '/kept') known.add(request.socket)
    if (token || known.has(request.socket)) response.setHeader('Persistent-Auth', 'true')
    else response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' })
    response.end('ok')
  })
  server.keepAliveTimeout = 60000
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

interface Contender {
  readonly mode: SendTicket
  readonly app: AppSettings
  readonly us: number[]
  tokens: number
}

async function load(pipeline: SsoPipeline, app: AppSettings, count: number): Promise<void> {
  const target = app.sendTicket === 'oncePerConnection' ? '/kept' : '/'
  const request = { requestId: 'r', app, proof, method: 'GET', target, headers: [] }
  for (let n = 0; n < count; n++) {
    const sink = new CollectingSink()
    pipeline.handle({ ...request, body: { kind: 'none' } }, sink)
    const { status, error } = await sink.outcome
    if (status !== 200) throw error ?? new Error(`status ${status}`)
  }
}

/** One round: CPU time of this thread alone. */
async function measure(pipeline: SsoPipeline, contender: Contender): Promise<void> {
  const { tokens } = pipeline.counters
  const before = process.threadCpuUsage()
  await load(pipeline, contender.app, REQUESTS)
  const { user, system } = process.threadCpuUsage(before)
  contender.us.push((user + system) / REQUESTS)
  contender.tokens = (pipeline.counters.tokens - tokens) / REQUESTS
}

const issuer = await createIssuer(systemClock)
const proof = { id: 'p', idToken: await issuer.token({ upn: 'alice@corp.example' }) }
const backend = new Worker(BACKEND, { eval: true })
const [port] = (await once(backend, 'message')) as [number]
const origin = `http://127.0.0.1:${port}`
const directory = new FakeDirectory()
directory.add('alice')
const row = { origin, servicePrincipalName: 'HTTP/iwa.corp.example', addresses: ['127.0.0.1'] }
const pipeline = createPipeline({
  policy: policyOf([row]),
  keys: issuer.keys,
  kerberos: new FakeKerberos(systemClock),
  directory,
  backends: createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) }),
  clock: systemClock,
  random: systemRandom,
  logger: new MemoryLogger(),
})
const contenders = MODES.map((mode): Contender => {
  const app = appOf(`${origin}/`, { id: mode, sendTicket: mode })
  return { mode, app, us: [], tokens: 0 }
})
for (const { app } of contenders) await load(pipeline, app, WARM_UP)
for (let round = 0; round < ROUNDS; round++) {
  for (const contender of contenders) await measure(pipeline, contender)
}
await pipeline.close()
await backend.terminate()

const median = ({ us }: Contender): number => us.toSorted((a, b) => a - b)[us.length >> 1] ?? 0
const [always] = contenders.map(median)
for (const contender of contenders) {
  const us = median(contender)
  const ratio = (us / (always ?? us)).toFixed(2)
  console.log(
    `${contender.mode.padEnd(18)} ${contender.tokens.toFixed(4)} tokens and ${us.toFixed(1)} CPU-µs per request, ratio ${ratio}`,
  )
}
