import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  PasswordServerTransport,
  type KdcAddress,
  type KdcAttempt,
  type KdcLocator,
  type ProxiedKdcAddress,
} from '../../../../src/kerberos/io/index.ts'

const URL_ = 'https://kdcproxy.example/KdcProxy'
const proxied: ProxiedKdcAddress = { via: 'https', url: URL_ }
const request = Buffer.from('new password')

describe('a password server behind a KDC proxy', () => {
  const asked: string[] = []
  const https: KdcAttempt<ProxiedKdcAddress> = (address, question) => {
    asked.push(`${address.url} ${question.realm} ${Buffer.from(question.request).toString()}`)
    return Promise.resolve(Buffer.from('done'))
  }
  const locating = (...found: readonly KdcAddress[]): KdcLocator => ({
    locate: () => Promise.resolve(found),
  })

  for (const [what, options] of [
    ['is listed', { servers: { A: [URL_] } }],
    ['is found', { locator: locating(proxied) }],
  ] as const) {
    it(`is asked when it ${what}`, async () => {
      const transport = new PasswordServerTransport({ ...options, https })
      assert.equal(Buffer.from(await transport.exchange('A', request)).toString(), 'done')
      assert.equal(asked.at(-1), `${URL_} A new password`)
    })
  }

  it('is asked after a server that does not answer, and both are named when none does', async () => {
    const locator = locating({ via: 'direct', host: '127.0.0.9', port: 88 }, proxied)
    const transport = new PasswordServerTransport({ locator, https })
    assert.equal(Buffer.from(await transport.exchange('A', request)).toString(), 'done')
    const failing = (): Promise<never> => Promise.reject(new Error('HTTP status 503'))
    await assert.rejects(
      new PasswordServerTransport({ locator, https: failing }).exchange('A', request),
      {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message: /127\.0\.0\.9:464: .*; https:\/\/kdcproxy\.example\/KdcProxy: HTTP status 503/,
      },
    )
  })

  it('is passed over, or refused where it is listed, when there is no way to ask it', async () => {
    const transport = new PasswordServerTransport({ locator: locating(proxied) })
    await assert.rejects(transport.exchange('A', request), { message: /none is known/ })
    assert.throws(() => new PasswordServerTransport({ servers: { A: [URL_] } }), RangeError)
  })
})
