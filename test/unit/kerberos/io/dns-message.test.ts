import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeSrvAnswer, encodeSrvQuery } from '../../../../src/kerberos/io/dns-message.ts'
import { dnsSrvResolver } from '../../../../src/kerberos/io/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'

const NAME = '_kerberos._tcp.corp.example'
const query = encodeSrvQuery(7, NAME)

/** What Samba 4.22 answered, target compressed, with an SOA record behind; seen on the wire of the lab. */
const SAMBA = Buffer.from(
  '00078500000100010001000009' +
    Buffer.from('_kerberos').toString('hex') +
    '045f74637004636f7270076578616d706c65000021000' +
    '1c00c0021000100000384000c00000064005803646331c01bc01b0006000100000e100023c03f' +
    '0a686f73746d6173746572c01b00000001000003840000025800015180' +
    '00000e10',
  'hex',
)

const record = { name: 'dc1.corp.example', port: 88, priority: 0, weight: 100, ttlSeconds: 900 }

/** An answer that holds these octets as its records. */
function answering(count: number, records: string, flags = 0x8180): Buffer {
  const head = Buffer.from(query)
  head.writeUInt16BE(flags, 2)
  head.writeUInt16BE(count, 6)
  return Buffer.concat([head, Buffer.from(records, 'hex')])
}

describe('SRV questions and answers', () => {
  it('are those of RFC 1035', () => {
    const name = '095f6b65726265726f73045f74637004636f7270076578616d706c6500'
    assert.equal(query.toString('hex'), `000701000001000000000000${name}00210001`)
    for (const bad of ['', 'a..b', 'a b', `${'a'.repeat(64)}.b`, 'a.'.repeat(127) + 'a', 'é']) {
      assert.throws(() => encodeSrvQuery(1, bad), RangeError)
    }
  })

  it('are read as Samba answers, with a compressed target', () => {
    assert.deepEqual(decodeSrvAnswer(SAMBA, query), { truncated: false, records: [record] })
  })

  it('may say that there is nothing, or that the answer did not fit', () => {
    assert.deepEqual(decodeSrvAnswer(answering(0, '', 0x8183), query).records, [])
    assert.deepEqual(decodeSrvAnswer(answering(0, ''), query).records, [])
    assert.equal(decodeSrvAnswer(answering(0, '', 0x8380), query).truncated, true)
  })

  it('may lead over an alias', () => {
    const alias = 'c00c0005000100000384000401' + '61c015'
    const srv = 'c00c00210001000003840009000000640058016100'
    const records = [{ ...record, name: 'a' }]
    assert.deepEqual(decodeSrvAnswer(answering(2, alias + srv), query).records, records)
  })

  for (const [what, octets] of [
    ['a question', query],
    ['another number', Buffer.concat([Buffer.of(0, 8), SAMBA.subarray(2)])],
    ['a failure', answering(0, '', 0x8182)],
    ['another question', Buffer.from(answering(0, '')).fill('x', 13, 15)],
    ['a pointer to itself', answering(1, 'c02d')],
    ['a pointer forward', answering(1, 'c0ff')],
    ['a label of an unknown kind', answering(1, '80')],
    ['a target that is no text', answering(1, 'c00c0021000100000384000900000064005801ff00')],
    ['a record of another length', answering(1, 'c00c00210001000003840008000000640058016100')],
    ['too many records', answering(257, '')],
    ['a name that is too long', answering(1, `${`3f${'61'.repeat(63)}`.repeat(4)}00`)],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.throws(() => decodeSrvAnswer(octets, query))
    })
  }

  it('are refused when cut off within the answer, and never hang', () => {
    for (let end = 0; end < query.length + 24; end++) {
      assert.throws(() => decodeSrvAnswer(SAMBA.subarray(0, end), query))
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(8), (octets, count) => {
        try {
          decodeSrvAnswer(answering(count, Buffer.from(octets).toString('hex')), query)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }),
    )
  })
})

describe('dnsSrvResolver', () => {
  it('passes over strays, asks again over TCP when the answer did not fit, and keeps the time to live', async () => {
    const tcp = createServer((socket) => {
      socket.once('data', (asked: Buffer) => {
        const answer = Buffer.concat([asked.subarray(2, 4), SAMBA.subarray(2)])
        const length = Buffer.of(answer.length >>> 8, answer.length & 0xff)
        const whole = Buffer.concat([length, answer])
        socket.write(whole.subarray(0, 9))
        setImmediate(() => socket.end(whole.subarray(9)))
      })
    })
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const address = tcp.address()
    assert.ok(typeof address === 'object' && address)
    const udp = createSocket('udp4')
    udp.on('message', (asked, peer) => {
      const stray = Buffer.from(asked)
      stray.writeUInt16BE(asked.readUInt16BE(0) ^ 1, 0)
      const truncated = Buffer.from(asked)
      truncated.writeUInt16BE(0x8380, 2)
      for (const octets of [Buffer.of(1), stray, truncated]) {
        udp.send(octets, peer.port, peer.address)
      }
    })
    udp.bind(address.port, '127.0.0.1')
    await once(udp, 'listening')
    const servers = [`127.0.0.1:${address.port}`]
    try {
      assert.deepEqual(
        await dnsSrvResolver({ servers, random: systemRandom, timeoutMs: 20_000 })(NAME),
        [record],
      )
    } finally {
      udp.close()
      tcp.close()
    }
  })

  it('says which name servers did not answer, and what to look at', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const servers = [`127.0.0.1:${silent.address().port}`]
    const resolve = dnsSrvResolver({ servers, random: systemRandom, timeoutMs: 50, tries: 1 })
    try {
      await assert.rejects(resolve(NAME), {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message:
          /no answer for _kerberos\._tcp\.corp\.example: 127\.0\.0\.1:\d+: no answer within 50 ms/,
        mend: /Check the name servers/,
      })
    } finally {
      silent.close()
    }
  })

  it('wants addresses of name servers', () => {
    for (const server of ['dc1.corp.example', '127.0.0.1:0', '']) {
      assert.throws(() => dnsSrvResolver({ servers: [server], random: systemRandom }), RangeError)
    }
  })
})
