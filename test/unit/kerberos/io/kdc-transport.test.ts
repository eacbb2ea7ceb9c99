import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { after, describe, it } from 'node:test'
import {
  NetworkKdcTransport,
  type NetworkKdcTransportOptions,
} from '../../../../src/kerberos/io/index.ts'
import { formatKdcAddress, parseKdcAddress } from '../../../../src/kerberos/io/kdc-address.ts'
import {
  AS_REQ,
  asRep,
  deadAddress,
  FakeKdc,
  framed,
  krbError,
  replying,
  type TcpAnswer,
} from '../../../support/fake-kdc.ts'
import { errorCode } from '../../../../src/platform/index.ts'
import { ManualClock, settled } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const kdcs: FakeKdc[] = []
after(() => Promise.all(kdcs.map((kdc) => kdc.stop())))

async function fakeKdc(answer?: TcpAnswer): Promise<FakeKdc> {
  const kdc = await FakeKdc.start(answer)
  kdcs.push(kdc)
  return kdc
}

const silent: TcpAnswer = () => undefined
const transport = (
  addresses: readonly string[],
  options: Partial<NetworkKdcTransportOptions> = {},
) => new NetworkKdcTransport({ kdcs: { [REALM]: addresses }, ...options })

/** Moves time on until the promise has settled. */
async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const state = { pending: true }
  const done = () => {
    state.pending = false
  }
  promise.then(done, done)
  while (state.pending) {
    await settled()
    await clock.advance(10)
  }
  return promise
}

describe('NetworkKdcTransport over TCP', () => {
  it('frames request and reply, one connection each', async () => {
    const kdc = await fakeKdc()
    const network = transport([kdc.address])
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    assert.deepEqual(kdc.received, [framed(AS_REQ), framed(AS_REQ)])
  })

  it('takes a reply that comes octet by octet', async () => {
    const kdc = await fakeKdc((socket) => {
      socket.setNoDelay(true)
      const octets = [...framed(asRep())]
      const next = (): void => {
        const octet = octets.shift()
        if (octet === undefined) return
        socket.write(Uint8Array.of(octet), () => setImmediate(next))
      }
      next()
    })
    assert.deepEqual(await transport([kdc.address]).exchange(REALM, AS_REQ), asRep())
  })

  it('goes on to the next KDC, and asks the one that answered first the next time', async () => {
    const [dead, kdc] = [await deadAddress(), await fakeKdc()]
    const ports = { 'a.example': dead, 'b.example': kdc.address }
    const names = Object.entries(ports).map(([name, at]) => `${name}:${at.split(':')[1] ?? ''}`)
    const tried: string[] = []
    const lookup: LookupFunction = (name, _options, done) => {
      tried.push(name)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    }
    const network = transport(names, { lookup })
    await network.exchange(REALM, AS_REQ)
    assert.deepEqual(tried.splice(0), ['a.example', 'b.example'])
    await network.exchange(REALM, AS_REQ)
    assert.deepEqual(tried, ['b.example'])
  })

  it('passes over the KDC that gave a reply, and those before it', async () => {
    const [one, two] = [await fakeKdc(), await fakeKdc()]
    const network = transport([one.address, two.address])
    const first = await network.exchange(REALM, AS_REQ)
    const others = network.besides(first)
    assert.ok(others)
    const second = await others.exchange(REALM, AS_REQ)
    assert.deepEqual([one.received.length, two.received.length], [1, 1])
    await assert.rejects(others.besides?.(second)?.exchange(REALM, AS_REQ) ?? Promise.resolve(), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /there is no other KDC/,
    })
    assert.equal(network.statistics().unreachable, 0)
    assert.equal(network.besides(asRep()), undefined)
  })

  it('goes on when a KDC does not answer in time', async () => {
    const [dumb, kdc, clock] = [await fakeKdc(silent), await fakeKdc(), new ManualClock()]
    const network = transport([dumb.address, kdc.address], { clock, maxInFlight: 1 })
    assert.deepEqual(await until(clock, network.exchange(REALM, AS_REQ)), asRep())
    await dumb.left()
  })

  it('goes on when a KDC says that it cannot (29), and reports that when all do', async () => {
    const [busy, kdc] = [await fakeKdc(replying(krbError(29))), await fakeKdc()]
    const both = transport([busy.address, kdc.address])
    assert.deepEqual(await both.exchange(REALM, AS_REQ), asRep())
    const only = transport([busy.address, await deadAddress()])
    assert.deepEqual(await only.exchange(REALM, AS_REQ), krbError(29))
  })

  it('hands on every other refusal, and asks nobody else', async () => {
    const [first, second] = [await fakeKdc(replying(krbError(6))), await fakeKdc()]
    const network = transport([first.address, second.address])
    assert.deepEqual(await network.exchange(REALM, AS_REQ), krbError(6))
    assert.equal(second.received.length, 0)
  })

  const faults: readonly (readonly [string, TcpAnswer, RegExp])[] = [
    ['closes at once', (socket) => socket.end(), /closed before the reply was whole/],
    [
      'cuts the reply off',
      (socket) => socket.end(framed(asRep()).subarray(0, -1)),
      /closed before the reply was whole/,
    ],
    [
      'announces too much',
      (socket) => socket.write(Buffer.from('00100000', 'hex')),
      /1048576 octets/,
    ],
    ['announces nothing', (socket) => socket.write(Buffer.alloc(4)), /0 octets/],
    [
      'sets the reserved bit',
      (socket) => socket.write(Buffer.from('80000001', 'hex')),
      /2147483649/,
    ],
    [
      'sends too much',
      (socket) => socket.write(Buffer.alloc(9).fill(1, 3, 4)),
      /more than it announced/,
    ],
    ['resets', (socket) => socket.resetAndDestroy(), /ECONNRESET|closed/],
    ['speaks another protocol', (socket) => socket.end('HTTP/1.1 400\r\n\r\n'), /announces/],
    ['speaks garbage', replying(Buffer.from('garbage')), /no KDC’s/],
    ['cuts a message short', replying(asRep().subarray(0, -1)), /no KDC’s/],
    ['adds to a message', replying(Buffer.concat([asRep(), Buffer.of(0)])), /no KDC’s/],
    ['answers as to a TGS-REQ', replying(Buffer.from(asRep()).fill(0x6d, 0, 1)), /no KDC’s/],
    ['sends an error that is none', replying(krbError(29).subarray(0, 20)), /no KDC’s/],
  ]
  for (const [name, fault, says] of faults) {
    it(`says so when a KDC ${name}, and asks another`, async () => {
      const [kdc, other] = [await fakeKdc(fault), await fakeKdc()]
      await assert.rejects(transport([kdc.address]).exchange(REALM, AS_REQ), {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message: says,
      })
      const network = transport([kdc.address, other.address])
      assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    })
  }

  it('does not judge the reply to a request that is neither AS-REQ nor TGS-REQ', async () => {
    const kdc = await fakeKdc(replying(Buffer.from('pong')))
    const reply = await transport([kdc.address]).exchange(REALM, Buffer.from('ping'))
    assert.equal(Buffer.from(reply).toString(), 'pong')
  })

  it('names every KDC that failed, up to eight', async () => {
    const dead = await Promise.all(Array.from({ length: 10 }, () => deadAddress()))
    await assert.rejects(transport(dead).exchange(REALM, AS_REQ), (error: Error) => {
      assert.match(error.message, new RegExp(`${String(dead[0])}: .*; ${String(dead[1])}: `))
      assert.match(error.message, /; 2 more$/)
      return true
    })
  })

  it('stops after the total time, whatever is left to ask', async () => {
    const dumb = await Promise.all(Array.from({ length: 8 }, () => fakeKdc(silent)))
    const clock = new ManualClock()
    const addresses = dumb.map(({ address }) => address)
    const network = transport(addresses, { clock, timeoutMs: 60, totalTimeoutMs: 100 })
    const exchange = network.exchange(REALM, AS_REQ)
    await assert.rejects(until(clock, exchange), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /no answer within 60 ms; .*: no answer (within 100 ms|in time)/,
    })
    assert.ok(dumb.filter(({ received }) => received.length > 0).length <= 4)
    await Promise.all(dumb.map((kdc) => kdc.left()))
    assert.equal(clock.pending, 0)
  })

  it('gives up with its caller', async () => {
    const controller = new AbortController()
    const dumb = await fakeKdc(() => {
      controller.abort()
    })
    const other = await fakeKdc()
    const network = transport([dumb.address, other.address])
    const refused = { code: 'ERR_KRB_ABORTED' }
    await assert.rejects(network.exchange(REALM, AS_REQ, controller.signal), refused)
    await assert.rejects(network.exchange(REALM, AS_REQ, controller.signal), refused)
    assert.deepEqual([dumb.received.length, other.received.length], [1, 0])
    await dumb.left()
    const [known] = network.statistics().kdcs
    assert.deepEqual([known?.state, known?.failed], ['well', 0])
  })

  it('asks for so many at once, and refuses what would wait in too long a line', async () => {
    const kdc = await fakeKdc(silent)
    const network = transport([kdc.address], { maxExchanges: 2, maxWaiting: 1 })
    const exchanges = [1, 2, 3].map(() => network.exchange(REALM, AS_REQ))
    await kdc.asked(2)
    await assert.rejects(network.exchange(REALM, AS_REQ), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /was not begun: too many exchanges wait already/,
    })
    assert.equal(network.statistics().waiting, 1)
    kdc.answer = replying(asRep())
    await assert.rejects(network.exchange(REALM, AS_REQ, AbortSignal.abort()), {
      code: 'ERR_KRB_ABORTED',
    })
    kdc.hangUp()
    const outcomes = await Promise.allSettled(exchanges)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'fulfilled'],
    )
  })

  it('waits for its turn no longer than for an answer', async () => {
    const [kdc, clock] = [await fakeKdc(silent), new ManualClock()]
    const network = transport([kdc.address], { clock, maxExchanges: 1, totalTimeoutMs: 1000 })
    const caller = new AbortController()
    const [first, second, third] = [
      network.exchange(REALM, AS_REQ),
      network.exchange(REALM, AS_REQ),
      network.exchange(REALM, AS_REQ, caller.signal),
    ].map((exchange) =>
      assert.rejects(exchange, (error: unknown) => says.push(errorCode(error)) > 0),
    )
    const says: string[] = []
    caller.abort()
    await third
    await kdc.asked(1)
    await clock.advance(1000)
    await Promise.all([first, second])
    const unreachable = 'ERR_KRB_KDC_UNREACHABLE'
    assert.deepEqual(says, ['ERR_KRB_ABORTED', unreachable, unreachable])
    assert.equal(network.statistics().waiting, 0)
  })

  it('knows its realms only', async () => {
    await assert.rejects(transport(['127.0.0.1']).exchange('OTHER.EXAMPLE', AS_REQ), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /OTHER.EXAMPLE answered: no KDC is configured/,
    })
  })

  it('asks KDC proxies by what it was given for them', async () => {
    const url = 'https://proxy.example/KdcProxy'
    const asked: string[] = []
    const network = transport([url], {
      https: (address, { realm }) => {
        asked.push(`${realm} ${address.url}`)
        return Promise.resolve(asRep())
      },
    })
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    assert.deepEqual(asked, [`${REALM} ${url}`])
    const locator = { locate: () => Promise.resolve([parseKdcAddress(url)]) }
    await assert.rejects(new NetworkKdcTransport({ locator }).exchange(REALM, AS_REQ), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /all are behind KDC proxies/,
    })
  })

  it('refuses settings that make no sense', () => {
    assert.throws(() => transport([]), RangeError)
    assert.throws(() => transport(['a:b:c']), RangeError)
    assert.throws(() => transport(['https://a/']), /no https/)
    for (const wrong of [
      { timeoutMs: 0 },
      { maxReplyOctets: 1.5 },
      { hedgeAfterMs: 0 },
      { maxInFlight: 0 },
      { udpPreferenceLimit: -1 },
      { slowFactor: Number.NaN },
    ]) {
      assert.throws(() => transport(['a'], wrong), RangeError, JSON.stringify(wrong))
    }
    assert.ok(transport(['a'], { slowFactor: 1.5, udpPreferenceLimit: 0 }))
  })
})

describe('the address of a KDC', () => {
  for (const [text, host, port] of [
    ['dc1.corp.example', 'dc1.corp.example', 88],
    ['dc1.corp.example:1088', 'dc1.corp.example', 1088],
    ['127.88.1.1', '127.88.1.1', 88],
    ['fd00::1', 'fd00::1', 88],
    ['[fd00::1]', 'fd00::1', 88],
    ['[fd00::1]:1088', 'fd00::1', 1088],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseKdcAddress(text), { via: 'direct', host, port })
    })
  }
  it('reads the URL of a proxy', () => {
    const address = parseKdcAddress('HTTPS://Proxy.example:443/KdcProxy?x=1')
    assert.deepEqual(address, { via: 'https', url: 'https://proxy.example/KdcProxy?x=1' })
    assert.equal(formatKdcAddress(address), 'https://proxy.example/KdcProxy?x=1')
  })
  for (const text of [
    ...['', ':88', 'a:0', 'a:65536', 'a b', 'a:x', '[fd00::1', 'kerberos://a', 'http://a/'],
    ...['https://', 'https://a/#x', 'https://a:0x/'],
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseKdcAddress(text), RangeError)
    })
  }
  it('never repeats a password', () => {
    assert.throws(
      () => parseKdcAddress('https://me:secret@a/'),
      (error: Error) => !error.message.includes('secret'),
    )
  })
})
