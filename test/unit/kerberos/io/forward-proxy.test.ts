import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  checkProxy,
  connectThrough,
  type ForwardProxy,
} from '../../../../src/kerberos/io/forward-proxy.ts'
import { KkdcpClient } from '../../../../src/kerberos/io/kkdcp-client.ts'
import { encodeKdcProxyMessage } from '../../../../src/kerberos/messages/index.ts'
import { httpsCredential } from '../../../support/https-credential.ts'

const credential = httpsCredential()
const credentials = { user: 'dmz', password: 'pass:wörd' }
const authorization = `Basic ${Buffer.from('dmz:pass:wörd').toString('base64')}`
const never = new AbortController().signal
const ports = { connect, signal: never }

describe('a forward proxy', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
  })
  const listen = async (server: Server): Promise<string> => {
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  /** A proxy that says these octets to whatever it hears. */
  const saying = async (octets: string | undefined): Promise<string> =>
    `http://${await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => {
          if (octets === undefined) socket.destroy()
          else socket.write(octets)
        })
      }),
    )}`
  /** What CONNECTs were heard: target and credentials. */
  const heard: (string | undefined)[][] = []
  const tunnelling = (server: HttpServer): HttpServer =>
    server.on('connect', (request, socket) => {
      heard.push([request.url, request.headers.host, request.headers['proxy-authorization']])
      const [host = '', port] = (request.url ?? '').split(':')
      const onwards = connect(Number(port), host === 'far.test' ? '127.0.0.1' : host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n')
        socket.pipe(onwards).pipe(socket)
      })
      onwards.on('error', () => socket.destroy())
      socket.on('error', () => onwards.destroy())
    })
  let echo: string
  before(async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).pipe(socket))
    echo = await listen(server)
  })
  const through = (proxy: ForwardProxy, host = 'far.test', signal = never) =>
    connectThrough(checkProxy(proxy), { host, port: 443 }, { connect, signal })
  const faultOf = async (proxy: ForwardProxy, signal = never): Promise<string> => {
    const error: unknown = await through(proxy, 'far.test', signal).then(
      () => assert.fail('it went through'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof KerberosError)
    assert.equal(error.code, 'ERR_KRB_KDC_UNREACHABLE')
    const text = `${error.message} | ${error.mend}`
    assert.match(text, /^forward proxy 127\.0\.0\.1:\d+: /)
    assert.doesNotMatch(text, /pass:|wörd|ZG16/)
    return text
  }

  for (const kind of ['http', 'https'] as const) {
    it(`is asked for a tunnel over ${kind}, with credentials`, async () => {
      const server = kind === 'http' ? createServer() : createHttpsServer(credential)
      const url = `${kind}://${await listen(tunnelling(server))}`
      const [host = '', port] = echo.split(':')
      const socket = await connectThrough(
        checkProxy({ url, credentials, trust: { ca: credential.ca } }),
        { host, port: Number(port) },
        ports,
      )
      socket.write('there and back')
      const [back] = (await once(socket, 'data')) as [Buffer]
      assert.equal(back.toString(), 'there and back')
      socket.destroy()
      assert.deepEqual(heard.at(-1), [echo, echo, authorization])
    })
  }

  it('may be chosen by the KDC proxy', async () => {
    const asked: string[] = []
    const client = new KkdcpClient({
      forwardProxy: (url) => {
        asked.push(url)
        return url.includes('far') ? { url: 'http://127.0.0.1:1' } : undefined
      },
    })
    const ask = (url: string) =>
      client.ask({ via: 'https', url }, { realm: 'A', request: Buffer.of(1) }, never)
    await assert.rejects(ask('https://far.test/KdcProxy'), { message: /^forward proxy 127/ })
    await assert.rejects(ask('https://127.0.0.1:2/KdcProxy'), { message: /^connect ECONNREFUSED/ })
    assert.deepEqual(asked, ['https://far.test:443/', 'https://127.0.0.1:2/'])
    await client.close()
  })

  it('leads to a KDC proxy whose name it alone can resolve', async () => {
    const kdcProxy = createHttpsServer(credential, (_, response) => {
      response.end(encodeKdcProxyMessage({ message: Buffer.from('reply') }))
    })
    const address = (await listen(kdcProxy)).replace('127.0.0.1', 'far.test')
    const url = `http://${await listen(tunnelling(createServer()))}`
    // The certificate has the address, not the name: its key is what counts here.
    const client = new KkdcpClient({ forwardProxy: { url }, trust: { ca: credential.ca } })
    const question = { realm: 'CORP.EXAMPLE', request: Buffer.from('request') }
    await assert.rejects(
      client.ask({ via: 'https', url: `https://${address}/` }, question, never),
      {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message: /altnames/,
      },
    )
    assert.equal(heard.at(-1)?.[0], address)
    await client.close()
  })

  const answers: readonly [string, string | undefined, RegExp][] = [
    [
      'wants credentials',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
      /status 407: it asks for credentials \(Negotiate, Basic\), none .*\| Set user and password/,
    ],
    ['wants credentials of no kind', 'HTTP/1.1 407 No\r\n\r\n', /asks for credentials, none/],
    [
      'forbids it',
      'HTTP/1.1 403 No\r\n\r\n<html>',
      /status 403 to CONNECT far\.test:443 \| Have the/,
    ],
    [
      'cannot',
      'HTTP/1.1 503 No\r\n\r\n',
      /status 503 to CONNECT far\.test:443 \| .*resolve and reach/,
    ],
    ['is of another mind', 'HTTP/1.1 400 No\r\n\r\n', /status 400 .*\| Check the forward proxy/],
    ['says more than asked', 'HTTP/1.1 200 Yes\r\n\r\nhello', /sends octets before/],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n', /Parse Error/],
    ['has a huge head', `HTTP/1.1 200 Yes\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /Header|overflow/i],
    ['hangs up', undefined, /hang up|closed|reset/],
  ]
  for (const [what, octets, says] of answers) {
    it(`that ${what} is one clear error`, async () => {
      assert.match(await faultOf({ url: await saying(octets) }), says)
    })
  }

  it('that refuses our credentials names the user alone', async () => {
    const url = await saying('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n')
    assert.match(
      await faultOf({ url, credentials }),
      /refuses the credentials of the user "dmz" \(Basic\)/,
    )
  })

  it('is given a fresh Negotiate token for each tunnel', async () => {
    const services: string[] = []
    const negotiate = (service: string): Promise<Uint8Array> => {
      services.push(service)
      return Promise.resolve(Buffer.from(`token ${services.length}`))
    }
    const url = `http://${await listen(tunnelling(createServer()))}`
    const [host = '', port] = echo.split(':')
    for (const text of ['token 1', 'token 2']) {
      const target = { host, port: Number(port) }
      const socket = await connectThrough(checkProxy({ url, negotiate }), target, ports)
      socket.destroy()
      assert.equal(heard.at(-1)?.[2], `Negotiate ${Buffer.from(text).toString('base64')}`)
    }
    assert.deepEqual(services, ['HTTP/127.0.0.1', 'HTTP/127.0.0.1'])
  })

  it('that refuses our token, or for which there is none, says so', async () => {
    const url = await saying('HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate abc\r\n\r\n')
    const negotiate = (): Promise<Uint8Array> => Promise.resolve(Buffer.from('token'))
    assert.match(
      await faultOf({ url, negotiate }),
      /407: it refuses our Negotiate token \(Negotiate\) \|/,
    )
    const fault = new KerberosError('ERR_KRB_GSSAPI', 'no ticket', { mend: 'Run kinit.' })
    const none = await faultOf({ url, negotiate: () => Promise.reject(fault) })
    assert.match(none, /: no ticket \| Run kinit\.$/)
    const silent = (): Promise<Uint8Array> => Promise.withResolvers<never>().promise
    const given = AbortSignal.timeout(30)
    assert.match(await faultOf({ url, negotiate: silent }, given), /timeout|aborted/)
  })

  it('that is not there, or is another', async () => {
    assert.match(
      await faultOf({ url: 'http://127.0.0.1:1' }),
      /ECONNREFUSED .*\| Check the forward/,
    )
    const url = `https://${await listen(tunnelling(createHttpsServer(credential)))}`
    assert.match(await faultOf({ url }), /certificate/)
  })

  it('is given up', async () => {
    const controller = new AbortController()
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => {
          controller.abort(new Error('enough'))
        })
    })
    const url = `http://${await listen(server)}`
    assert.match(await faultOf({ url }, controller.signal), /: enough/)
    assert.match(await faultOf({ url }, AbortSignal.abort(new Error('too late'))), /too late/)
  })

  it('is checked before, and nothing secret is said', () => {
    const refused: readonly [ForwardProxy, RegExp][] = [
      [{ url: 'proxy:3128' }, /must be http/],
      [{ url: 'socks5://proxy:1080' }, /must be http/],
      [{ url: 'nonsense' }, /must be http/],
      [{ url: 'http://dmz:secret@proxy:3128' }, /do not belong/],
      [{ url: 'http://proxy:3128/path' }, /may not have a path/],
      [
        { url: 'http://proxy', credentials, negotiate: () => Promise.resolve(Buffer.of(1)) },
        /not both/,
      ],
      [{ url: 'http://proxy:3128', credentials: { user: 'a:b', password: 'secret' } }, /Basic/],
      [{ url: 'http://proxy:3128', credentials: { user: 'a', password: 'secret\n' } }, /Basic/],
    ]
    for (const [proxy, says] of refused) {
      assert.throws(
        () => checkProxy(proxy),
        (error: unknown) => {
          assert.ok(error instanceof RangeError)
          assert.match(error.message, says)
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    }
    assert.deepEqual(checkProxy({ url: 'https://[fd00::1]' }).address, {
      host: 'fd00::1',
      port: 443,
    })
    assert.deepEqual(checkProxy({ url: 'http://proxy' }).address, { host: 'proxy', port: 80 })
  })
})
