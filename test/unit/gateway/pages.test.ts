import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { errorPage, htmlPage, redirect, type Page } from '../../../src/gateway/pages.ts'

function field(page: Page, name: string): string | undefined {
  const at = page.headers.findIndex((each, index) => index % 2 === 0 && each === name)
  return at < 0 ? undefined : page.headers[at + 1]
}

describe('errorPage', () => {
  const page = errorPage({ code: 'ERR_SSO_POLICY_DENIED', requestId: 'r-1', html: true })

  it('says code and request, under a policy that allows its own style alone', () => {
    assert.equal(page.status, 403)
    assert.match(page.body, /<html lang="en">/)
    assert.match(page.body, /ERR_SSO_POLICY_DENIED · request r-1/)
    const style = /<style>(.*?)<\/style>/s.exec(page.body)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    const policy = field(page, 'Content-Security-Policy') ?? ''
    assert.ok(policy.includes(`default-src 'none'; style-src 'sha256-${hash}'`))
    assert.doesNotMatch(page.body, /<script|style=/)
    assert.equal(field(page, 'Cache-Control'), 'no-store')
  })

  it('announces its length in octets', () => {
    assert.equal(field(page, 'Content-Length'), String(Buffer.byteLength(page.body)))
  })

  it('offers the sign-in only where that mends it', () => {
    const context = { requestId: 'r', html: true, signIn: '/.sallyport/sign-in?to=%2F' }
    assert.match(errorPage({ ...context, code: 'ERR_GATEWAY_NOT_SIGNED_IN' }).body, /sign-in\?to/)
    assert.doesNotMatch(errorPage({ ...context, code: 'ERR_BACKEND_TLS' }).body, /sign-in\?to/)
  })

  it('speaks JSON to programs', () => {
    const json = errorPage({ code: 'ERR_BACKEND_TIMEOUT', requestId: 'r-2', html: false })
    const body = JSON.parse(json.body) as Record<string, string>
    assert.equal(body['code'], 'ERR_BACKEND_TIMEOUT')
    assert.equal(body['requestId'], 'r-2')
    assert.equal(field(json, 'Content-Type'), 'application/json; charset=utf-8')
  })

  it('asks to come back after a 503', () => {
    const busy = errorPage({ code: 'ERR_GATEWAY_NO_CONNECTOR', requestId: 'r', html: false })
    assert.equal(field(busy, 'Retry-After'), '10')
  })

  it('lets no code or id break out of the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (code, requestId) => {
        const { body } = errorPage({ code: `<x>${code}`, requestId: `"'>${requestId}`, html: true })
        const main = /<small>(.*?)<\/small>/s.exec(body)?.[1] ?? ''
        assert.doesNotMatch(main, /[<>"']/)
      }),
    )
  })
})

describe('htmlPage', () => {
  it('escapes links and labels', () => {
    const link = { href: '/"><script>', label: '<b>' }
    const { body } = htmlPage(200, { title: 't', text: 'x', link, button: link })
    assert.doesNotMatch(body, /<script>|<b>/)
  })
})

describe('redirect', () => {
  it('is a 303 without a body that nobody keeps', () => {
    const page = redirect('https://idp.example/', ['Set-Cookie', 'a=b'])
    assert.equal(page.status, 303)
    assert.equal(field(page, 'Location'), 'https://idp.example/')
    assert.equal(field(page, 'Set-Cookie'), 'a=b')
    assert.equal(field(page, 'Cache-Control'), 'no-store')
  })
})
