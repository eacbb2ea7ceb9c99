import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  decodeCcache,
  encodeCcache,
  findTgt,
  findTicket,
  newCcache,
  type Ccache,
  type CcacheCredential,
} from '../../../../src/kerberos/files/index.ts'

const hex = (...parts: readonly string[]) => Buffer.from(parts.join(''), 'hex')

/** Written out by hand after MIT's description of the format. */
const PRINCIPAL_A = ['00000001', '00000001', '0000000152', '0000000161'].join('')
const KRBTGT_R = ['00000002', '00000002', '0000000152', '000000066b7262746774', '0000000152'].join(
  '',
)
const KEY_V3 = ['0011', '0011', '00000010', '00112233445566778899aabbccddeeff'].join('')
const KEY_V4 = ['0011', '00000010', '00112233445566778899aabbccddeeff'].join('')
const TIMES = ['00000001', '00000002', '00000003', '00000000'].join('')
const REST = ['00', '40e10000', '00000000', '00000000', '00000003010203', '00000000'].join('')
const V3 = `0503${PRINCIPAL_A}${PRINCIPAL_A}${KRBTGT_R}${KEY_V3}${TIMES}${REST}`
const CREDENTIAL_V4 = `${PRINCIPAL_A}${KRBTGT_R}${KEY_V4}${TIMES}${REST}`
/** An unknown field, then the offset: 1 second and 2 microseconds back. */
const HEADER = '0012' + '00070002abcd' + '00010008' + 'ffffffff' + 'fffffffe'
const V4 = `0504${HEADER}${PRINCIPAL_A}${CREDENTIAL_V4}`

const A = { nameType: 1, nameString: ['a'] }
const credential: CcacheCredential = {
  client: A,
  clientRealm: 'R',
  server: { nameType: 2, nameString: ['krbtgt', 'R'] },
  serverRealm: 'R',
  sessionKey: { etype: 17, value: Uint8Array.from(hex('00112233445566778899aabbccddeeff')) },
  authTimeMs: 1000,
  startTimeMs: 2000,
  endTimeMs: 3000,
  isUserToUser: false,
  flags: 0x40e10000,
  addresses: [],
  authorizationData: [],
  ticket: Uint8Array.of(1, 2, 3),
  secondTicket: new Uint8Array(0),
}
const cache: Ccache = { principal: A, realm: 'R', credentials: [credential], settings: [] }

const refused = { code: 'ERR_KRB_CCACHE', message: /\(at octet \d+\)$/, mend: /kinit/ }

describe('decodeCcache', () => {
  it('reads version 3', () => {
    assert.deepEqual(decodeCcache(hex(V3)), cache)
  })

  it('reads version 4 with its header, passing over fields it does not know', () => {
    assert.deepEqual(decodeCcache(hex(V4)), { ...cache, kdcOffsetUs: -1_000_002 })
    assert.deepEqual(decodeCcache(hex(`05040000${PRINCIPAL_A}`)), { ...cache, credentials: [] })
  })

  it('reads a negative type of authorization data, as MIT’s library does', () => {
    const authorizationData = '00000001' + 'ffff' + '00000001aa'
    const rest = ['00', '40e10000', '00000000', authorizationData, '00000000', '00000000'].join('')
    const octets = hex(V4.replace(REST, rest))
    const [read] = decodeCcache(octets).credentials
    assert.deepEqual(read?.authorizationData, [{ adType: -1, adData: Uint8Array.of(0xaa) }])
    assert.deepEqual(
      Buffer.from(encodeCcache(decodeCcache(octets))),
      Buffer.from(hex(V4.replace(HEADER, '000c00010008fffffffffffffffe').replace(REST, rest))),
    )
  })

  it('takes the time of authentication for the start where there is none', () => {
    const [read] = decodeCcache(hex(V3.replace('0000000100000002', '0000000100000000'))).credentials
    assert.equal(read?.startTimeMs, 1000)
  })

  it('leaves out what MIT’s library removed', () => {
    const times = 'ffffffff000000020000000000000000'
    const removed = CREDENTIAL_V4.replace(TIMES, times)
    const octets = hex(`05040000${PRINCIPAL_A}${removed}${CREDENTIAL_V4}`)
    assert.deepEqual(decodeCcache(octets), cache)
  })

  for (const [what, octets] of [
    ['nothing at all', ''],
    ['version 1', V3.replace('0503', '0501')],
    ['version 2', V3.replace('0503', '0502')],
    ['version 5', V3.replace('0503', '0505')],
    ['a keytab', '0502'],
    ['another file', '7f454c46'],
    ['a header beyond the end', '0504ffff'],
    ['a header field beyond the header', `0504000500010008ff${PRINCIPAL_A}`],
    ['an offset of another length', `0504000600010002abcd${PRINCIPAL_A}`],
    ['a name without components', V3.replace('0000000100000001', '0000000100000000')],
    ['a name of 2^32 - 1 components', V3.replace('0000000100000001', '00000001ffffffff')],
    ['a realm that is not UTF-8', V3.replace('0000000152', '00000001ff')],
    ['a realm that holds NUL', V3.replace('0000000152', '0000000100')],
    ['two types of one key', V3.replace('00110011', '00110012')],
    ['a flag that is neither 0 nor 1', V3.replace('0040e10000', '0240e10000')],
    ['2^32 - 1 addresses', V3.replace('40e1000000000000', '40e10000ffffffff')],
    ['a ticket beyond the end', V3.replace('00000003010203', '7fffffff010203')],
    ['an octet after the last credential', `${V3}00`],
  ] as const) {
    it(`refuses ${what} and says where`, () => {
      assert.throws(() => decodeCcache(hex(octets)), refused)
    })
  }

  it('refuses a setting with another name', () => {
    const setting = { ...credential, serverRealm: 'X-CACHECONF:' }
    const octets = encodeCcache({ ...cache, credentials: [setting] })
    assert.throws(() => decodeCcache(octets), refused)
  })

  it('reads no more than it may', () => {
    const octets = hex(V3)
    assert.throws(() => decodeCcache(octets, { maxOctets: octets.length - 1 }), refused)
    assert.ok(decodeCcache(octets, { maxOctets: octets.length }))
  })

  it('refuses every prefix but those that end between credentials', () => {
    for (const [text, whole] of [
      [V3, [2 + PRINCIPAL_A.length / 2]],
      [V4, [2 + HEADER.length / 2 + PRINCIPAL_A.length / 2]],
    ] as const) {
      const octets = hex(text)
      for (let end = 0; end < octets.length; end++) {
        const prefix = octets.subarray(0, end)
        if (whole.includes(end)) assert.deepEqual(decodeCcache(prefix).credentials, [])
        else assert.throws(() => decodeCcache(prefix), refused, `${end} octets`)
      }
    }
  })

  it('gives a cache or its own error for changed octets and for any octets', () => {
    const readOrRefuse = (octets: Uint8Array): void => {
      try {
        decodeCcache(octets)
      } catch (error) {
        assert.ok(error instanceof KerberosError && error.code === 'ERR_KRB_CCACHE')
      }
    }
    for (const text of [V3, V4]) {
      const octets = hex(text)
      for (let at = 0; at < octets.length; at++) {
        for (const flip of [1, 0x80, 0xff]) {
          const changed = Uint8Array.from(octets)
          changed[at] = (changed[at] ?? 0) ^ flip
          readOrRefuse(changed)
        }
      }
    }
    fc.assert(
      fc.property(fc.constantFrom('0503', '05040000'), fc.uint8Array(), (start, octets) => {
        readOrRefuse(Buffer.concat([hex(start), octets]))
      }),
    )
  })
})

const octets = fc.uint8Array({ maxLength: 20 })
const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((each) => !each.includes('\0'))
const name = fc.record(
  {
    nameType: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    nameString: fc.array(text, { minLength: 1, maxLength: 4 }),
  },
  { noNullPrototype: true },
)
const secondsMs = fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((seconds) => seconds * 1000)
const uint16 = fc.nat(0xffff)
const REQUIRED: readonly Exclude<keyof CcacheCredential, 'renewTillMs'>[] = [
  'client',
  'clientRealm',
  'server',
  'serverRealm',
  'sessionKey',
  'authTimeMs',
  'startTimeMs',
  'endTimeMs',
  'isUserToUser',
  'flags',
  'addresses',
  'authorizationData',
  'ticket',
  'secondTicket',
]
const anyCredential: fc.Arbitrary<CcacheCredential> = fc.record(
  {
    client: name,
    clientRealm: text,
    server: name,
    serverRealm: text,
    sessionKey: fc.record({ etype: uint16, value: octets }, { noNullPrototype: true }),
    authTimeMs: secondsMs,
    startTimeMs: secondsMs,
    endTimeMs: secondsMs,
    renewTillMs: secondsMs,
    isUserToUser: fc.boolean(),
    flags: fc.nat(0xffffffff),
    addresses: fc.array(
      fc.record({ addrType: uint16, address: octets }, { noNullPrototype: true }),
      { maxLength: 2 },
    ),
    authorizationData: fc.array(
      fc.record(
        { adType: fc.integer({ min: -0x8000, max: 0x7fff }), adData: octets },
        { noNullPrototype: true },
      ),
      { maxLength: 2 },
    ),
    ticket: octets,
    secondTicket: octets,
  },
  { requiredKeys: [...REQUIRED], noNullPrototype: true },
)
const anyCache = fc.record(
  {
    principal: name,
    realm: text,
    kdcOffsetUs: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    credentials: fc.array(anyCredential, { maxLength: 3 }),
    settings: fc.array(
      fc.record(
        { key: text, principal: text, value: octets },
        { requiredKeys: ['key', 'value'], noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['principal', 'realm', 'credentials', 'settings'], noNullPrototype: true },
)

describe('encodeCcache', () => {
  it('writes version 4', () => {
    const octetsOf = hex(`05040000${PRINCIPAL_A}${CREDENTIAL_V4}`)
    assert.deepEqual(Buffer.from(encodeCcache(cache)), octetsOf)
  })

  it('is turned back by decodeCcache', () => {
    fc.assert(
      fc.property(anyCache, (one) => {
        assert.deepEqual(decodeCcache(encodeCcache(one)), one)
      }),
    )
  })

  it('refuses numbers that do not fit', () => {
    const bad = { ...credential, endTimeMs: 2 ** 32 * 1000 }
    assert.throws(() => encodeCcache({ ...cache, credentials: [bad] }), RangeError)
  })
})

describe('tickets in a credential cache', () => {
  it('belong to the principal of the first one', () => {
    const ticket = {
      client: credential.client,
      clientRealm: credential.clientRealm,
      server: credential.server,
      serverRealm: credential.serverRealm,
      ticket: credential.ticket,
      sessionKey: credential.sessionKey,
      flags: credential.flags,
      authTimeMs: credential.authTimeMs,
      startTimeMs: credential.startTimeMs,
      endTimeMs: credential.endTimeMs,
    }
    assert.deepEqual(newCcache([ticket]), cache)
    assert.throws(() => newCcache([]), RangeError)
  })

  it('remember as MIT does that a KDC armours requests', () => {
    const tgt = { ...credential, endTimeMs: 9000 }
    const armoring = newCcache([{ ...tgt, fastAvailable: true }])
    const [setting] = armoring.settings
    assert.deepEqual(setting && { ...setting, value: Buffer.from(setting.value).toString() }, {
      key: 'fast_avail',
      principal: 'krbtgt/R@R',
      value: 'yes',
    })
    const back = decodeCcache(encodeCcache(armoring))
    assert.equal(findTgt(back, tgt.startTimeMs)?.fastAvailable, true)
    const plain = decodeCcache(encodeCcache(newCcache([tgt])))
    assert.equal(findTgt(plain, tgt.startTimeMs)?.fastAvailable, undefined)
  })

  it('are found by service, realm and time; the one that is valid longest counts', () => {
    const longer = { ...credential, endTimeMs: 9000 }
    const others: readonly CcacheCredential[] = [
      { ...longer, clientRealm: 'S' },
      { ...longer, client: { nameType: 1, nameString: ['b'] } },
      { ...longer, serverRealm: 'S' },
      { ...longer, server: { nameType: 2, nameString: ['krbtgt', 'S'] } },
      { ...longer, isUserToUser: true },
    ]
    const full = { ...cache, credentials: [...others, credential, { ...longer, endTimeMs: 8000 }] }
    assert.equal(findTgt(full, 2500)?.endTimeMs, 8000)
    assert.equal(findTgt(full, 8000), undefined)
    assert.equal(findTgt(full, 1999), undefined)
    const wanted = { server: { nameType: 0, nameString: ['krbtgt', 'S'] }, realm: 'R', nowMs: 2000 }
    assert.equal(findTicket(full, wanted)?.endTimeMs, 9000)
  })
})
