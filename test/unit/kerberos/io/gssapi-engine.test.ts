/** The optional package is hidden, or another put in its place, by a module hook: this file has its process for itself. */

import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { describe, it } from 'node:test'
import { createGssapiEngine } from '../../../../src/kerberos/io/index.ts'

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

let installed: 'absent' | 'broken' | 'fake' = 'absent'
let asked = 0

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'kerberos') return next(specifier, context)
    asked++
    if (installed === 'absent') {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }
    const source = installed === 'fake' ? FAKE : 'throw new Error("wrong ELF class")'
    return { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
  },
})

describe('engine: gssapi', () => {
  for (const state of ['absent', 'broken'] as const) {
    it(`says so when the package is ${state}, and not before a token is wanted`, async () => {
      installed = state
      const before = asked
      const engine = createGssapiEngine()
      assert.equal(asked, before)
      for (let i = 0; i < 2; i++) {
        await assert.rejects(engine('HTTP/proxy.corp.example'), {
          code: 'ERR_KRB_GSSAPI_ABSENT',
          mend: /npm install kerberos/,
        })
      }
    })
  }

  it('lets everything else be loaded without the package', async () => {
    installed = 'absent'
    const before = asked
    await Promise.all([
      import('../../../../src/kerberos/index.ts'),
      import('../../../../src/kerberos/io/index.ts'),
    ])
    assert.equal(asked, before)
  })

  it('makes one token after the other, with mutual authentication and no delegation', async () => {
    installed = 'fake'
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
    installed = 'fake'
    const engine = createGssapiEngine()
    await assert.rejects(engine('HTTP/unknown'), {
      code: 'ERR_KRB_GSSAPI',
      message: /HTTP@unknown: Server not found in Kerberos database$/,
    })
    assert.ok((await engine('HTTP/a.example')).length > 0)
  })

  it('waits no longer than it is told to, and for no more than it is told to', async () => {
    installed = 'fake'
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
