/** What lasts longer than its first ID token: it lives on through refreshes, and ends when the provider refuses one. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { startRealProvider, type RealProvider } from '../support/gateway/real-provider.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 240_000 }
/** The gateway refreshes in the last quarter: eight seconds, for a machine that is busy. */
const ID_TOKEN_SECONDS = 32

describe('what outlasts its ID token', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let directory: string
  let provider: RealProvider
  let backend: Server
  let stack: Stack
  let place: { lab: typeof lab; stack: Stack }

  function answer({ url }: IncomingMessage, response: ServerResponse): void {
    if (url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const timer = setInterval(() => response.write('data: x\n\n'), 500)
      response.on('close', () => {
        clearInterval(timer)
      })
    } else response.end('ok')
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-lasting-'))
    provider = await startRealProvider(ID_TOKEN_SECONDS)
    backend = createServer(answer).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    const origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
    const caFile = join(directory, 'provider.pem')
    await writeFile(caFile, provider.ca)
    const { issuer, clientId, clientSecret } = provider
    const oidc = { ...lab.oidc, issuer, clientId, clientSecret, caFile, jwksUri: `${issuer}/jwks` }
    const own = { ...lab, oidc }
    stack = await startStack(own, {
      editGateway: ({ apps }) => {
        const plain = (apps as { id: string }[]).find(({ id }) => id === 'plain') ?? {}
        const signedIn = { preAuthentication: 'oidc', allow: { everyone: true } }
        Object.assign(plain, signedIn, { internalUrl: `${origin}/` })
      },
      editConnector: (config) => {
        config['sso'] = { expirySweepMs: 1000, clockToleranceSeconds: 0 }
      },
      editPolicy: ({ backends }) =>
        (backends as object[]).push({ origin, addresses: ['127.0.0.1/32'] }),
    })
    place = { lab: own, stack }
  }, PATIENCE)
  after(async () => {
    await stack.stop()
    backend.closeAllConnections()
    backend.close()
    await provider.close()
    await rm(directory, { recursive: true })
  }, PATIENCE)

  /** A session of its own each time; its cookie. */
  async function cookieFor(app: string, path: string): Promise<string> {
    const { visitor, page } = await signIn(place, 'alice', { app, path })
    assert.equal(page.status, 200)
    const cookie = visitor.cookie(new URL(stack.url(app)).host, '__Host-sallyport') ?? ''
    await visitor.close()
    return `__Host-sallyport=${cookie}`
  }

  const reach = (app: string, cookie: string) => ({
    headers: { Cookie: cookie, Host: new URL(stack.url(app)).host },
    ca: stack.browserCa,
    servername: `${app}.localhost`,
  })

  function get(path: string, cookie: string): Promise<IncomingMessage> {
    const { port } = new URL(stack.url('plain'))
    const sent = request({ host: '127.0.0.1', port, path, agent: false, ...reach('plain', cookie) })
    sent.end()
    return once(sent, 'response').then(([response]) => response as IncomingMessage)
  }

  async function openSocket(): Promise<WebSocket> {
    const cookie = await cookieFor('intranet', '/whoami')
    const url = stack.url('intranet', '/socket').replace('https:', 'wss:')
    const socket = new WebSocket(url, {
      ...reach('intranet', cookie),
      lookup: (_name, _options, done) => {
        done(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    await once(socket, 'open')
    return socket
  }

  it(
    'lives on through refreshes, and ends when the provider knows the user no more',
    PATIENCE,
    async () => {
      const socket = await openSocket()
      const cookie = await cookieFor('plain', '/')
      const events = await get('/events', cookie)
      let seen = 0
      events.on('data', () => (seen += 1))
      const cut = once(events, 'error')
      // Every first token is over then, and the connector has looked several times.
      await pause((ID_TOKEN_SECONDS + 8) * 1000)
      socket.send('whoami')
      assert.equal(String((await once(socket, 'message'))[0]), 'alice@CORP.EXAMPLE')
      const before = seen
      while (seen === before) await pause(100)

      provider.known.clear()
      const closed = once(socket, 'close')
      await Promise.all([closed, cut])
      while ((await get('/', cookie)).statusCode === 200) await pause(500)
    },
  )
})
