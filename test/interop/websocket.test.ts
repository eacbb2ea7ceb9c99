import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { CHROMIUM, launchChromium, NO_CHROMIUM, signInOnPage } from '../support/chromium.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { askOnSocket, socketClosed } from '../support/page-socket.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  return existsSync(CHROMIUM) ? false : NO_CHROMIUM
}

describe(
  'WebSockets to a backend that wants Negotiate on the upgrade',
  { skip: reasonToSkip() },
  () => {
    assert.ok(lab)
    let stack: Stack
    let browser: Browser
    before(async () => {
      stack = await startStack(lab)
      browser = await launchChromium()
    }, PATIENCE)
    after(async () => {
      await browser.close()
      await stack.stop()
    }, PATIENCE)

    const socketUrl = (): string => stack.url('intranet', '/socket').replace('https:', 'wss:')

    async function signedIn(
      user: 'alice' | 'bob',
    ): Promise<{ context: BrowserContext; page: Page }> {
      assert.ok(lab)
      const context = await browser.newContext({ ignoreHTTPSErrors: true })
      const page = await context.newPage()
      await page.goto(stack.url('intranet', '/whoami'))
      const { userPrincipalName: login, password } = lab.users[user]
      await signInOnPage(page, { login, password }, stack.url('intranet', '/whoami'))
      return { context, page }
    }

    const ask = (page: Page, text: string): Promise<string> => askOnSocket(page, socketUrl(), text)

    it('each user has his own socket, and the cookie of its 101', PATIENCE, async () => {
      const [alice, bob] = [await signedIn('alice'), await signedIn('bob')]
      assert.equal(await ask(alice.page, 'whoami'), 'alice@CORP.EXAMPLE')
      assert.equal(await ask(bob.page, 'whoami'), 'bob@CORP.EXAMPLE')
      assert.equal(await ask(alice.page, 'whoami'), 'alice@CORP.EXAMPLE')
      const cookies = await bob.context.cookies()
      const cookie = cookies.find(({ name }) => name === 'socket')
      assert.deepEqual([cookie?.value, cookie?.secure], ['bob', true])
      await alice.context.close()
      await bob.context.close()
    })

    // mod_lua reads no message that comes in parts; whole-http.test.ts has large ones.
    it('carries message after message', PATIENCE, async () => {
      const { context, page } = await signedIn('alice')
      assert.equal(await ask(page, 'first'), 'first')
      const last = await page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const { socket } = globalThis as unknown as { socket: globalThis.WebSocket }
            let count = 0
            socket.onmessage = ({ data }: { data: unknown }) => {
              count += 1
              if (count === 200) resolve(`${String(data).length} octets, ${count} times`)
              else socket.send('x'.repeat(1000))
            }
            socket.send('x'.repeat(1000))
          }),
      )
      assert.equal(last, '1000 octets, 200 times')
      await context.close()
    })

    it('closes when the user signs out', PATIENCE, async () => {
      const { context, page } = await signedIn('alice')
      assert.equal(await ask(page, 'hello'), 'hello')
      const closed = socketClosed(page)
      await page.evaluate(() =>
        fetch('/.sallyport/sign-out', { method: 'POST', redirect: 'manual' }),
      )
      assert.equal(await closed, 1006)
      await context.close()
    })

    it(
      'serves another client with the cookie, but no page of another origin',
      PATIENCE,
      async () => {
        const { context } = await signedIn('alice')
        const all = await context.cookies(stack.url('intranet'))
        const cookie = all.map(({ name, value }) => `${name}=${value}`).join('; ')
        const open = (options: { origin?: string; cookie?: string }): Promise<string> =>
          new Promise((resolve) => {
            const socket = new WebSocket(socketUrl(), {
              rejectUnauthorized: false,
              lookup: (_host, _options, callback) => {
                callback(null, [{ address: '127.0.0.1', family: 4 }])
              },
              ...(options.origin !== undefined && { origin: options.origin }),
              headers: { Cookie: options.cookie ?? cookie },
            })
            socket.on('open', () => {
              socket.send('whoami')
            })
            socket.on('message', (data: Buffer) => {
              socket.terminate()
              resolve(data.toString())
            })
            socket.on('unexpected-response', (_request, { statusCode }) => {
              socket.terminate()
              resolve(String(statusCode))
            })
            socket.on('error', (error) => {
              resolve(error.message)
            })
          })
        const origin = stack.url('intranet', '')
        assert.equal(await open({ origin }), 'alice@CORP.EXAMPLE')
        assert.equal(await open({}), 'alice@CORP.EXAMPLE')
        assert.equal(await open({ origin: 'https://evil.example' }), '403')
        assert.equal(await open({ origin, cookie: '' }), '401')
        await context.close()
      },
    )

    it('server-sent events and ranges pass in the browser', PATIENCE, async () => {
      const { context, page } = await signedIn('alice')
      const events = await page.evaluate(
        () =>
          new Promise<string[]>((resolve) => {
            const seen: string[] = []
            const source = new EventSource('/events?n=3')
            source.onmessage = ({ data }) => {
              seen.push(String(data))
              if (seen.length < 3) return
              source.close()
              resolve(seen)
            }
          }),
      )
      assert.deepEqual(events, ['1', '2', '3'])
      const range = await page.evaluate(async () => {
        const response = await fetch('/', { headers: { Range: 'bytes=0-9' } })
        return [response.status, (await response.text()).length]
      })
      assert.deepEqual(range, [206, 10])
      await context.close()
    })
  },
)
