import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outwardCookie } from '../../../src/gateway/response-cookies.ts'

describe('outwardCookie', () => {
  for (const [from, to] of [
    ['a=1', 'a=1; Secure'],
    ['a=1; Secure', 'a=1; Secure'],
    ['a=1; Path=/x; HttpOnly; SameSite=Lax', 'a=1; Path=/x; HttpOnly; SameSite=Lax; Secure'],
    ['a=1; domain=.app.corp.example; secure', 'a=1; secure'],
    ['a=1; Domain=corp.example', 'a=1; Secure'],
    ['a=1; Domain=app.example', 'a=1; Domain=app.example; Secure'],
    ['a=1; Domain=example', 'a=1; Domain=example; Secure'],
    ['a=1; Domain=pp.example', 'a=1; Secure'],
    ['a=1; Domain=', 'a=1; Secure'],
    ['a=secure', 'a=secure; Secure'],
    [
      'a=1;domain=x.example;Domain = app.example ;Secure = 1',
      'a=1;Domain = app.example ;Secure = 1',
    ],
    ['a=1;;Domain=x.example;', 'a=1;;; Secure'],
    ['a=1; xDomain=x.example; Domainx=1', 'a=1; xDomain=x.example; Domainx=1; Secure'],
    ['sallyport=1', 'sallyport=1; Secure'],
  ] as const) {
    it(`makes '${from}' '${to}'`, () => {
      assert.equal(outwardCookie(from, 'app.example'), to)
    })
  }

  for (const ours of [
    '__Host-sallyport=x; Secure; Path=/',
    '  __Host-sallyport = x',
    '__host-SALLYPORT=x',
    '__Host-sallyport-tx-1.abc=x',
    '__Host-sallyport',
    // Without a name: some browsers send it back as __Host-sallyport=x.
    '=__Host-sallyport=x',
    ' = __Host-sallyport=x',
  ]) {
    it(`drops '${ours}'`, () => {
      assert.equal(outwardCookie(ours, 'app.example'), undefined)
    })
  }
})
