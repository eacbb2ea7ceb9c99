import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { decodeUriAnswer, encodeUriQuery } from '../../../../src/kerberos/io/dns-message.ts'
import {
  DnsKdcLocator,
  dnsUriResolver,
  type DnsKdcLocatorOptions,
  type SrvRecord,
  type UriRecord,
} from '../../../../src/kerberos/io/index.ts'
import { formatKdcAddress } from '../../../../src/kerberos/io/kdc-address.ts'
import { parseKdcUri } from '../../../../src/kerberos/io/kdc-uri.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import { ManualClock, MemoryLogger } from '../../../support/manual-clock.ts'

const NAME = '_kerberos.IPA.EXAMPLE'
const query = encodeUriQuery(7, NAME)
const KKDCP = 'krb5srv:m:kkdcp:https://ipa.example/KdcProxy'

/** RFC 7553 section 4.5: priority, weight, and the target to the end of the record. */
function record(priority: number, weight: number, target: string): Buffer {
  const head = Buffer.from('c00c01000001000003840000', 'hex')
  head.writeUInt16BE(4 + target.length, 10)
  const numbers = Buffer.of(priority >> 8, priority & 0xff, weight >> 8, weight & 0xff)
  return Buffer.concat([head, numbers, Buffer.from(target, 'latin1')])
}

function answering(question: Buffer, ...records: readonly Buffer[]): Buffer {
  const head = Buffer.from(question)
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, ...records])
}

describe('URI questions and answers', () => {
  it('are those of RFC 7553', () => {
    assert.equal(query.readUInt16BE(query.length - 4), 256)
    const alias = Buffer.from('c00c00050001000003840004016100' + '00', 'hex').subarray(0, 16)
    const octets = answering(query, alias, record(10, 1, KKDCP))
    assert.deepEqual(decodeUriAnswer(octets, query).records, [
      { target: KKDCP, priority: 10, weight: 1, ttlSeconds: 900 },
    ])
  })

  it('are refused when cut off anywhere, or with a target that is no plain text', () => {
    const octets = answering(query, record(10, 1, KKDCP))
    for (let end = 0; end < octets.length; end++) {
      assert.throws(() => decodeUriAnswer(octets.subarray(0, end), query))
    }
    for (const target of ['krb5srv:m:tcp:a b', 'krb5srv:m:tcp:a\n', 'krb5srv:m:tcp:ä']) {
      assert.throws(() => decodeUriAnswer(answering(query, record(0, 0, target)), query))
    }
    const short = Buffer.from(record(0, 0, ''))
    short.writeUInt16BE(3, 10)
    assert.throws(() => decodeUriAnswer(answering(query, short), query))
  })

  it('are asked of a name server', async () => {
    const udp = createSocket('udp4')
    udp.on('message', (asked, peer) => {
      udp.send(answering(asked, record(0, 100, KKDCP)), peer.port, peer.address)
    })
    udp.bind(0, '127.0.0.1')
    await once(udp, 'listening')
    const servers = [`127.0.0.1:${udp.address().port}`]
    try {
      const [found] = await dnsUriResolver({ servers, random: systemRandom, timeoutMs: 20_000 })(
        NAME,
      )
      assert.equal(found?.target, KKDCP)
    } finally {
      udp.close()
    }
  })
})

describe('the URI of a KDC', () => {
  for (const [target, address] of [
    ['krb5srv:m:tcp:kdc.example', 'kdc.example:88'],
    ['krb5srv::udp:kdc.example.:1088', 'kdc.example:1088'],
    ['KRB5SRV:M:TCP:kdc.example.', 'kdc.example:88'],
    ['krb5srv:m:tcp:[fd00::1]:88', '[fd00::1]:88'],
    [KKDCP, 'https://ipa.example/KdcProxy'],
  ] as const) {
    it(`may be ${target}`, () => {
      const read = parseKdcUri(target)
      assert.ok(read)
      assert.equal(formatKdcAddress(read), address)
    })
  }

  for (const target of [
    '',
    'https://ipa.example/KdcProxy',
    'krb5srv:m:kkdcp:http://ipa.example/KdcProxy',
    'krb5srv:m:kkdcp:ipa.example',
    'krb5srv:m:tcp:https://ipa.example/',
    'krb5srv:m:tcp:',
    'krb5srv:m:tcp:a:b:c',
    'krb5srv:m:sctp:kdc.example',
    'other:m:tcp:kdc.example',
  ]) {
    it(`cannot be ${JSON.stringify(target)}`, () => {
      assert.equal(parseKdcUri(target), undefined)
    })
  }
})

describe('DnsKdcLocator with URI records', () => {
  const REALM = 'IPA.EXAMPLE'
  const srv: SrvRecord = { name: 'srv', port: 88, priority: 0, weight: 0 }
  const setUp = (
    uris: readonly UriRecord[] | Error,
    options: Partial<DnsKdcLocatorOptions> = {},
  ) => {
    const asked: string[] = []
    const logger = new MemoryLogger()
    const locator = new DnsKdcLocator({
      resolve: (name) => {
        asked.push(name)
        return Promise.resolve([srv])
      },
      resolveUri: (name) => {
        asked.push(name)
        return uris instanceof Error ? Promise.reject(uris) : Promise.resolve(uris)
      },
      ...{ clock: new ManualClock(), random: systemRandom, logger, ...options },
    })
    const locate = async () => (await locator.locate(REALM)).map(formatKdcAddress).join(' ')
    return { locate, asked, logger }
  }
  const uri = (target: string, priority = 0): UriRecord => ({ target, priority, weight: 0 })

  it('takes them before SRV records, in their order, and asks for no site', async () => {
    const sites = { sitesOf: () => Promise.reject(new Error('asked')) }
    const { locate, asked } = setUp(
      [uri('krb5srv:m:udp:kdc', 2), uri(KKDCP, 1), uri('krb5srv:m:tcp:kdc', 2), uri('other:x', 0)],
      { sites },
    )
    assert.equal(await locate(), 'https://ipa.example/KdcProxy kdc:88')
    assert.deepEqual(asked, [NAME])
  })

  for (const [what, uris] of [
    ['none', []],
    ['none of Kerberos', [uri('other:x')]],
    ['a failure', new Error('NOTIMP')],
  ] as const) {
    it(`takes SRV records where there is ${what}`, async () => {
      const { locate, asked, logger } = setUp(uris)
      assert.equal(await locate(), 'srv:88')
      assert.deepEqual(asked, [NAME, `_kerberos._tcp.${REALM}`])
      assert.ok(logger.lines.every(({ level }) => level === 'debug'))
    })
  }
})
