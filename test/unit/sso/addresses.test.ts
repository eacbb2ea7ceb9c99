import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressRule, parseAddress, parseNetwork } from '../../../src/sso/addresses.ts'

describe('parseAddress', () => {
  const forms: Readonly<Record<string, string>> = {
    '10.1.2.3': '0a010203',
    '::': '00000000000000000000000000000000',
    '::1': '00000000000000000000000000000001',
    '2001:db8::ff00:42:8329': '20010db8000000000000ff0000428329',
    'fe80::1%eth0': 'fe800000000000000000000000000001',
    // RFC 4291 section 2.5.5.2: reaches the IPv4 address.
    '::ffff:127.0.0.1': '7f000001',
    '::ffff:7f00:1': '7f000001',
    '64:ff9b::10.0.0.1': '0064ff9b00000000000000000a000001',
  }
  for (const [text, hex] of Object.entries(forms)) {
    it(`reads ${text}`, () => {
      assert.equal(Buffer.from(parseAddress(text) ?? []).toString('hex'), hex)
    })
  }

  const wrong = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    '127.1',
    '1::2::3',
    ':::',
    '1:2:3',
    'g::1',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%a%b',
    'fe80::1%eth 0',
    'localhost',
  ]
  for (const text of wrong) {
    it(`refuses '${text}'`, () => {
      assert.equal(parseAddress(text), undefined)
    })
  }

  it('agrees with node on what an address is', () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string(),
      fc.ipV6().map((address) => address.slice(1)),
    )
    fc.assert(
      fc.property(text, (value) => (parseAddress(value) !== undefined) === (isIP(value) !== 0)),
    )
  })
})

describe('parseNetwork', () => {
  it('refuses prefixes that are too long or malformed', () => {
    for (const text of [
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '10.0.0.0/a',
    ]) {
      assert.equal(parseNetwork(text), undefined, text)
    }
  })
})

describe('addressRule', () => {
  it('refuses this host, the link, multicast and metadata services unless listed', () => {
    const allows = addressRule(undefined)
    const refused = [
      '127.0.0.1',
      '127.88.1.10',
      '0.0.0.0',
      '169.254.169.254',
      '100.100.100.200',
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      '::',
      '::ffff:127.0.0.1',
      'fe80::1',
      'ff02::1',
      'fd00:ec2::254',
      'fd00:ec2::23',
      'fd20:ce::254',
      'fd00:c1::a9fe:a9fe',
      'fd00:42::42',
      'fe80::a9fe:a9fe',
      '168.63.129.16',
      '192.0.0.192',
      '192.88.99.1',
      '100::1',
      'fec0::1',
      'nonsense',
      '',
    ]
    for (const address of refused) assert.equal(allows(address), false, address)
    for (const address of ['10.0.0.1', '192.168.1.1', '8.8.8.8', 'fd00::1', '2001:db8::1']) {
      assert.equal(allows(address), true, address)
    }
  })

  it('allows what is listed and nothing else', () => {
    const allows = addressRule(['127.88.0.0/16', 'fd00:1::/33', '10.0.0.5'])
    for (const address of ['127.88.3.10', '::ffff:127.88.0.1', 'fd00:1:7fff::1', '10.0.0.5']) {
      assert.equal(allows(address), true, address)
    }
    for (const address of ['127.89.0.1', 'fd00:1:8000::1', '10.0.0.6', '10.0.0.4', '::1']) {
      assert.equal(allows(address), false, address)
    }
  })

  /** Every form of IPv6 address that holds an IPv4 address, from its two groups of hex digits. */
  const embeddings: Readonly<Record<string, (high: string, low: string) => string>> = {
    'IPv4-compatible': (high, low) => `::${high}:${low}`,
    'IPv4-translated': (high, low) => `::ffff:0:${high}:${low}`,
    NAT64: (high, low) => `64:ff9b::${high}:${low}`,
    'local NAT64': (high, low) => `64:ff9b:1::${high}:${low}`,
    '6to4': (high, low) => `2002:${high}:${low}::1`,
    Teredo: (high, low) => `2001:0:${high}:${low}::1`,
    ISATAP: (high, low) => `2001:db8::5efe:${high}:${low}`,
    'ISATAP, global': (high, low) => `2001:db8::200:5efe:${high}:${low}`,
  }
  const octet = fc.integer({ min: 0, max: 255 })
  const ipv4 = fc.tuple(octet, octet, octet, octet)
  const groups = (parts: readonly number[]): [string, string] => {
    const hex = Buffer.from(parts).toString('hex')
    return [hex.slice(0, 4), hex.slice(4)]
  }

  it('is not led around by forms that embed an IPv4 address', () => {
    const allows = addressRule(undefined)
    fc.assert(
      fc.property(ipv4, fc.constantFrom(...Object.values(embeddings)), (parts, embed) => {
        assert.equal(allows(embed(...groups(parts))), false)
      }),
    )
    fc.assert(
      fc.property(ipv4, (parts) => {
        const [high, low] = groups(parts)
        assert.equal(allows(`::ffff:${high}:${low}`), allows(parts.join('.')))
      }),
    )
  })

  it('allows nothing outside what is listed, however it is spelt', () => {
    const bits = fc.integer({ min: 0, max: 32 })
    fc.assert(
      fc.property(ipv4, bits, ipv4, (network, prefix, address) => {
        const allows = addressRule([`${network.join('.')}/${prefix}`])
        const differs = (index: number) => {
          const mask = (0xff << (8 - Math.max(0, Math.min(8, prefix - 8 * index)))) & 0xff
          return (((network[index] ?? 0) ^ (address[index] ?? 0)) & mask) !== 0
        }
        if ([0, 1, 2, 3].some(differs)) assert.equal(allows(address.join('.')), false)
      }),
    )
  })

  it('does not take a wide network for the refused ones inside it', () => {
    const wide = addressRule(['0.0.0.0/0', '::/0', '169.0.0.0/8', 'fd00::/8'])
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fd00:ec2::254', '2002::1']) {
      assert.equal(wide(address), false, address)
    }
    assert.equal(wide('10.1.1.1') && wide('fd00:1::1'), true)
    const exact = addressRule(['127.0.0.0/8', '169.254.169.254', '64:ff9b::/96'])
    assert.equal(['127.0.0.1', '169.254.169.254', '64:ff9b::1'].every(exact), true)
  })

  it('refuses texts that are no networks', () => {
    assert.throws(() => addressRule(['corp.example']), RangeError)
  })
})
