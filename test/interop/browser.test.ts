import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { chromium, type Browser } from 'playwright-core'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()
const CHROMIUM = '/usr/bin/chromium'

/** Without these a headless Chromium as root tries to reach its maker's hosts. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  return existsSync(CHROMIUM) ? false : `no ${CHROMIUM}: install Debian's package chromium`
}

describe('a real browser', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  let stack: Stack
  let browser: Browser
  before(async () => {
    stack = await startStack(lab)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
  })
  after(async () => {
    await browser.close()
    await stack.stop()
  })

  it("signs in on the provider's page and sees the backend's page", async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(stack.url('intranet', '/whoami'))
    assert.equal(new URL(page.url()).origin, lab.oidc.issuer)
    await page
      .locator('input:not([type=hidden]):not([type=password])')
      .first()
      .fill('alice@corp.example')
    await page.locator('input[type=password]').fill(lab.users.alice.password)
    await Promise.all([
      page.waitForURL(stack.url('intranet', '/whoami')),
      page.keyboard.press('Enter'),
    ])
    assert.match(await page.locator('body').innerText(), /"user":"alice@CORP\.EXAMPLE"/)
    const [cookie] = (await context.cookies()).filter(({ name }) => name === '__Host-sallyport')
    assert.deepEqual([cookie?.httpOnly, cookie?.secure], [true, true])
    await context.close()
  })

  it('is told in plain words why carol is refused', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(stack.url('intranet', '/whoami'))
    await page
      .locator('input:not([type=hidden]):not([type=password])')
      .first()
      .fill('carol@corp.example')
    await page.locator('input[type=password]').fill(lab.users.carol.password)
    await Promise.all([
      page.waitForURL(stack.url('intranet', '/whoami')),
      page.keyboard.press('Enter'),
    ])
    assert.match(await page.locator('body').innerText(), /may not be delegated/)
    await context.close()
  })
})
