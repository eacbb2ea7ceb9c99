import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

describe(
  'WebSockets to a backend with Extended Protection, over https',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    let stack: Stack
    before(async () => {
      stack = await startStack(lab)
    }, PATIENCE)
    after(() => stack.stop(), PATIENCE)

    async function open(user: string): Promise<WebSocket> {
      assert.ok(lab)
      const { visitor, page } = await signIn({ lab, stack }, user, { app: 'epa', path: '/' })
      assert.equal(page.status, 200)
      const url = new URL(stack.url('epa', '/socket'))
      const cookie = `__Host-sallyport=${visitor.cookie(url.host, '__Host-sallyport') ?? ''}`
      await visitor.close()
      const socket = new WebSocket(url.href.replace('https:', 'wss:'), {
        origin: url.origin,
        headers: { Cookie: cookie },
        ca: stack.browserCa,
        lookup: (_name, _options, done) => {
          done(null, [{ address: '127.0.0.1', family: 4 }])
        },
      })
      await once(socket, 'open')
      return socket
    }

    async function ask(socket: WebSocket, text: string): Promise<string> {
      socket.send(text)
      const [data] = (await once(socket, 'message')) as [Buffer]
      return data.toString()
    }

    // The backend takes no token that is not bound to the TLS channel of the very socket (epa.test.ts).
    it(
      'carry a token that is bound to the very socket, each user their own',
      PATIENCE,
      async () => {
        const [alice, bob] = [await open('alice'), await open('bob')]
        assert.equal(await ask(alice, 'whoami'), 'alice@CORP.EXAMPLE')
        assert.equal(await ask(bob, 'whoami'), 'bob@CORP.EXAMPLE')
        const long = 'x'.repeat(50_000)
        assert.equal(await ask(alice, long), long)
        for (const socket of [alice, bob]) {
          socket.close(1000)
          assert.equal(((await once(socket, 'close')) as [number])[0], 1000)
        }
      },
    )
  },
)
