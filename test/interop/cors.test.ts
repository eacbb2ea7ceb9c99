import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { CHROMIUM, launchChromium, NO_CHROMIUM, signInOnPage } from '../support/chromium.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 240_000 }

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  return existsSync(CHROMIUM) ? false : NO_CHROMIUM
}

describe('a page of one app that calls another, in a browser', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  let stack: Stack
  let browser: Browser
  let page: Page
  /** The origin of an app of this test: `localhost` alone is no site, `site.localhost` is one for all of them. */
  const originOf = (id: string): string =>
    stack.url(id, '').replace(`${id}.localhost`, `${id}.site.localhost`)

  before(async () => {
    stack = await startStack(lab, {
      editGateway: ({ apps }) => {
        for (const app of apps as Record<string, unknown>[]) {
          const url = String(app['externalUrl']).replace('.localhost', '.site.localhost')
          app['externalUrl'] = url
          const caller = new URL(url.replace('intranet.', 'bound.')).origin
          if (app['id'] !== 'intranet') continue
          app['cors'] = {
            allowedOrigins: [caller],
            allowedMethods: ['PUT'],
            allowedHeaders: ['x-a'],
          }
        }
      },
    })
    browser = await launchChromium()
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    page = await context.newPage()
    const { userPrincipalName: login, password } = lab.users.alice
    await page.goto(`${originOf('intranet')}/whoami`)
    await signInOnPage(page, { login, password }, `${originOf('intranet')}/whoami`)
  }, PATIENCE)
  after(async () => {
    await browser.close()
    await stack.stop()
  }, PATIENCE)

  /** What a script of an app gets when it sends a PUT to the intranet. */
  async function callFrom(id: string, header: string): Promise<string> {
    await page.goto(`${originOf(id)}/whoami`)
    return page.evaluate(
      async ([url = '', name = '']) => {
        const headers = { [name]: '1' }
        const sent = { method: 'PUT', credentials: 'include', headers, body: 'x' } as const
        const response = await fetch(url, sent).catch(() => undefined)
        return response === undefined ? 'blocked' : `${response.status} ${await response.text()}`
      },
      [`${originOf('intranet')}/echo`, header],
    )
  }

  it('is answered in the user’s name, where the called app lists it', PATIENCE, async () => {
    assert.match(await callFrom('bound', 'x-a'), /^200 .*"user":"alice@CORP\.EXAMPLE"/)
  })

  it('is blocked for fields that are not listed, and for other pages', PATIENCE, async () => {
    assert.equal(await callFrom('bound', 'x-b'), 'blocked')
    assert.equal(await callFrom('rbcd', 'x-a'), 'blocked')
  })
})
