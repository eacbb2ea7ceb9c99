/** UDP beside TCP: two KDCs of the same port, one for each. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, describe, it } from 'node:test'
import {
  NetworkKdcTransport,
  type NetworkKdcTransportOptions,
} from '../../../../src/kerberos/io/index.ts'
import { udpAttempt } from '../../../../src/kerberos/io/udp-attempt.ts'
import {
  AS_REQ,
  asRep,
  datagram,
  deadAddress,
  FakeKdc,
  FakeUdpKdc,
  krbError,
  type UdpAnswer,
} from '../../../support/fake-kdc.ts'
import { errorCode } from '../../../../src/platform/index.ts'
import { ManualClock, settled } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all)
const NO_IPV6 = addresses.some(({ address }) => address === '::1') ? false : 'needs ::1'
const RESPONSE_TOO_BIG = krbError(52)
const stops: (() => unknown)[] = []
after(() => Promise.all(stops.map((stop) => stop())))

async function fakeUdp(answer: UdpAnswer, port?: number): Promise<FakeUdpKdc> {
  const kdc = await FakeUdpKdc.start(answer, port)
  stops.push(() => {
    kdc.stop()
  })
  return kdc
}

/** One KDC that speaks both; over TCP it says what realm the reply is for. */
async function both(answer: UdpAnswer): Promise<{ tcp: FakeKdc; udp: FakeUdpKdc }> {
  for (;;) {
    const tcp = await FakeKdc.start()
    stops.push(() => tcp.stop())
    // A port that is free for TCP may be taken for UDP.
    const udp = await fakeUdp(answer, tcp.port).catch((error: unknown) => {
      if (errorCode(error) !== 'EADDRINUSE') throw error
      return undefined
    })
    if (udp !== undefined) return { tcp, udp }
  }
}

/** No second datagram on a machine that has no time for the first reply. */
const PATIENT = { udpRetransmitAfterMs: 30_000, timeoutMs: 60_000, totalTimeoutMs: 60_000 }
const UDP_REPLY = asRep('OVER.UDP')

function transport(address: string, options: Partial<NetworkKdcTransportOptions> = {}) {
  return new NetworkKdcTransport({
    kdcs: { [REALM]: [address] },
    udpPreferenceLimit: 1400,
    ...options,
  })
}

describe('NetworkKdcTransport over UDP', () => {
  it('is not used unless it is asked for', async () => {
    const { tcp, udp } = await both(datagram(UDP_REPLY))
    await transport(tcp.address, { udpPreferenceLimit: 0 }).exchange(REALM, AS_REQ)
    assert.deepEqual([tcp.received.length, udp.received.length], [1, 0])
  })

  it('carries requests up to the limit, as they are, and larger ones go over TCP', async () => {
    const { tcp, udp } = await both(datagram(UDP_REPLY))
    const network = transport(tcp.address, { udpPreferenceLimit: AS_REQ.length })
    assert.deepEqual(await network.exchange(REALM, AS_REQ), UDP_REPLY)
    assert.deepEqual(udp.received, [Buffer.from(AS_REQ)])
    const larger = Buffer.concat([AS_REQ, Buffer.of(0)])
    assert.deepEqual(await network.exchange(REALM, larger), asRep())
    assert.deepEqual([tcp.received.length, udp.received.length], [1, 1])
    const bounded = transport(tcp.address, { maxDatagramOctets: AS_REQ.length })
    assert.deepEqual(await bounded.exchange(REALM, larger), asRep())
    assert.equal(udp.received.length, 1)
  })

  it('hands on a refusal that comes over UDP', async () => {
    const { tcp } = await both(datagram(krbError(6)))
    assert.deepEqual(await transport(tcp.address).exchange(REALM, AS_REQ), krbError(6))
    assert.equal(tcp.received.length, 0)
  })

  for (const [name, reply] of [
    ['says that its reply is too big (52)', RESPONSE_TOO_BIG],
    ['cuts its reply off', UDP_REPLY.subarray(0, -1)],
    ['sends nothing in its datagram', new Uint8Array()],
    ['sends garbage', Buffer.from('garbage')],
    ['sends more than a datagram may hold', Buffer.alloc(5000)],
  ] as const) {
    it(`gives way to TCP when the KDC ${name}`, async () => {
      const { tcp, udp } = await both(datagram(reply))
      const network = transport(tcp.address, PATIENT)
      assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
      assert.deepEqual([tcp.received.length, udp.received.length], [1, 1])
      assert.equal(network.statistics().kdcs[0]?.state, 'well')
    })
  }

  it('gives way to TCP when the KDC sends a right reply that is longer than a datagram may be', async () => {
    const { tcp, udp } = await both(datagram(UDP_REPLY))
    const most = { maxDatagramOctets: UDP_REPLY.length }
    assert.deepEqual(await transport(tcp.address, most).exchange(REALM, AS_REQ), UDP_REPLY)
    const least = { ...PATIENT, maxDatagramOctets: UDP_REPLY.length - 1 }
    assert.deepEqual(await transport(tcp.address, least).exchange(REALM, AS_REQ), asRep())
    assert.deepEqual([tcp.received.length, udp.received.length], [1, 2])
  })

  it('sends again while no answer comes, waiting twice as long each time', async () => {
    const answers: UdpAnswer = (socket, request, from) => {
      if (udp.received.length === 3) datagram(UDP_REPLY)(socket, request, from)
    }
    const { tcp, udp } = await both(answers)
    const clock = new ManualClock()
    const options = { clock, timeoutMs: 10_000, udpRetransmitAfterMs: 400 }
    const exchange = transport(tcp.address, options).exchange(REALM, AS_REQ)
    for (const [sent, waitMs] of [
      [1, 400],
      [2, 800],
    ] as const) {
      await udp.asked(sent)
      await clock.advance(waitMs - 1)
      assert.equal(udp.received.length, sent)
      await clock.advance(1)
    }
    assert.deepEqual(await exchange, UDP_REPLY)
    assert.deepEqual(
      udp.received,
      [AS_REQ, AS_REQ, AS_REQ].map((octets) => Buffer.from(octets)),
    )
    assert.equal(clock.pending, 0)
  })

  it('gives way to TCP after half the time, and for a minute from then on', async () => {
    const { tcp, udp } = await both(() => undefined)
    const clock = new ManualClock()
    const network = transport(tcp.address, { clock })
    const first = network.exchange(REALM, AS_REQ)
    await udp.asked(1)
    await clock.advance(1500)
    assert.deepEqual(await first, asRep())
    const sent = udp.received.length
    await clock.advance(58_000)
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    assert.equal(udp.received.length, sent)
    await clock.advance(2001)
    const second = network.exchange(REALM, AS_REQ)
    await udp.asked(sent + 1)
    await clock.advance(1500)
    assert.deepEqual(await second, asRep())
  })

  it('gives way to TCP at once where nobody listens', async () => {
    const kdc = await FakeKdc.start()
    stops.push(() => kdc.stop())
    // The clock stands still: only the ICMP message can have ended it.
    const network = transport(kdc.address, { clock: new ManualClock() })
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
  })

  it('takes the place of TCP where that is refused, if the request fits', async () => {
    const udp = await fakeUdp(datagram(UDP_REPLY))
    const options = { udpPreferenceLimit: 1, maxDatagramOctets: AS_REQ.length + 400 }
    assert.deepEqual(await transport(udp.address, options).exchange(REALM, AS_REQ), UDP_REPLY)
    const large = Buffer.concat([AS_REQ, Buffer.alloc(1000)])
    const refused = { code: 'ERR_KRB_KDC_UNREACHABLE', message: /ECONNREFUSED/ }
    await assert.rejects(transport(udp.address, options).exchange(REALM, large), refused)
    await assert.rejects(
      transport(await deadAddress(), options).exchange(REALM, AS_REQ),
      /connect ECONNREFUSED.*; over UDP: .*ECONNREFUSED/,
    )
    assert.equal(udp.received.length, 1)
  })

  it('does not take the place of TCP that answers wrongly', async () => {
    const { tcp, udp } = await both(datagram(UDP_REPLY))
    tcp.answer = (socket) => socket.end()
    const network = transport(tcp.address, { udpPreferenceLimit: 1 })
    await assert.rejects(network.exchange(REALM, AS_REQ), { code: 'ERR_KRB_KDC_UNREACHABLE' })
    assert.equal(udp.received.length, 0)
  })

  it('hears nobody but the KDC it asked', async () => {
    const stranger = createSocket('udp4')
    stops.push(() => stranger.close())
    // The stranger answers first, from another port, as somebody would who forges replies.
    const { tcp, udp } = await both((socket, request, from) => {
      stranger.send(asRep('FORGED'), from.port, from.address, () => {
        datagram(UDP_REPLY)(socket, request, from)
      })
    })
    assert.deepEqual(await transport(tcp.address).exchange(REALM, AS_REQ), UDP_REPLY)
    assert.equal(udp.received.length, 1)
  })

  it('speaks IPv6, however the address is spelt', { skip: NO_IPV6 }, async () => {
    const socket = createSocket('udp6')
    stops.push(() => socket.close())
    socket.on('message', (_request, from) => {
      socket.send(UDP_REPLY, from.port, from.address)
    })
    socket.bind(0, '::1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const lookup: LookupFunction = (_name, _options, done) => {
      done(null, [{ address: '::1', family: 6 }])
    }
    for (const address of [`[::1]:${port}`, `[0:0:0:0:0:0:0:1]:${port}`, `kdc.example:${port}`]) {
      assert.deepEqual(await transport(address, { lookup }).exchange(REALM, AS_REQ), UDP_REPLY)
    }
  })

  describe('to a name with several addresses', () => {
    const named =
      (...found: readonly string[]): LookupFunction =>
      (_name, _options, done) => {
        done(
          null,
          found.map((address) => ({ address, family: isIP(address) })),
        )
      }

    // The kernel refuses to send there, as it does to IPv4 addresses on a host that has IPv6 alone.
    it('goes on to the next address when there is no way to one, or nobody listens', async () => {
      const { tcp, udp } = await both(datagram(UDP_REPLY))
      const lookup = named('255.255.255.255', '127.0.0.2', '127.0.0.1')
      const network = transport(`kdc.example:${tcp.port}`, { lookup, ...PATIENT })
      assert.deepEqual(await network.exchange(REALM, AS_REQ), UDP_REPLY)
      assert.equal(udp.received.length, 1)
    })

    it('asks the next address as well when one is silent, and says what was wrong with each', async () => {
      const { tcp } = await both(datagram(UDP_REPLY))
      const deaf = createSocket('udp4')
      stops.push(() => deaf.close())
      deaf.bind(tcp.port, '127.0.0.2')
      await once(deaf, 'listening')
      const clock = new ManualClock()
      const limits = { clock, maxDatagramOctets: 4096, retransmitAfterMs: 500 }
      const ask = udpAttempt({ ...limits, lookup: named('127.0.0.2', '127.0.0.1') })
      const kdc = { via: 'direct', host: 'kdc.example', port: tcp.port } as const
      const question = { realm: REALM, request: AS_REQ }
      const asked = once(deaf, 'message')
      const reply = ask(kdc, question, new AbortController().signal)
      await asked
      await clock.advance(500)
      assert.deepEqual(await reply, UDP_REPLY)
      assert.equal(clock.pending, 0)
      const nobody = udpAttempt({ ...limits, lookup: named('255.255.255.255', '127.0.0.3') })
      await assert.rejects(nobody(kdc, question, new AbortController().signal), {
        message: /EACCES.*, .*ECONNREFUSED/,
      })
      assert.equal(clock.pending, 0)
    })
  })

  it('gives up with its caller, also while a name is looked up', async () => {
    const { tcp, udp } = await both(() => undefined)
    const caller = new AbortController()
    const clock = new ManualClock()
    const exchange = transport(tcp.address, { clock }).exchange(REALM, AS_REQ, caller.signal)
    await udp.asked(1)
    caller.abort()
    await assert.rejects(exchange, { code: 'ERR_KRB_ABORTED' })
    await settled()
    assert.equal(clock.pending, 0)

    const never: LookupFunction = () => undefined
    const named = transport('kdc.example', { clock, lookup: never })
    const second = named.exchange(REALM, AS_REQ, AbortSignal.any([caller.signal]))
    await assert.rejects(second, { code: 'ERR_KRB_ABORTED' })
    const third = new AbortController()
    const waiting = named.exchange(REALM, AS_REQ, third.signal)
    await settled()
    third.abort()
    await assert.rejects(waiting, { code: 'ERR_KRB_ABORTED' })
    assert.equal(clock.pending, 0)
  })

  it('looks names up as it is told', async () => {
    const { tcp, udp } = await both(datagram(UDP_REPLY))
    const lookup: LookupFunction = (name, options, done) => {
      assert.deepEqual([name, options.all], ['kdc.example', true])
      done(null, [{ address: '127.0.0.1', family: 4 }])
    }
    const network = transport(`kdc.example:${tcp.port}`, { lookup })
    assert.deepEqual(await network.exchange(REALM, AS_REQ), UDP_REPLY)
    assert.equal(udp.received.length, 1)
    for (const error of [null, new Error('ENOTFOUND kdc.example')]) {
      const failing: LookupFunction = (_name, _options, done) => {
        done(error, [])
      }
      const lost = transport('kdc.example', { lookup: failing })
      await assert.rejects(lost.exchange(REALM, AS_REQ), { code: 'ERR_KRB_KDC_UNREACHABLE' })
    }
  })
})
