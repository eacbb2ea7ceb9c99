import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  decodeNetlogonAnswer,
  encodeNetlogonPing,
} from '../../../../src/kerberos/io/cldap-message.ts'
import {
  DcFlag,
  decodeNetlogonResponse,
  NetlogonVersion,
} from '../../../../src/kerberos/io/netlogon-response.ts'
import {
  namesOf,
  nameOctets,
  netlogonOctets,
  searchDone,
  searchEntry,
} from '../../../support/domain-controller.ts'

const decodeError = { code: 'ERR_KRB_DECODE' }

// Datagrams of a Samba 4.22.6 domain controller to pings with the message number 7 and NtVer 6; to the second, a subnet
// was made that puts the asker into a site without domain controllers; the third was for a domain it does not have.
const SAMBA = Buffer.from(
  '307602010764710400306d306b04086e65746c6f676f6e315f045d17000000bd1100002a35e88128a21841a928de2a5fbd5e5b04636f727007' +
    '6578616d706c6500c01803646331c01804434f5250000344433100001744656661756c742d46697273742d536974652d4e616d6500c03a0500' +
    '0000ffffffff300c02010765070a010004000400',
  'hex',
)
const SAMBA_BRANCH = Buffer.from(
  '307c020107647704003073307104086e65746c6f676f6e31650463170000003dd1010021df4ff9ae08ff4987625d6e58a368fc04636f7270' +
    '076578616d706c6500c01803646331c01804434f5250000344433100001744656661756c742d46697273742d536974652d4e616d6500064272' +
    '616e63680005000000ffffffff300c02010765070a010004000400',
  'hex',
)
const SAMBA_NO_DOMAIN = Buffer.from('300c02010765070a010004000400', 'hex')
// With NtVer 1e: the controller's address is in it.
const SAMBA_ADDRESS = Buffer.from(
  '3081880201076481820400307e307c04086e65746c6f676f6e3170046e17000000bd1100002a35e88128a21841a928de2a5fbd5e5b04636f72' +
    '70076578616d706c6500c01803646331c01804434f5250000344433100001744656661756c742d46697273742d536974652d4e616d6500c03a' +
    '10020000007f58010100000000000000000d000000ffffffff300c02010765070a010004000400',
  'hex',
)

function valueOf(datagram: Uint8Array, messageId = 7): Uint8Array {
  const value = decodeNetlogonAnswer(datagram, messageId)
  assert.ok(value)
  return value
}

describe('an LDAP ping', () => {
  it('is a search that any LDAP server can read', () => {
    const ping = { messageId: 7, dnsDomain: 'corp.example', host: 'CONN1', ntVersion: 0x16 }
    // Written by hand after RFC 4511; Samba answers it.
    const filter =
      ['a31904', '09', '446e73446f6d61696e', '04', '0c', '636f72702e6578616d706c65'].join('') +
      ['a30d04', '04', '486f7374', '04', '05', '434f4e4e31'].join('') +
      ['a30d04', '05', '4e74566572', '04', '04', '16000000'].join('')
    const attributes = '300a04084e65746c6f676f6e'
    const search = `04000a01000a0100020100020100010100a0${(filter.length / 2).toString(16)}${filter}${attributes}`
    const message = `02010763${(search.length / 2).toString(16)}${search}`
    const whole = `30${(message.length / 2).toString(16)}${message}`
    assert.equal(Buffer.from(encodeNetlogonPing(ping)).toString('hex'), whole)
  })
})

describe('the answer to an LDAP ping', () => {
  it('is read as Samba writes it', () => {
    assert.deepEqual(decodeNetlogonResponse(valueOf(SAMBA)), {
      flags: 0x11bd,
      dnsForestName: 'corp.example',
      dnsDomainName: 'corp.example',
      dnsHostName: 'dc1.corp.example',
      dcSiteName: 'Default-First-Site-Name',
      clientSiteName: 'Default-First-Site-Name',
      nextClosestSiteName: undefined,
    })
    assert.deepEqual(
      decodeNetlogonResponse(valueOf(SAMBA_ADDRESS)),
      decodeNetlogonResponse(valueOf(SAMBA)),
    )
    const branch = decodeNetlogonResponse(valueOf(SAMBA_BRANCH))
    assert.equal(branch.clientSiteName, 'Branch')
    assert.equal(branch.flags & (DcFlag.CLOSEST | DcFlag.KDC | DcFlag.WRITABLE), 0x120)
    assert.equal(decodeNetlogonAnswer(SAMBA_NO_DOMAIN, 7), undefined)
  })

  it('is read with lengths as Active Directory writes them', () => {
    const datagram = Buffer.concat([searchEntry(300, netlogonOctets()), searchDone(300)])
    assert.equal(decodeNetlogonResponse(valueOf(datagram, 300)).clientSiteName, 'Branch')
  })

  for (const [what, datagram] of [
    ['a whole answer', SAMBA],
    [
      'an answer with long lengths',
      Buffer.concat([searchEntry(7, netlogonOctets()), searchDone(7)]),
    ],
    ['an answer without a domain', SAMBA_NO_DOMAIN],
  ] as const) {
    it(`is refused when ${what} is cut off anywhere, or has more behind it`, () => {
      for (let end = 0; end < datagram.length; end++) {
        assert.throws(() => decodeNetlogonAnswer(datagram.subarray(0, end), 7), decodeError)
      }
      const more = Buffer.concat([datagram, Buffer.of(0)])
      assert.throws(() => decodeNetlogonAnswer(more, 7), decodeError)
    })

    it(`is read or refused, nothing else, when one octet of ${what} is changed`, () => {
      for (let at = 0; at < datagram.length; at++) {
        for (const flip of [0x01, 0x20, 0x80, 0xff]) {
          const changed = Buffer.from(datagram)
          changed[at] = (changed[at] ?? 0) ^ flip
          readOrRefused(changed)
        }
      }
    })
  }

  it('of other parts is refused', () => {
    const value = netlogonOctets()
    const done = searchDone(7)
    for (const [datagram, says] of [
      [Buffer.concat([searchEntry(8, value), searchDone(8)]), /another search/],
      [Buffer.concat([searchEntry(7, value), searchDone(8)]), /another search/],
      [Buffer.concat([searchEntry(7, value, 'other'), done]), /not the attribute Netlogon/],
      [Buffer.concat([searchEntry(7, value), searchEntry(7, value)]), /0x65 wanted, 0x64 found/],
      [Buffer.concat([done, done]), /left over/],
      [searchDone(7, 1), /resultCode 1/],
      [Buffer.alloc(9000, 0x30), /more than 8192 octets/],
    ] as const) {
      assert.throws(() => decodeNetlogonAnswer(datagram, 7), { ...decodeError, message: says })
    }
  })
})

function readOrRefused(datagram: Uint8Array): void {
  try {
    const value = decodeNetlogonAnswer(datagram, 7)
    if (value !== undefined) decodeNetlogonResponse(value)
  } catch (error) {
    if (!(error instanceof KerberosError)) throw error
  }
}

describe('NETLOGON_SAM_LOGON_RESPONSE_EX', () => {
  const { WITH_IP, WITH_CLOSEST_SITE } = NetlogonVersion

  it('may hold an address and the next closest site', () => {
    const address = Buffer.concat([Buffer.of(16), Buffer.alloc(16, 7)])
    const next = nameOctets('Hub')
    const read = (ntVersion: number, ...optional: readonly Buffer[]) =>
      decodeNetlogonResponse(netlogonOctets({ ntVersion, optional: Buffer.concat(optional) }))
    assert.equal(read(WITH_IP, address).nextClosestSiteName, undefined)
    assert.equal(read(WITH_CLOSEST_SITE, next).nextClosestSiteName, 'Hub')
    assert.equal(read(WITH_IP | WITH_CLOSEST_SITE, address, next).nextClosestSiteName, 'Hub')
    assert.throws(() => read(5, next), { ...decodeError, message: /5 octets are left over/ })
    assert.throws(() => read(WITH_IP, Buffer.of(200)), { ...decodeError, message: /cut off/ })
    assert.throws(() => read(WITH_CLOSEST_SITE), { ...decodeError, message: /cut off/ })
  })

  it('may leave the site of the asker open, and spell names in UTF-8', () => {
    assert.equal(decodeNetlogonResponse(netlogonOctets({ names: namesOf('') })).clientSiteName, '')
    const zurich = netlogonOctets({ names: namesOf('Zürich') })
    assert.equal(decodeNetlogonResponse(zurich).clientSiteName, 'Zürich')
  })

  it('comes back with the names it was made of', () => {
    const label = fc.stringMatching(/^[a-z0-9ä-ü-]{1,20}$/)
    const name = fc.array(label, { maxLength: 4 }).map((labels) => labels.join('.'))
    const names = fc.array(name, { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(names, fc.nat(0xffffffff), (given, flags) => {
        const read = decodeNetlogonResponse(netlogonOctets({ names: given, flags }))
        assert.deepEqual(
          [read.dnsForestName, read.dnsDomainName, read.dnsHostName],
          given.slice(0, 3),
        )
        assert.deepEqual([read.dcSiteName, read.clientSiteName], given.slice(6))
        assert.equal(read.flags, flags)
      }),
    )
  })

  it('is refused when it is cut off anywhere', () => {
    const octets = valueOf(SAMBA)
    for (let end = 0; end < octets.length; end++) {
      assert.throws(() => decodeNetlogonResponse(octets.subarray(0, end)), decodeError)
    }
  })

  for (const [what, octets, says] of [
    ['of another kind', netlogonOctets({ opcode: 19 }), /the operation 19/],
    ['that is huge', Buffer.alloc(5000), /too many/],
    ['with names that point forward', withName(Buffer.from('c0ff', 'hex')), /points forward/],
    ['with names that point to themselves', withName(Buffer.from('c018', 'hex')), /forward/],
    ['with labels of an unknown kind', withName(Buffer.from('41', 'hex')), /unknown kind/],
    ['with control characters', netlogonOctets({ names: namesOf('a\nb') }), /not plain text/],
    ['with octets that are no UTF-8', withName(Buffer.from('01ff00', 'hex')), /encoded|UTF-8/i],
    [
      'with other tokens',
      Buffer.concat([netlogonOctets().subarray(0, -1), Buffer.of(0)]),
      /tokens/,
    ],
  ] as const) {
    it(`${what} is refused`, () => {
      assert.throws(() => decodeNetlogonResponse(octets), { ...decodeError, message: says })
    })
  }
})

/** With these octets as the first name. */
function withName(first: Buffer): Buffer {
  const whole = netlogonOctets({ names: namesOf('Branch').slice(1) })
  return Buffer.concat([whole.subarray(0, 24), first, whole.subarray(24)])
}
