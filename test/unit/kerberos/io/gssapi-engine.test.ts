import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGssapiEngine } from '../../../../src/kerberos/io/index.ts'
import { replaceKerberosPackage } from '../../../support/kerberos-package.ts'

/** A package that answers with the service's name, never answers for `HTTP@silent`, and fails for `HTTP@unknown`. */
const FAKE = `
let busy = 0
export default {
  initializeClient: async (service, { mechOID, flags }) => ({
    step: async () => {
      busy++
      if (service === 'HTTP@silent') return new Promise(() => {})
      await new Promise((resolve) => setImmediate(resolve))
      const text = [service, mechOID, flags, busy].join(' ')
      busy--
      if (service === 'HTTP@unknown') throw new Error('Server not found\\nin Kerberos database')
      return Buffer.from(text).toString('base64')
    },
  }),
}`

const npmKerberos = replaceKerberosPackage(FAKE)

describe('engine: gssapi', () => {
  for (const state of ['absent', 'broken'] as const) {
    it(`says so when the package is ${state}, and not before a token is wanted`, async () => {
      npmKerberos.state = state
      const before = npmKerberos.asked
      const engine = createGssapiEngine()
      assert.equal(npmKerberos.asked, before)
      for (let i = 0; i < 2; i++) {
        await assert.rejects(engine('HTTP/proxy.corp.example'), {
          code: 'ERR_KRB_GSSAPI_ABSENT',
          mend: /npm install kerberos/,
        })
      }
    })
  }

  it('lets everything else be loaded without the package', async () => {
    npmKerberos.state = 'absent'
    const before = npmKerberos.asked
    await Promise.all([
      import('../../../../src/kerberos/index.ts'),
      import('../../../../src/kerberos/io/index.ts'),
    ])
    assert.equal(npmKerberos.asked, before)
  })

  it('makes one token after the other, with mutual authentication and no delegation', async () => {
    npmKerberos.state = 'fake'
    const engine = createGssapiEngine()
    const tokens = await Promise.all(
      ['HTTP/a.example', 'HTTP@b.example', 'HTTP/c.example'].map((service) => engine(service)),
    )
    assert.deepEqual(
      tokens.map((token) => Buffer.from(token).toString()),
      ['HTTP@a.example 6 2 1', 'HTTP@b.example 6 2 1', 'HTTP@c.example 6 2 1'],
    )
  })

  it('passes the library’s reason on, in one line, and goes on', async () => {
    npmKerberos.state = 'fake'
    const engine = createGssapiEngine()
    await assert.rejects(engine('HTTP/unknown'), {
      code: 'ERR_KRB_GSSAPI',
      message: /HTTP@unknown: Server not found in Kerberos database$/,
    })
    assert.ok((await engine('HTTP/a.example')).length > 0)
  })

  it('waits no longer than it is told to, and for no more than it is told to', async () => {
    npmKerberos.state = 'fake'
    const engine = createGssapiEngine({ timeoutMs: 20, maxWaiting: 2 })
    const silent = [engine('HTTP/silent'), engine('HTTP/a.example')]
    const third = engine('HTTP/b.example')
    await assert.rejects(third, { code: 'ERR_KRB_GSSAPI', message: /too many/ })
    for (const waiting of silent) {
      await assert.rejects(waiting, { code: 'ERR_KRB_GSSAPI', message: /within 20 ms/ })
    }
  })

  for (const service of ['', 'HTTP', 'HTTP/', 'HTTP/a b', 'HTTP/a@REALM', 'a\n/b']) {
    it(`refuses ${JSON.stringify(service)}`, async () => {
      await assert.rejects(createGssapiEngine()(service), { code: 'ERR_KRB_PRINCIPAL' })
    })
  }
})
