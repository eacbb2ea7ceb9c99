/**
 * The tunnel alone: http.Server, a tunnel over ws and TLS, undici dispatch, nginx as the backend. No policy, no sign-in.
 *
 *     node test/bench/tunnel-raw.ts [seconds] [rounds]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'undici'
import { createLogger, systemClock } from '../../src/platform/io/index.ts'
import type { StreamHandler, TunnelHandler, TunnelStream } from '../../src/tunnel/index.ts'
import { dialTunnel } from '../../src/tunnel/io/index.ts'
import {
  makeCertificates,
  SILENT,
  TestListener,
  type TestCertificates,
} from '../support/tunnel/pairs.ts'
import { backendPart, startNginx } from './nginx.ts'
import { cpuMicroseconds, freePort, pidOf, Processes, rssMegabytes } from './processes.ts'
import { median, wrk } from './wrk.ts'

interface Job {
  readonly certificates: TestCertificates
  readonly tunnelPort: number
  readonly frontPort: number
  readonly backendPort: number
}

const NOTHING: TunnelHandler = { onControl: () => undefined, onClose: () => undefined }

async function gateway(job: Job): Promise<void> {
  const listener = new TestListener(job.certificates)
  const server = createServer()
  const accepted = listener.accept({ clock: systemClock, logger: SILENT, handler: NOTHING })
  listener.server.listen(job.tunnelPort, '127.0.0.1', () => process.send?.('listening'))
  const session = await accepted
  server.on('request', (request, response) => {
    const ended = request.headers['content-length'] === undefined
    const handler: StreamHandler = {
      onHead: (head) => {
        response.writeHead(head.status, head.headers as string[])
      },
      onData: (chunk) => {
        if (response.write(chunk)) stream.consumed(chunk.length)
        else
          response.once('drain', () => {
            stream.consumed(chunk.length)
          })
      },
      onEnd: () => {
        response.end()
      },
      onReset: () => {
        response.destroy()
      },
      onDrain: () => {
        request.resume()
      },
    }
    const head = {
      requestId: 'r',
      app: 'bench',
      proof: '',
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: request.rawHeaders,
    }
    const stream: TunnelStream = session.open(head, handler, ended)
    if (ended) return
    request.on('data', (chunk: Buffer) => {
      if (!stream.write(chunk)) request.pause()
    })
    request.on('end', () => {
      stream.end()
    })
  })
  server.listen(job.frontPort, '127.0.0.1', () => process.send?.('ready'))
}

async function connector(job: Job): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${job.backendPort}`, { connections: 64 })
  const handler: TunnelHandler = {
    ...NOTHING,
    onOpen(stream, head): StreamHandler {
      let resume: (() => void) | undefined
      pool.dispatch(
        { path: head.target, method: 'GET', headers: head.headers as string[] },
        {
          onRequestStart: () => undefined,
          onResponseStart: (controller, status) => {
            const raw = (controller.rawHeaders ?? []) as Buffer[]
            const headers = raw.map((octets) => octets.toString('latin1'))
            stream.sendHead({ status, headers })
            resume = () => {
              controller.resume()
            }
          },
          onResponseData: (controller, chunk) => {
            if (!stream.write(chunk)) controller.pause()
          },
          onResponseEnd: () => {
            stream.end()
          },
          onResponseError: (_controller, error) => {
            stream.reset({ code: 'ERR_BACKEND', message: error.message })
          },
        },
      )
      return {
        onData: (chunk) => {
          stream.consumed(chunk.length)
        },
        onEnd: () => undefined,
        onReset: () => undefined,
        onDrain: () => resume?.(),
      }
    },
  }
  await dialTunnel({
    address: `127.0.0.1:${job.tunnelPort}`,
    serverName: 'localhost',
    ca: job.certificates.ca,
    ...job.certificates.client,
    clock: systemClock,
    logger: createLogger('warn'),
    handler,
  })
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (message === word) resolve()
    })
  })
}

async function download(url: string): Promise<number> {
  const { origin, pathname } = new URL(url)
  const client = new Client(origin)
  const began = performance.now()
  const { body } = await client.request({ path: pathname, method: 'GET' })
  let octets = 0
  for await (const chunk of body) octets += (chunk as Buffer).length
  await client.close()
  return octets / 1e6 / ((performance.now() - began) / 1000)
}

async function main(seconds: number, rounds: number): Promise<void> {
  const processes = new Processes()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const [tunnelPort, frontPort, backendPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  await startNginx(processes, folder, backendPart(folder, backendPort))
  const job: Job = { certificates: makeCertificates(), tunnelPort, frontPort, backendPort }
  const sides = (['gateway', 'connector'] as const).map((role) =>
    fork(import.meta.filename, [role]),
  )
  const [front, back] = sides
  if (front === undefined || back === undefined) return
  front.send(job)
  await said(front, 'listening')
  back.send(job)
  await said(front, 'ready')
  const url = `http://127.0.0.1:${frontPort}`
  await wrk({ url: `${url}/small`, connections: 64, seconds: 2 })
  const rps: number[] = []
  const cost: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = [front, back].map((side) => cpuMicroseconds(pidOf(side)))
    const load = await wrk({ url: `${url}/small`, connections: 64, seconds })
    const [g = 0, c = 0] = [front, back].map(
      (side, n) => (cpuMicroseconds(pidOf(side)) - (before[n] ?? 0)) / load.requests,
    )
    rps.push(load.requestsPerSecond)
    cost.push(g + c)
    console.log(
      `${load.requestsPerSecond.toFixed(0)} requests/s, gateway ${g.toFixed(1)} + connector ${c.toFixed(1)} = ${(g + c).toFixed(1)} CPU-µs, p99 ${load.p99Ms.toFixed(1)} ms, ${load.errors} errors`,
    )
  }
  console.log(`median ${median(rps).toFixed(0)} requests/s, ${median(cost).toFixed(1)} CPU-µs`)
  const speeds = [
    await download(`${url}/large`),
    await download(`${url}/large`),
    await download(`${url}/large`),
  ]
  console.log(`down ${median(speeds).toFixed(0)} MB/s`)
  console.log(
    `memory ${rssMegabytes(pidOf(front)).toFixed(0)} + ${rssMegabytes(pidOf(back)).toFixed(0)} MB`,
  )
  for (const side of sides) side.kill()
  await processes.stop()
  rmSync(folder, { recursive: true })
}

const role = process.argv[2]
if (role === 'gateway' || role === 'connector') {
  process.once('message', (job: Job) => void (role === 'gateway' ? gateway(job) : connector(job)))
} else {
  await main(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 3))
}
