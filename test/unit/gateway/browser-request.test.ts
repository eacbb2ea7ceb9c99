import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  isNavigation,
  isOwnTarget,
  isSameOrigin,
  safeReturn,
  signInTarget,
} from '../../../src/gateway/browser-request.ts'
import { Apps } from '../../../src/gateway/index.ts'
import { testConfig } from '../../support/gateway/world.ts'

describe('safeReturn', () => {
  it('never leads to another host, whatever it is given', () => {
    const wish = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.string().map((rest) => `//${rest}`),
    )
    fc.assert(
      fc.property(wish, (target) => {
        const url = new URL(`https://app.example${safeReturn(target)}`)
        assert.equal(url.origin, 'https://app.example')
      }),
    )
  })

  it('keeps plain paths, and gives up own pages and very long ones', () => {
    assert.equal(safeReturn('/a?b=c%20d'), '/a?b=c%20d')
    assert.equal(safeReturn('/.sallyport/sign-out'), '/')
    assert.equal(safeReturn(`/${'x'.repeat(2000)}`), '/')
    assert.equal(safeReturn('/a#b'), '/')
    assert.equal(safeReturn(''), '/')
  })

  it('survives the way through a query', () => {
    const target = signInTarget('/a?b=c&d=e', true)
    const query = new URL(target, 'https://x').searchParams
    assert.equal(query.get('to'), '/a?b=c&d=e')
    assert.equal(query.get('fresh'), '1')
  })
})

describe('isNavigation', () => {
  for (const [method, fields, expected] of [
    ['GET', { accept: 'text/html' }, true],
    ['HEAD', { accept: 'text/html' }, true],
    ['GET', { 'sec-fetch-mode': 'navigate' }, true],
    ['GET', { 'sec-fetch-mode': 'no-cors', accept: 'text/html' }, false],
    ['GET', { accept: '*/*' }, false],
    ['GET', {}, false],
    ['POST', { 'sec-fetch-mode': 'navigate' }, false],
    ['GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }, false],
  ] as const) {
    it(`is ${expected} for ${method} ${JSON.stringify(fields)}`, () => {
      assert.equal(isNavigation(method, fields), expected)
    })
  }
})

describe('isOwnTarget', () => {
  it('claims our folder and nothing beside it', () => {
    for (const target of [
      '/.sallyport/callback?x',
      '/.sallyport',
      '/.sallyport?x',
      '/.sallyport/',
    ]) {
      assert.equal(isOwnTarget(target), true, target)
    }
    for (const target of ['/', '/.sallyports', '/a/.sallyport/', '/?/.sallyport/']) {
      assert.equal(isOwnTarget(target), false, target)
    }
  })
})

describe('isSameOrigin', () => {
  const route = new Apps(testConfig().apps).find('app.example')
  assert.ok(route)
  for (const [fields, expected] of [
    [{ origin: 'https://app.example' }, true],
    [{ origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }, true],
    [{ origin: 'https://wiki.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ origin: 'null' }, false],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{}, false],
  ] as const) {
    it(`is ${expected} for ${JSON.stringify(fields)}`, () => {
      const request = { method: 'POST', target: '/', requestId: 'r', fields, route }
      assert.equal(isSameOrigin(request), expected)
    })
  }
})
