import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { CHROMIUM, launchChromium, NO_CHROMIUM, signInOnPage } from '../support/chromium.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  return existsSync(CHROMIUM) ? false : NO_CHROMIUM
}

describe('a real browser', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  let stack: Stack
  let browser: Browser
  before(async () => {
    stack = await startStack(lab)
    browser = await launchChromium()
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
    await signInOnPage(
      page,
      { login: 'alice@corp.example', password: lab.users.alice.password },
      stack.url('intranet', '/whoami'),
    )
    assert.match(await page.locator('body').innerText(), /"user":"alice@CORP\.EXAMPLE"/)
    const [cookie] = (await context.cookies()).filter(({ name }) => name === '__Host-sallyport')
    assert.deepEqual([cookie?.httpOnly, cookie?.secure], [true, true])
    await context.close()
  })

  it('is told in plain words why carol is refused', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(stack.url('intranet', '/whoami'))
    await signInOnPage(
      page,
      { login: 'carol@corp.example', password: lab.users.carol.password },
      stack.url('intranet', '/whoami'),
    )
    assert.match(await page.locator('body').innerText(), /may not be delegated/)
    await context.close()
  })
})
