import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { KerberosError, parseKrb5ConfText } from '../../../../src/kerberos/index.ts'
import {
  krb5ConfLocator,
  openPasswordServers,
  PasswordServerTransport,
  type KdcAddress,
  type KdcAttempt,
  type KdcLocator,
  type PasswordServerOptions,
  type ProxiedKdcAddress,
} from '../../../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { startBlackHole } from '../../../support/black-hole.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const URL_ = 'https://kdcproxy.example/KdcProxy'
const proxied: ProxiedKdcAddress = { via: 'https', url: URL_ }
const REQUEST = Buffer.from('new password')
const DEAD = '127.0.0.1:1'
const MORE = { timeoutMs: 60_000, totalTimeoutMs: 120_000 }

const locating = (...found: readonly KdcAddress[]): KdcLocator => ({
  locate: () => Promise.resolve(found),
})
const fetch = async (options: PasswordServerOptions, realm = REALM): Promise<string> =>
  Buffer.from(await new PasswordServerTransport(options).exchange(realm, REQUEST)).toString()

describe('password servers', () => {
  /** Answers with what it is asked, its length before it. */
  let server: Server
  let echo = ''
  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined).pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    echo = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
  })

  it('are asked in their order: the next one when one is dead, and the log names it once', async () => {
    const logger = new MemoryLogger()
    const transport = new PasswordServerTransport({ servers: { [REALM]: [DEAD, echo] }, logger })
    const answers = [
      await transport.exchange(REALM, REQUEST),
      await transport.exchange(REALM, REQUEST),
    ]
    assert.deepEqual(
      answers.map(String),
      ['new password', 'new password'].map((text) => String(new Uint8Array(Buffer.from(text)))),
    )
    assert.deepEqual(
      logger.lines.map(({ level, message, fields }) => [level, message, fields['kdc']]),
      [
        [
          'warn',
          'A password server does not answer as it should; others of its realm are asked first.',
          DEAD,
        ],
      ],
    )
  })

  it('are asked one after the other, each for as long as is set, and no longer in all', async () => {
    const hole = await startBlackHole()
    try {
      const servers = { [REALM]: [hole.address, echo] }
      assert.equal(await fetch({ servers, timeoutMs: 50, totalTimeoutMs: 60_000 }), 'new password')
      await assert.rejects(fetch({ servers, timeoutMs: 60_000, totalTimeoutMs: 50 }), {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message: /no password server of CORP\.EXAMPLE answered: 127\S+: no answer in time/,
      })
    } finally {
      await hole.stop()
    }
  })

  it('are named when none answers, with the port to open', async () => {
    const locator = locating()
    await assert.rejects(fetch({ servers: { A: [DEAD] }, locator }, 'A'), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /^no password server of A answered: 127\.0\.0\.1:1: connect ECONNREFUSED/,
      mend: /464/,
    })
    await assert.rejects(fetch({ servers: { A: [DEAD] }, locator }, 'B'), { message: /none is/ })
  })

  it('are the hosts of the KDCs that a locator finds, on their own port', async () => {
    const locator = locating(proxied, { via: 'direct', host: '127.0.0.99', port: 88 })
    await assert.rejects(fetch({ locator }), { message: /: 127\.0\.0\.99:464: / })
  })

  it('are those of krb5.conf where it names them, and else its KDCs', async () => {
    const conf = parseKrb5ConfText(
      `[realms]\nA = {\nkdc = 127.0.0.2\nkpasswd_server = ${echo}\n}\nB = {\nkdc = 127.0.0.2:88\n}\nC = {\nkpasswd_server = a:b:c\n}\n`,
    )
    const locator = krb5ConfLocator(conf)
    assert.equal(await fetch({ locator }, 'A'), 'new password')
    await assert.rejects(fetch({ locator }, 'B'), { message: /: 127\.0\.0\.2:464: / })
    await assert.rejects(fetch({ locator }, 'C'), { message: /not the address of a server/ })
  })

  it('are, last of all, those that are to be asked when no other answers', async () => {
    const lastly = { [REALM]: [echo] }
    const unknown: KdcLocator = { locate: () => Promise.reject(new Error('no DNS')) }
    for (const options of [
      { servers: { [REALM]: [DEAD] } },
      { locator: locating() },
      { locator: unknown },
    ])
      assert.equal(await fetch({ ...options, lastly }), 'new password')
    const none = { locator: unknown, lastly: { [REALM]: [] } }
    await assert.rejects(fetch(none), { message: /could not be looked up: no DNS/ })
  })

  it('say whether any other can have had the request', async () => {
    const https: KdcAttempt<ProxiedKdcAddress> = () => Promise.resolve(Buffer.from('done'))
    for (const [servers, alone] of [
      [[echo], true],
      [[DEAD, echo], false],
      [[URL_], false],
    ] as const) {
      const transport = new PasswordServerTransport({ servers: { [REALM]: servers }, https })
      const reply = await transport.exchange(REALM, REQUEST)
      assert.equal(transport.isAlone(reply), alone, servers.join(' '))
      assert.equal(transport.isAlone(Buffer.from(reply)), false)
    }
  })

  it('say whether nothing was sent, which only a connection that never was can prove', async () => {
    const closing = createServer((socket) => socket.on('error', () => undefined).destroy())
    closing.listen(0, '127.0.0.1')
    await once(closing, 'listening')
    const closes = `127.0.0.1:${(closing.address() as AddressInfo).port}`
    const hole = await startBlackHole()
    const https: KdcAttempt<ProxiedKdcAddress> = () => Promise.reject(new Error('HTTP status 503'))
    const locator = locating()
    try {
      for (const [servers, unsent] of [
        [[DEAD], true],
        [['nowhere.invalid', DEAD], true],
        [[], true],
        [[closes], false],
        [[DEAD, closes], false],
        [[hole.address], true],
        [[DEAD, URL_], false],
      ] as const) {
        const limits = { timeoutMs: 2000, totalTimeoutMs: 2000 }
        const listed = { servers: { [REALM]: servers }, locator, https, ...limits }
        const transport = new PasswordServerTransport(listed)
        const error: unknown = await transport
          .exchange(REALM, REQUEST)
          .catch((fault: unknown) => fault)
        assert.ok(error instanceof KerberosError)
        assert.equal(transport.isUnsent(error), unsent, servers.join(' '))
        assert.equal(transport.isUnsent(new Error(error.message)), false)
      }
    } finally {
      await hole.stop()
      closing.close()
    }
  })

  it('are not asked by who gives up, nor with settings that cannot be', async () => {
    const transport = new PasswordServerTransport({ servers: { [REALM]: [echo] } })
    await assert.rejects(transport.exchange(REALM, REQUEST, AbortSignal.abort()), {
      code: 'ERR_KRB_ABORTED',
    })
    for (const options of [
      { timeoutMs: 0 },
      { totalTimeoutMs: 0 },
      { servers: { A: ['a:b:c'] } },
      { lastly: { A: ['a:b:c'] } },
    ])
      assert.throws(() => new PasswordServerTransport(options), RangeError)
  })
})

describe('a password server behind a KDC proxy', () => {
  const asked: string[] = []
  const https: KdcAttempt<ProxiedKdcAddress> = (address, question) => {
    const { realm, request, once: only } = question
    asked.push(`${address.url} ${realm} ${Buffer.from(request).toString()} ${String(only)}`)
    return Promise.resolve(Buffer.from('done'))
  }

  for (const [what, options] of [
    ['is listed', { servers: { A: [URL_] } }],
    ['is found', { locator: locating(proxied) }],
  ] as const) {
    it(`is asked when it ${what}`, async () => {
      assert.equal(await fetch({ ...options, https }, 'A'), 'done')
      assert.equal(asked.at(-1), `${URL_} A new password true`)
    })
  }

  it('is asked after a server that does not answer, and both are named when none does', async () => {
    const locator = locating({ via: 'direct', host: '127.0.0.9', port: 88 }, proxied)
    assert.equal(await fetch({ locator, https, ...MORE }), 'done')
    const failing = (): Promise<never> => Promise.reject(new Error('HTTP status 503'))
    await assert.rejects(fetch({ locator, https: failing, ...MORE }), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /127\.0\.0\.9:464: .*; https:\/\/kdcproxy\.example\/KdcProxy: HTTP status 503/,
    })
  })

  it('is passed over, or refused where it is listed, when there is no way to ask it', async () => {
    await assert.rejects(fetch({ locator: locating(proxied) }), { message: /no https/ })
    assert.throws(() => new PasswordServerTransport({ servers: { A: [URL_] } }), RangeError)
  })
})

describe('the way to password servers', () => {
  const ports = { clock: systemClock, random: systemRandom }

  it('is the way to the KDCs, on port 464, through the same proxies, within the same time', async () => {
    const kdcs = { [REALM]: ['127.0.0.3:88', 'https://127.0.0.1:1/KdcProxy'] }
    const forwardProxy = { url: 'http://127.0.0.1:3' }
    const options = { ...ports, kdcs, dns: false, kdcProxies: { forwardProxy } } as const
    const way = openPasswordServers(options, { [REALM]: ['127.0.0.4'] })
    await assert.rejects(way.exchange(REALM, REQUEST), {
      message:
        /127\.0\.0\.3:464: .*; https:\/\/127\.0\.0\.1:1\/KdcProxy: forward proxy 127\.0\.0\.1:3: .*; 127\.0\.0\.4:464: /,
    })
    assert.throws(() => openPasswordServers({ ...options, timeoutMs: 0 }), RangeError)
    assert.throws(() => openPasswordServers({ ...options, totalTimeoutMs: 0 }), RangeError)
  })
})
