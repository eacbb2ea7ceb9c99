/** A WebSocket in Chromium and a sign-in that becomes too old, by gateway.yaml alone: cut, refused, and there again after the page. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { CHROMIUM, launchChromium, NO_CHROMIUM, signInOnPage } from '../support/chromium.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { askOnSocket, socketClosed } from '../support/page-socket.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 300_000 }

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  return existsSync(CHROMIUM) ? false : NO_CHROMIUM
}

describe('step-up and WebSockets with the real provider', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  let stack: Stack
  let browser: Browser
  before(async () => {
    stack = await startStack(lab, {
      editGateway: ({ apps }) => {
        const app = (apps as Record<string, unknown>[]).find(({ id }) => id === 'intranet')
        Object.assign(app ?? {}, { maxAgeMinutes: 1 })
      },
    })
    browser = await launchChromium()
  }, PATIENCE)
  after(async () => {
    await browser.close()
    await stack.stop()
  }, PATIENCE)

  /** What another client is answered, with the page's cookie. */
  const refusalOf = (url: string, cookie: string) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const socket = new WebSocket(url, {
        rejectUnauthorized: false,
        lookup: (_host, _options, callback) => {
          callback(null, [{ address: '127.0.0.1', family: 4 }])
        },
        origin: stack.url('intranet', ''),
        headers: { Cookie: cookie, Accept: 'application/json' },
      })
      socket.on('open', () => {
        socket.terminate()
        reject(new Error('it was opened'))
      })
      socket.on('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => {
          resolve({ status: response.statusCode, body })
        })
      })
      socket.on('error', reject)
    })

  it('cuts it, tells the way, and opens it after the page has stepped up', PATIENCE, async () => {
    const url = stack.url('intranet', '/whoami')
    const socketUrl = stack.url('intranet', '/socket').replace('https:', 'wss:')
    const { userPrincipalName: login, password } = lab.users.alice
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page: Page = await context.newPage()
    await page.goto(url)
    await signInOnPage(page, { login, password }, url)
    assert.equal(await askOnSocket(page, socketUrl, 'whoami'), 'alice@CORP.EXAMPLE')
    assert.equal(await socketClosed(page), 1006)
    await stack.gateway.waitFor(({ code }) => code === 'ERR_GATEWAY_STEP_UP_NEEDED')

    await assert.rejects(askOnSocket(page, socketUrl, 'whoami'), /refused/)
    const cookies = await context.cookies(url)
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const { status, body } = await refusalOf(socketUrl, cookie)
    assert.equal(status, 401, body)
    const said = JSON.parse(body) as Record<string, unknown>
    assert.equal(said['code'], 'ERR_GATEWAY_STEP_UP_NEEDED')

    // The way that it names leads to the password, although the provider knows her.
    await page.goto(stack.url('intranet', String(said['signIn']).replace('socket', 'whoami')))
    await signInOnPage(page, { login, password }, url)
    assert.equal(await askOnSocket(page, socketUrl, 'whoami'), 'alice@CORP.EXAMPLE')
    await context.close()
  })
})
