import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  clearCookie,
  ownCookies,
  sessionCookieOf,
  setCookie,
  withoutOwnCookies,
} from '../../../src/gateway/cookies.ts'

const OWN = ['__Host-sallyport', '__Host-sallyport-tx-abc.AAAAAAAAAAA', '__HOST-SALLYPORT']
const name = fc.oneof(fc.constantFrom(...OWN), fc.stringMatching(/^[A-Za-z_-]{1,20}$/))
const pair = fc.tuple(name, fc.stringMatching(/^[A-Za-z0-9=_.-]{0,20}$/))

describe('withoutOwnCookies', () => {
  it('takes out ours and only ours, whatever stands around them', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 8 }), (pairs) => {
        const text = (list: typeof pairs) =>
          list.map(([key, value]) => `${key}=${value}`).join('; ')
        const isOurs = (key: string) =>
          OWN.some((own) => key.toLowerCase() === own.toLowerCase()) ||
          key.toLowerCase().startsWith('__host-sallyport-tx-')
        const left = withoutOwnCookies(text(pairs))
        assert.equal(left, text(pairs.filter(([key]) => !isOurs(key))))
      }),
    )
  })
})

describe('a Cookie field of any form', () => {
  const part = fc.constantFrom(...OWN, ';', '; ', '=', ' ', '\t', 'a', 'sallyport', '\u00a0', '"')
  const field = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
  const isOurs = (pair: string): boolean => {
    const name = (pair.split('=')[0] ?? '').trim().toLowerCase()
    return name === '__host-sallyport' || /^__host-sallyport-(no-kerberos$|tx-)/.test(name)
  }

  it('is read and written as its pairs are, one by one', () => {
    fc.assert(
      fc.property(field, (text) => {
        const pairs = text.split(';')
        const ours = pairs.filter(isOurs).map((pair) => (pair.split('=')[0] ?? '').trim())
        assert.deepEqual(
          ownCookies(text).map(({ name }) => name),
          ours,
        )
        const left = pairs.filter((pair) => !isOurs(pair)).join(';')
        assert.equal(withoutOwnCookies(text), ours.length === 0 ? text : left.trim())
      }),
      { numRuns: 2000 },
    )
  })
})

describe('sessionCookieOf', () => {
  it('finds the first, exactly named', () => {
    assert.equal(sessionCookieOf('a=1; __Host-sallyport=x; __Host-sallyport=y'), 'x')
    assert.equal(sessionCookieOf('__Host-sallyport-tx-1.a=x; a=__Host-sallyport=y'), undefined)
    assert.equal(sessionCookieOf('__host-sallyport=x'), undefined)
    assert.equal(sessionCookieOf(undefined), undefined)
  })
})

describe('setCookie', () => {
  it('keeps the rules of the __Host- prefix', () => {
    const expected = '__Host-sallyport=v; Path=/; Secure; HttpOnly; SameSite=Lax'
    assert.equal(setCookie('__Host-sallyport', 'v'), expected)
    assert.match(
      clearCookie('__Host-sallyport'),
      /^__Host-sallyport=; Path=\/; Secure; .*Max-Age=0$/,
    )
  })
})
