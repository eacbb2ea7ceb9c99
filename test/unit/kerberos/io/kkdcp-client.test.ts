import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  KkdcpClient,
  NetworkKdcTransport,
  type KkdcpOptions,
} from '../../../../src/kerberos/io/index.ts'
import {
  decodeKdcProxyMessage,
  encodeKdcProxyMessage,
} from '../../../../src/kerberos/messages/index.ts'
import { publicKeyPin } from '../../../../src/pki/index.ts'
import { CutRelay } from '../../../support/cut-relay.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { VECTORS } from '../messages/vectors.ts'
import { httpsCredential } from '../../../support/https-credential.ts'

const realm = 'CORP.EXAMPLE'
const request = Buffer.from('request')
const credential = httpsCredential()
const never = new AbortController().signal
const [AS_REQ, AS_REP] = ['as-req', 'as-rep'].map(
  (wanted) => VECTORS.find(({ name }) => name === wanted)?.encode() ?? assert.fail(wanted),
) as [Uint8Array, Uint8Array]

/** Answers with the request turned round, and what came with it. */
const echo: RequestListener = (incoming, response) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const { message, targetDomain } = decodeKdcProxyMessage(Buffer.concat(chunks))
    const { method, url, headers } = incoming
    const seen = [method, url, headers['content-type'], targetDomain].join(' ')
    const text = `${Buffer.from(message).toString()}: ${seen}`
    response.end(encodeKdcProxyMessage({ message: Buffer.from(text) }))
  })
}

describe('KkdcpClient', () => {
  const servers: Server[] = []
  const clients: KkdcpClient[] = []
  after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    for (const server of servers) server.close().closeAllConnections()
  })

  const listen = async (answer: RequestListener, path = '/KdcProxy'): Promise<string> => {
    const server = createServer(
      { ...credential, requestCert: true, rejectUnauthorized: false },
      answer,
    )
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  }
  const open = (options: KkdcpOptions = {}): KkdcpClient => {
    const client = new KkdcpClient({
      trust: { ca: credential.ca },
      connectTimeoutMs: 60_000,
      ...options,
    })
    clients.push(client)
    return client
  }
  const ask = async (url: string, client = open(), signal = never): Promise<string> => {
    const reply = await client.ask({ via: 'https', url }, { realm, request }, signal)
    return Buffer.from(reply).toString()
  }
  /** The one fault that an ask ends with, as an administrator reads it. */
  const faultOf = async (asked: Promise<unknown>): Promise<string> => {
    const error: unknown = await asked.then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof KerberosError)
    assert.equal(error.code, 'ERR_KRB_KDC_UNREACHABLE')
    return `${error.message} | ${error.mend}`
  }

  it('wraps the request, names the realm and unwraps the reply', async () => {
    assert.equal(
      await ask(await listen(echo, '/far/KdcProxy')),
      'request: POST /far/KdcProxy application/kerberos CORP.EXAMPLE',
    )
  })

  for (const type of ['application/kerberos', 'Application/Kerberos; charset=binary']) {
    it(`takes a reply that is ${type}`, async () => {
      const url = await listen((incoming, response) => {
        response.setHeader('content-type', type)
        echo(incoming, response)
      })
      assert.match(await ask(url), /^request: /)
    })
  }

  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  const broken: readonly [string, RequestListener, RegExp][] = [
    ['fails', (_, response) => response.writeHead(500).end(), /^HTTP status 500 \| .*realm/],
    [
      'fails in words of its own',
      (_, response) => response.writeHead(503, plain).end('No remote\n\u001b[1m(X).'),
      /^HTTP status 503 \(No remote \[1m\(X\)\.\) \| /,
    ],
    [
      'fails in endless words',
      (_, response) => {
        response.writeHead(503, plain)
        const more = (): void => {
          while (response.write('word '.repeat(100)));
          response.once('drain', more)
        }
        more()
      },
      /^HTTP status 503 \(word .{1,200}\) \| /,
    ],
    ['wants to know us', (_, response) => response.writeHead(403).end(), /403 \| .*certificate/],
    ['is elsewhere', (_, response) => response.writeHead(404).end(), /404 \| .*\/KdcProxy/],
    [
      'sends elsewhere',
      (_, response) => response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end(),
      /^HTTP status 302 \| Redirects are not followed/,
    ],
    [
      'is a web site',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /answers with "text\/html", not application\/kerberos \| .*MS-KKDCP/,
    ],
    [
      'talks nonsense',
      (_, response) => response.end('<html>'),
      /KDC-PROXY-MESSAGE.* \| .*MS-KKDCP/,
    ],
    ['says nothing', (_, response) => response.end(), /KDC-PROXY-MESSAGE.* \| /],
    ['says too much', (_, response) => response.end(Buffer.alloc(9000)), /exceeds 4096 octets/],
    [
      'never ends',
      (_, response) => {
        const more = (): void => {
          while (response.write(Buffer.alloc(1000)));
          response.once('drain', more)
        }
        more()
      },
      /exceeds 4096 octets/,
    ],
    [
      'sends a huge head',
      (_, response) => response.writeHead(200, { 'x-large': 'x'.repeat(20_000) }).end(),
      /Headers Overflow|header/i,
    ],
    ['hangs up', (incoming) => incoming.destroy(), /closed|socket|reset/i],
    [
      'hangs up in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('0123', () => response.destroy())
      },
      /closed|terminated|aborted|reset/i,
    ],
  ]
  for (const [what, answer, says] of broken) {
    it(`says what is wrong when a proxy ${what}`, async () => {
      assert.match(await faultOf(ask(await listen(answer), open({ maxReplyOctets: 4096 }))), says)
    })
  }

  it('believes no proxy without a certificate of its CA', async () => {
    const { ca } = httpsCredential()
    const url = await listen(echo)
    assert.match(
      await faultOf(ask(url, open({ trust: { ca } }))),
      /self-signed|unable .*certificate.*\| Name the CA/,
    )
    assert.match(await faultOf(ask(url, open({ trust: {} }))), /certificate.*\| Name the CA/)
  })

  it('believes no proxy of another name', async () => {
    const url = (await listen(echo)).replace('127.0.0.1', 'localhost')
    assert.match(await faultOf(ask(url)), /altnames.*\| Write the KDC proxy’s URL/)
  })

  it('takes the CA that comes with an address before its own', async () => {
    const client = open({ trust: { ca: httpsCredential().ca } })
    const url = await listen(echo)
    const address = { via: 'https', url, ca: credential.ca } as const
    assert.ok(await client.ask(address, { realm, request }, never))
    await faultOf(ask(url, client))
  })

  it('goes by pins, alone or beside the CA', async () => {
    const url = await listen(echo)
    const pins = [publicKeyPin(credential.cert)]
    assert.match(await ask(url, open({ trust: { pins } })), /^request/)
    assert.match(await ask(url, open({ trust: { pins, ca: credential.ca } })), /^request/)
    const { ca } = httpsCredential()
    assert.match(await faultOf(ask(url, open({ trust: { pins, ca } }))), /Name the CA/)
    const other = ['00'.repeat(32)]
    const wrong = await faultOf(ask(url, open({ trust: { pins: other } })))
    assert.match(wrong, new RegExp(`has the pin ${pins[0] ?? ''}, which is not listed \\| List`))
  })

  it('shows its own certificate to a proxy that asks', async () => {
    const own = httpsCredential()
    const url = await listen((incoming, response) => {
      const { subjectaltname } =
        (
          incoming.socket as { getPeerCertificate?: () => { subjectaltname?: string } }
        ).getPeerCertificate?.() ?? {}
      response.end(encodeKdcProxyMessage({ message: Buffer.from(subjectaltname ?? 'nobody') }))
    })
    const clientCertificate = { cert: own.cert, key: own.key }
    assert.equal(await ask(url), 'nobody')
    const shown = open({ trust: { ca: credential.ca, clientCertificate } })
    assert.match(await ask(url, shown), /IP Address:127\.0\.0\.1/)
  })

  it('keeps a connection, and asks again when it has ended meanwhile', async () => {
    const ports: (number | undefined)[] = []
    let cut = false
    const url = await listen((incoming, response) => {
      ports.push(incoming.socket.remotePort)
      if (cut) {
        cut = false
        incoming.socket.destroy()
      } else echo(incoming, response)
    })
    const client = open({ maxConnections: 1 })
    await ask(url, client)
    await ask(url, client)
    assert.equal(ports[0], ports[1])
    cut = true
    assert.match(await ask(url, client), /^request/)
    assert.equal(new Set(ports).size, 2)
  })

  it('asks once where once is wanted, and says what became of that', async () => {
    let times = 0
    const url = await listen((incoming) => {
      times += 1
      incoming.socket.destroy()
    })
    const asked = open().ask({ via: 'https', url }, { realm, request, once: true }, never)
    assert.match(await faultOf(asked), /other side closed/)
    assert.equal(times, 1)
  })

  it('lets a transport go on to the next KDC proxy, with one log line for each that fails', async () => {
    const bad: string[] = []
    for (const [, answer] of broken.slice(0, 4)) bad.push(await listen(answer))
    const good = await listen((_, response) => {
      response.end(encodeKdcProxyMessage({ message: AS_REP }))
    })
    const logger = new MemoryLogger()
    const transport = new NetworkKdcTransport({
      ...{ kdcs: { [realm]: [...bad, good] }, https: open().ask, logger },
      ...{ hedgeAfterMs: 60_000, timeoutMs: 60_000, totalTimeoutMs: 120_000 },
    })
    for (let times = 0; times < 3; times++) {
      assert.deepEqual(Buffer.from(await transport.exchange(realm, AS_REQ)), Buffer.from(AS_REP))
    }
    assert.equal(logger.lines.length, bad.length)
    const told = logger.lines.map(({ fields }) => String(fields['reason']))
    assert.match(told.join(), /^HTTP status 500,HTTP status 503 \(/)
    const kdcs = { [realm]: bad }
    const none = new NetworkKdcTransport({ kdcs, https: open().ask, hedgeAfterMs: 60_000 })
    const fault = await faultOf(none.exchange(realm, AS_REQ))
    assert.match(
      fault,
      /KdcProxy: HTTP status 500; https.*: HTTP status 503 .* \| Check that the KDC/,
    )
  })

  it('uses no connection again that was kept beside one that fell silent', async (t) => {
    const url = new URL(
      await listen((_, response) => {
        response.end(encodeKdcProxyMessage({ message: AS_REP }))
      }),
    )
    const relay = await CutRelay.start({ host: url.hostname, port: Number(url.port) })
    t.after(() => relay.stop())
    url.port = String(relay.port)
    const through = (limits: { timeoutMs: number; totalTimeoutMs: number }, client = open()) => ({
      client,
      transport: new NetworkKdcTransport({
        ...{ kdcs: { [realm]: [url.href] }, https: client.ask, ...limits },
      }),
    })
    const { client, transport } = through({ timeoutMs: 60_000, totalTimeoutMs: 60_000 })
    const several = Array.from({ length: 4 }, () => transport.exchange(realm, AS_REQ))
    assert.equal((await Promise.all(several)).length, 4)
    relay.freeze()
    const late = [50, 100, 150].map((timeoutMs) =>
      through({ timeoutMs, totalTimeoutMs: 60_000 }, client).transport.exchange(realm, AS_REQ),
    )
    for (const each of late) await assert.rejects(each, { message: /no answer/ })
    // On a connection of its own, in all the time that it takes.
    assert.deepEqual(Buffer.from(await transport.exchange(realm, AS_REQ)), Buffer.from(AS_REP))
  })

  it('is given up by the caller', async () => {
    let reached: () => void = () => undefined
    const reaching = new Promise<void>((resolve) => (reached = resolve))
    const url = await listen(() => {
      reached()
    })
    const controller = new AbortController()
    const asked = ask(url, open(), controller.signal)
    await reaching
    controller.abort(new Error('enough'))
    assert.match(await faultOf(asked), /^enough/)
  })

  it('does not wait for a connection longer than it should', async () => {
    const client = open({ lookup: () => undefined, connectTimeoutMs: 20 })
    assert.match(await faultOf(ask('https://kdc.test/', client)), /no connection within 20 ms/)
  })

  it('refuses limits and pins that are none', () => {
    assert.throws(() => new KkdcpClient({ connectTimeoutMs: 0 }), RangeError)
    assert.throws(() => new KkdcpClient({ maxReplyOctets: 1.5 }), RangeError)
    assert.throws(() => new KkdcpClient({ trust: { pins: ['AB'] } }), RangeError)
  })
})
