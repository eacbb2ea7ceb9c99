import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forwardProxyOf } from '../../../../src/kerberos/io/index.ts'

const URL_ = 'https://kdcproxy.corp.example/KdcProxy'
const HTTPS_PROXY = 'http://proxy.corp.example:3128'

describe('the forward proxy of the environment', () => {
  it('is that of HTTPS_PROXY, lower case before upper case', () => {
    assert.deepEqual(forwardProxyOf({ HTTPS_PROXY }, URL_), { url: HTTPS_PROXY })
    const both = { https_proxy: 'https://other:8443', HTTPS_PROXY }
    assert.deepEqual(forwardProxyOf(both, URL_), { url: 'https://other:8443' })
    assert.deepEqual(forwardProxyOf({ HTTPS_PROXY: 'proxy:3128' }, URL_), {
      url: 'http://proxy:3128',
    })
    assert.equal(forwardProxyOf({}, URL_), undefined)
    assert.equal(forwardProxyOf({ HTTPS_PROXY: '' }, URL_), undefined)
  })

  it('may need user and password', () => {
    const environment = { HTTPS_PROXY: 'http://dmz:p%40ss%C3%A4@proxy:3128/' }
    const credentials = { user: 'dmz', password: 'p@ssä' }
    assert.deepEqual(forwardProxyOf(environment, URL_), { url: 'http://proxy:3128', credentials })
  })

  it('is refused when it is no URL, without saying what it holds', () => {
    for (const named of ['http://dmz:secret@', 'http://dmz:secret%ff@proxy:3128']) {
      assert.throws(
        () => forwardProxyOf({ HTTPS_PROXY: named }, URL_),
        (error: unknown) => {
          assert.ok(error instanceof RangeError)
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    }
  })

  const throughProxy = (noProxy: string, host: string): boolean =>
    forwardProxyOf({ HTTPS_PROXY, NO_PROXY: noProxy }, `https://${host}/KdcProxy`) !== undefined

  for (const [noProxy, host] of [
    ['*', 'kdcproxy.corp.example'],
    ['corp.example', 'kdcproxy.corp.example'],
    ['.corp.example', 'kdcproxy.corp.example'],
    ['*.corp.example', 'kdcproxy.corp.example'],
    ['other, CORP.example.', 'KdcProxy.corp.example'],
    ['localhost kdcproxy.corp.example:443', 'kdcproxy.corp.example'],
    ['kdcproxy.corp.example:8443', 'kdcproxy.corp.example:8443'],
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['10.0.0.1:443', '10.0.0.1'],
    ['fd00::1', '[fd00::1]'],
    ['[fd00::1]:443', '[fd00::1]'],
    ['fd00::/8', '[fd12::3]'],
  ] as const) {
    it(`is not for ${host} with NO_PROXY=${noProxy}`, () => {
      assert.equal(throughProxy(noProxy, host), false)
    })
  }

  for (const [noProxy, host] of [
    ['', 'kdcproxy.corp.example'],
    [',', 'kdcproxy.corp.example'],
    ['proxy.corp.example', 'kdcproxy.corp.example'],
    ['corp.example.org', 'kdcproxy.corp.example'],
    ['kdcproxy.corp.example:8443', 'kdcproxy.corp.example'],
    ['10.0.0.0/33', '10.0.0.1'],
    ['10.0.0.0/', '10.0.0.1'],
    ['10.0.0.0/x', '10.0.0.1'],
    ['11.0.0.0/8', '10.0.0.1'],
    ['fd00::/8', '10.0.0.1'],
    ['corp.example', '10.0.0.1'],
    ['::', 'kdcproxy.corp.example'],
  ] as const) {
    it(`is for ${host} with NO_PROXY=${noProxy}`, () => {
      assert.equal(throughProxy(noProxy, host), true)
    })
  }
})
