import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  backendHeaders,
  challengeOf,
  clientHeaders,
  offeredSchemes,
  persistentAuth,
} from '../../../src/sso/headers.ts'
import { valuesOf } from '../../support/sso/sink.ts'

describe('backendHeaders', () => {
  const sent = [
    ['Host', 'intranet.example'],
    ['AUTHORIZATION', 'Bearer t'],
    ['authorization', 'Negotiate YII='],
    ['Proxy-Authorization', 'Basic x'],
    ['Connection', 'keep-alive, X-Secret-Hop'],
    ['x-secret-hop', '1'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', '5'],
    ['Expect', '100-continue'],
    ['Upgrade', 'h2c'],
    ['Accept', 'text/html'],
    ['Cookie', 'a=b'],
  ].flat()

  it('passes no Authorization of the client on a Kerberos app', () => {
    assert.deepEqual(backendHeaders(sent, 'iwa.corp.example', true), [
      'host',
      'iwa.corp.example',
      'Accept',
      'text/html',
      'Cookie',
      'a=b',
    ])
  })

  it('passes none that signs a connection in elsewhere', () => {
    const headers = backendHeaders(sent, 'iwa.corp.example', false)
    assert.deepEqual(valuesOf(headers, 'authorization'), ['Bearer t'])
  })
})

describe('clientHeaders', () => {
  it('keeps sign-in and hop-by-hop fields of the backend connection back', () => {
    const headers = [
      ['Connection', 'close, X-Hop'],
      ['X-Hop', '1'],
      ['Keep-Alive', 'timeout=5'],
      ['Transfer-Encoding', 'chunked'],
      ['WWW-Authenticate', 'Negotiate abc='],
      ['www-authenticate', 'Basic realm="x", NTLM'],
      ['Persistent-Auth', 'true'],
      ['Authentication-Info', 'x'],
      ['Proxy-Support', 'Session-Based-Authentication'],
      ['Set-Cookie', 'a=b'],
      ['set-cookie', 'c=d'],
      ['Content-Length', '3'],
    ].flat()
    assert.deepEqual(clientHeaders(headers), [
      'www-authenticate',
      'Basic realm="x"',
      'Set-Cookie',
      'a=b',
      'set-cookie',
      'c=d',
      'Content-Length',
      '3',
    ])
  })
})

describe('the challenges of a response', () => {
  const fields = ['A', 'b', 'WWW-Authenticate', 'NTLM', 'www-authenticate']

  it('are found among fields and schemes', () => {
    const headers = [...fields, 'Basic realm="x", Negotiate YII=, Kerberos']
    assert.equal(challengeOf(headers, 'negotiate'), 'Negotiate YII=')
    assert.equal(challengeOf(headers, 'kerberos'), 'Kerberos')
    assert.equal(
      challengeOf(['WWW-Authenticate', 'Basic realm="Negotiate"'], 'negotiate'),
      undefined,
    )
  })

  it('are told by their schemes', () => {
    const offered = offeredSchemes([...fields, 'Basic realm="a, Bearer", Digest a="b", c=d'])
    assert.deepEqual(offered, new Set(['ntlm', 'basic', 'digest']))
    assert.equal(offeredSchemes(['a', 'b']).size, 0)
  })
})

describe('Persistent-Auth', () => {
  for (const [word, kept] of [
    ['true', true],
    [' FALSE ', false],
    ['maybe', undefined],
  ] as const) {
    it(`${word}: ${String(kept)}`, () => {
      assert.equal(persistentAuth(['Persistent-Auth', word]), kept)
    })
  }

  it('is not there', () => {
    assert.equal(persistentAuth(['a', 'true']), undefined)
  })
})
