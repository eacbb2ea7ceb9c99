/** The section issuerKeys of connector.yaml. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../src/connector/index.ts'

const url = 'http://proxy.example:3128'
const KERBEROS = {
  kerberos: { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: 'k', kdcs: ['127.88.1.1'] },
  directory: { servers: ['dc1.corp.example'], ca: 'ca.pem' },
}

const parse = (issuerKeys: unknown, more: object = {}) =>
  connectorConfigSchema.safeParse({ stateDirectory: 's', policy: 'p', issuerKeys, ...more })

describe('issuerKeys', () => {
  it('may be left out, and has a default for each setting', () => {
    assert.deepEqual(parse(undefined).data?.issuerKeys, {
      timeoutMs: 5000,
      cooldownMs: 30_000,
      keepMs: 600_000,
      retryMs: 2000,
      maxOctets: 1_048_576,
    })
  })

  it('takes each setting, and a proxy with one way to sign in', () => {
    const settings = { timeoutMs: 100, cooldownMs: 1000, keepMs: 1000, retryMs: 0, maxOctets: 1024 }
    assert.deepEqual(parse(settings).data?.issuerKeys, settings)
    const ways = [{}, { user: 'u', passwordFile: 'f' }, { engine: 'gssapi' }]
    for (const way of ways) {
      const forwardProxy = { url, ...way }
      assert.deepEqual(parse({ forwardProxy }).data?.issuerKeys.forwardProxy, forwardProxy)
    }
    assert.equal(parse({ forwardProxy: { url, engine: 'kerberos' } }, KERBEROS).success, true)
  })

  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ['a time that is too short', { keepMs: 999 }, /keepMs/],
    ['one that is no number', { timeoutMs: '5s' }, /timeoutMs/],
    ['one that is not whole', { retryMs: 0.5 }, /retryMs/],
    ['a setting that does not exist', { keepMS: 1000 }, /keepMS/],
    ['a proxy without URL', { forwardProxy: {} }, /expected the URL of a forward proxy/],
    ['a password in the URL', { forwardProxy: { url: 'http://u:p@proxy:1' } }, /without user or/],
    ['a user without password', { forwardProxy: { url, user: 'u' } }, /belong together/],
    ['a password without user', { forwardProxy: { url, passwordFile: 'f' } }, /belong together/],
    [
      'two ways to sign in',
      { forwardProxy: { url, user: 'u', passwordFile: 'f', engine: 'gssapi' } },
      /either user and passwordFile, or engine/,
    ],
    ['an unknown engine', { forwardProxy: { url, engine: 'ntlm' } }, /expected gssapi or kerberos/],
    [
      'the own account without Kerberos',
      { forwardProxy: { url, engine: 'kerberos' } },
      /issuerKeys/,
    ],
  ]
  for (const [what, issuerKeys, words] of wrong) {
    it(`refuses ${what}, and says where`, () => {
      const { success, error } = parse(issuerKeys)
      assert.equal(success, false)
      const said = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      assert.match(said.join('\n'), /issuerKeys/)
      assert.match(said.join('\n'), words)
    })
  }
})
