import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Apps } from '../../../src/gateway/index.ts'
import { responseFields } from '../../../src/gateway/response-fields.ts'
import { testConfig } from '../../support/gateway/world.ts'

const apps = new Apps(testConfig().apps)
const kerberos = apps.find('app.example')
const plain = apps.find('wiki.example')
assert.ok(kerberos && plain)

function passed(headers: readonly string[], route = kerberos, status = 200): readonly string[] {
  assert.ok(route)
  return responseFields({ status, headers }, route).headers
}

describe('responseFields', () => {
  it('lets no challenge and no sign-in of the backend out of a Kerberos app', () => {
    const raw = [
      ...['WWW-Authenticate', 'Negotiate YII=', 'www-authenticate', 'Basic realm="x"'],
      ...['Authentication-Info', 'x', 'Persistent-Auth', 'true', 'Proxy-Support', 'Session-Based'],
    ]
    assert.deepEqual(passed(raw), [])
  })

  for (const [from, to] of [
    ['Negotiate', undefined],
    ['Negotiate YIIabc+/==', undefined],
    ['NTLM, Negotiate', undefined],
    ['Basic realm="x"', 'Basic realm="x"'],
    ['Negotiate, Basic realm="x", charset="UTF-8"', 'Basic realm="x", charset="UTF-8"'],
    ['Basic realm="x", NTLM', 'Basic realm="x"'],
    ['NTLM realm="x", y=z, Basic realm="q"', 'Basic realm="q"'],
    ['Basic realm="a, Negotiate, b"', 'Basic realm="a, Negotiate, b"'],
    ['Digest realm="x", nonce="y", Negotiate abc=', 'Digest realm="x", nonce="y"'],
  ] as const) {
    it(`makes the challenge '${from}' of another app ${to ?? 'nothing'}`, () => {
      const expected = to === undefined ? [] : ['WWW-Authenticate', to]
      assert.deepEqual(passed(['WWW-Authenticate', from], plain), expected)
    })
  }

  it('drops hop-by-hop fields and those that Connection names', () => {
    const raw = ['Connection', 'X-Hop', 'X-Hop', '1', 'Keep-Alive', 'x', 'Trailer', 'y', 'X-A', '1']
    assert.deepEqual(passed([...raw, 'Transfer-Encoding', 'chunked', 'Alt-Svc', 'h3=":443"']), [
      'X-A',
      '1',
    ])
  })

  it('translates addresses and drops cookies with our names', () => {
    const raw = [
      ...['Location', 'http://app.corp.example/a', 'Content-Location', '//app.corp.example/b'],
      ...['Refresh', '1;url=http://app.corp.example/c', 'Set-Cookie', '__Host-sallyport=x'],
      ...['Access-Control-Allow-Origin', 'http://app.corp.example', 'Set-Cookie', 'a=1; Secure'],
    ]
    assert.deepEqual(passed(raw), [
      ...['Location', 'https://app.example/a', 'Content-Location', '//app.example/b'],
      ...['Refresh', '1;url=https://app.example/c'],
      ...['Access-Control-Allow-Origin', 'https://app.example', 'Set-Cookie', 'a=1; Secure'],
    ])
  })

  it('keeps one Content-Length, none at 204', () => {
    assert.deepEqual(passed(['content-length', '5', 'Content-Length', '5']), [
      'Content-Length',
      '5',
    ])
    assert.deepEqual(passed(['Content-Length', '5'], kerberos, 204), [])
    assert.equal(
      responseFields({ status: 200, headers: ['Content-Length', '7'] }, plain).bodyLength,
      7,
    )
  })

  for (const [status, headers] of [
    [200, ['Content-Length', '5', 'Content-Length', '6']],
    [200, ['Content-Length', '5x']],
    [200, ['X-A', 'a\r\nSet-Cookie: x=y']],
    [200, ['X A', '1']],
    [101, ['Upgrade', 'websocket']],
  ] as const) {
    it(`refuses ${status} ${JSON.stringify(headers)}`, () => {
      assert.throws(() => responseFields({ status, headers }, plain), {
        code: 'ERR_GATEWAY_BAD_RESPONSE',
      })
    })
  }
})
