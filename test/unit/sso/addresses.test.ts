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

  it('refuses texts that are no networks', () => {
    assert.throws(() => addressRule(['corp.example']), RangeError)
  })
})
