/** Which keys open a ticket, what its PAC must say, and through which realms its client may have come. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { generateKey } from '../../../../src/kerberos/crypto/index.ts'
import {
  AcceptError,
  decodeAnyPac,
  KerberosError,
  octetsForTicketChecksum,
  verifyPac,
  type AcceptorOptions,
} from '../../../../src/kerberos/index.ts'
import { transitedRealms } from '../../../../src/kerberos/accept/transited.ts'
import {
  decodeEncTicketPart,
  encodeEncTicketPart,
} from '../../../../src/kerberos/messages/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import {
  AcceptWorld,
  pacSigner,
  SERVICE,
  withPac,
  type TicketChanges,
} from '../../../support/accept-world.ts'
import { sidOctets } from '../../../support/pac-writer.ts'

const world = new AcceptWorld()
const OTHER = 'HTTP/other.corp.example@CORP.EXAMPLE'

function accept(changes: TicketChanges, options: Partial<AcceptorOptions> = {}) {
  return world.acceptor(options).accept(world.initiator(changes).createToken().token)
}

function refused(
  changes: TicketChanges,
  options: Partial<AcceptorOptions>,
  expected: { readonly code: string; readonly krbErrorCode: number; readonly message?: RegExp },
): void {
  assert.throws(
    () => accept(changes, options),
    (error) => {
      assert.ok(error instanceof AcceptError)
      const { code, krbErrorCode, message } = error
      assert.deepEqual([code, krbErrorCode], [expected.code, expected.krbErrorCode], message)
      assert.match(message, expected.message ?? /./)
      return true
    },
  )
}

describe('keys of a service', () => {
  it('open tickets for its name in any case, and of any version that fits', () => {
    accept({ server: 'http/IWA.corp.example@CORP.EXAMPLE' })
    accept({ kvno: 3 + 256 })
    // Keytabs made by hand often have wrong version numbers.
    accept({ kvno: 9 })
  })

  it('are read anew for every token where a function gives them', () => {
    let keys = world.keytab([OTHER])
    const acceptor = world.acceptor({ keys: () => keys })
    const token = () => world.initiator().createToken().token
    assert.throws(() => acceptor.accept(token()), { code: 'ERR_KRB_NOT_ACCEPTED' })
    keys = world.keytab()
    acceptor.accept(token())
  })

  it('do not open tickets of other keys: stale keytab, or another account', () => {
    const serviceKey = generateKey(18, systemRandom)
    refused({ serviceKey }, {}, { code: 'ERR_KRB_INTEGRITY', krbErrorCode: 41 })
    refused(
      { serviceKey, kvno: 4 },
      {},
      {
        code: 'ERR_KRB_NO_KEY',
        krbErrorCode: 44,
        message: /key version 4; the keytab has version 3/,
      },
    )
  })

  it('do not open tickets for other names or realms', () => {
    const notUs = { code: 'ERR_KRB_NOT_ACCEPTED', krbErrorCode: 35, message: /not this service/ }
    refused({ server: OTHER }, {}, notUs)
    refused({ server: SERVICE.replace('@CORP', '@TEST') }, {}, notUs)
    refused({}, { services: [OTHER] }, notUs)
    refused({}, { services: [SERVICE.replace('@CORP', '@TEST')] }, notUs)
    refused({ server: OTHER }, { keys: [], services: [OTHER] }, notUs)
  })

  it('of one name never open a ticket whose name was written over', () => {
    const [key, ...more] = world.keytab()
    assert.ok(key)
    const others = world.keytab([OTHER]).map((entry) => ({
      ...entry,
      key: generateKey(entry.key.etype, systemRandom),
    }))
    const keys = [key, ...more, ...others]
    const serviceKey = others.find((entry) => entry.key.etype === 18)?.key ?? assert.fail()
    accept({ server: OTHER, serviceKey }, { keys })
    // The ticket is for the other service, and says SERVICE outside its cipher.
    const integrity = { code: 'ERR_KRB_INTEGRITY', krbErrorCode: 41 }
    refused({ server: SERVICE, serviceKey }, { keys }, integrity)
  })

  it('of an account open tickets for the names that the service is told it holds', () => {
    const keys = world.keytab(['svc-web@CORP.EXAMPLE'])
    accept({}, { keys, services: ['HTTP/iwa.corp.example'] })
    refused({}, { keys }, { code: 'ERR_KRB_NOT_ACCEPTED', krbErrorCode: 35 })
    refused(
      { server: OTHER },
      { keys, services: ['HTTP/iwa.corp.example'] },
      { code: 'ERR_KRB_NOT_ACCEPTED', krbErrorCode: 35 },
    )
  })

  it('have to be of the ticket’s type', () => {
    const keys = world.keytab().filter(({ key }) => key.etype !== 18)
    refused({}, { keys }, { code: 'ERR_KRB_ETYPE', krbErrorCode: 14, message: /etype 18/ })
  })
})

describe('the PAC of a ticket', () => {
  const accepted = (authorizationData: TicketChanges['authorizationData']) =>
    accept(authorizationData === undefined ? {} : { authorizationData })

  it('is given where its signature is right', () => {
    const { pac } = accepted(withPac(world.pac()))
    assert.equal(pac?.clientInfo.name, 'alice')
    assert.equal(accepted(undefined).pac, undefined)
  })

  const bad = { code: 'ERR_KRB_NOT_ACCEPTED', krbErrorCode: 60 }
  for (const [what, data, expected] of [
    [
      'signed with another key',
      () => withPac(new AcceptWorld().pac()),
      { code: 'ERR_KRB_INTEGRITY', krbErrorCode: 31 },
    ],
    ['of another client', () => withPac(world.pac({ clientName: 'bob' })), bad],
    ['of another time', () => withPac(world.pac({ authTimeMs: world.clock.nowMs() - 1000 })), bad],
    ['that comes twice', () => [...withPac(world.pac()), ...withPac(world.pac())], bad],
    [
      'that is damaged',
      () => withPac(world.pac().subarray(0, 100)),
      { code: 'ERR_KRB_DECODE', krbErrorCode: 40 },
    ],
  ] as const) {
    it(`is refused when ${what}`, () => {
      refused({ authorizationData: data() }, {}, expected)
    })
  }

  it('may name the client with its realm, as MIT krb5 does for clients of other realms', () => {
    accepted(withPac(world.pac({ clientName: 'alice@CORP.EXAMPLE' })))
  })

  it('is refused when it names two accounts', () => {
    const sid = sidOctets('S-1-5-21-1-2-3-1105')
    const upn = Buffer.alloc(24)
    // Empty UPN, domain and name, then the SID.
    for (const [i, number] of [0, 24, 0, 24, 2, 0, 0, 24, sid.length, 24].entries()) {
      upn.writeUInt16LE(number, i * 2)
    }
    const others = [[12, Buffer.concat([upn, sid])]] as const
    refused({ authorizationData: withPac(world.pac({ others })) }, {}, bad)
    accepted(withPac(world.pac({ others, userId: 1105 })))
  })
})

describe('signatures of a PAC', () => {
  const part = decodeEncTicketPart(
    encodeEncTicketPart({
      flags: 0x40a00000,
      key: generateKey(18, systemRandom),
      crealm: 'CORP.EXAMPLE',
      cname: { nameType: 1, nameString: ['alice'] },
      transited: { trType: 1, contents: new Uint8Array(0) },
      authTimeMs: world.clock.nowMs(),
      endTimeMs: world.clock.nowMs() + 3_600_000,
      authorizationData: [
        { adType: 1, adData: Buffer.from('3000', 'hex') },
        ...withPac(Buffer.of(0)),
      ],
    }),
  )
  const octets = world.pac({}, part)
  // The writer signs the ticket with the PAC alone in it.
  const ticket = { ...part, authorizationData: withPac(octets) }
  const pac = decodeAnyPac(octets)
  const service = world.keyOf()
  const kdc = world.kdcKey

  it('are all verified with both keys and the ticket', () => {
    const all = { server: 'verified', kdc: 'verified', ticket: 'verified', full: 'verified' }
    assert.deepEqual(verifyPac(pac, { service, kdc, ticket }), all)
    assert.deepEqual(verifyPac(pac, { service, kdc }), { ...all, ticket: 'unchecked' })
  })

  it('are verified as far as a service can', () => {
    const unchecked = { kdc: 'unchecked', ticket: 'unchecked', full: 'unchecked' }
    assert.deepEqual(verifyPac(pac, { service, ticket }), { server: 'verified', ...unchecked })
    const old = decodeAnyPac(world.pac())
    const absent = { kdc: 'unchecked', ticket: 'absent', full: 'absent' }
    assert.deepEqual(verifyPac(old, { service }), { server: 'verified', ...absent })
  })

  for (const [what, keys, message] of [
    ['another service key', { service: kdc }, /server signature/],
    ['another KDC key', { service, kdc: service }, /KDC signature/],
    [
      'another ticket',
      { service, kdc, ticket: { ...ticket, endTimeMs: ticket.endTimeMs + 1000 } },
      /ticket signature/,
    ],
    ['a ticket of other flags', { service, kdc, ticket: { ...ticket, flags: 0 } }, /ticket/],
  ] as const) {
    it(`are wrong with ${what}`, () => {
      assert.throws(() => verifyPac(pac, keys), { code: 'ERR_KRB_INTEGRITY', message })
    })
  }

  it('are wrong when any octet of the PAC changes, though the service signs it anew', () => {
    const signer = pacSigner(service)
    const from = pac.serverChecksum.mac.byteOffset - octets.byteOffset
    for (let at = 0; at < octets.length; at++) {
      if (at >= from && at < from + 12) continue
      const changed = new Uint8Array(octets)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      assert.throws(
        () => {
          const { serverChecksum, octetsForServerChecksum } = decodeAnyPac(changed)
          serverChecksum.mac.set(signer.sign(octetsForServerChecksum).subarray(0, 12))
          verifyPac(decodeAnyPac(changed), { service, kdc, ticket })
        },
        KerberosError,
        `octet ${at}`,
      )
    }
  })

  it('of a type that is weaker than the key are refused', () => {
    const weak = decodeAnyPac(octets)
    const forged = { ...weak, serverChecksum: { ...weak.serverChecksum, type: -138 } }
    assert.throws(() => verifyPac(forged, { service }), { code: 'ERR_KRB_INTEGRITY' })
  })

  it('of tickets cover everything but the PAC', () => {
    const bare = { ...part, authorizationData: undefined }
    assert.deepEqual(octetsForTicketChecksum(bare), encodeEncTicketPart(bare))
    const zeroed = octetsForTicketChecksum(ticket)
    assert.deepEqual(
      zeroed,
      encodeEncTicketPart({ ...ticket, authorizationData: withPac(Buffer.of(0)) }),
    )
  })
})

describe('realms on the way', () => {
  for (const [contents, client, server, realms] of [
    ['', 'A', 'B', []],
    ['B.A', 'C.B.A', 'A', ['B.A']],
    // RFC 4120 section 3.3.3.2: the example of a path from FOO.MIT.EDU to ATHENA.MIT.EDU and beyond, abbreviated.
    [
      'EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.',
      'X',
      'Y',
      ['EDU', 'MIT.EDU', 'ATHENA.MIT.EDU', 'WASHINGTON.EDU', 'CS.WASHINGTON.EDU'],
    ],
    ['/COM/HP,/APOLLO', 'X', 'Y', ['/COM/HP', '/COM/HP/APOLLO']],
    [',EDU,', 'ATHENA.MIT.EDU', 'CS.EDU', ['MIT.EDU', 'EDU']],
    ['A\\,B,\\\\C', 'X', 'Y', ['A,B', '\\C']],
  ] as const) {
    it(`reads ${JSON.stringify(contents)}`, () => {
      assert.deepEqual(transitedRealms(Buffer.from(contents), client, server), realms)
    })
  }

  const through = (
    contents: string,
    client = 'alice@A.CORP.EXAMPLE',
    flags = 0,
  ): TicketChanges => ({
    client,
    part: { flags, transited: { trType: 1, contents: Buffer.from(contents) } },
  })

  it('are trusted when they are above one of both, listed, or a KDC has checked them', () => {
    accept(through('CORP.EXAMPLE'))
    accept(through('B.A.CORP.EXAMPLE', 'alice@C.B.A.CORP.EXAMPLE'))
    accept(through('PARTNER.TEST', 'alice@CHILD.TEST'), { trustedRealms: ['PARTNER.TEST'] })
    accept(through('ANY.TEST', 'alice@CHILD.TEST', 0x00080000))
  })

  const refusedWay = { code: 'ERR_KRB_NOT_ACCEPTED', krbErrorCode: 51 }
  it('are refused otherwise', () => {
    refused(through('PARTNER.TEST', 'alice@CHILD.TEST'), {}, refusedWay)
    refused(through('EVIL.EXAMPLE'), {}, refusedWay)
    refused(through('x'.repeat(4097)), {}, refusedWay)
    refused(
      { part: { transited: { trType: 9, contents: Buffer.of(1) } } },
      {},
      { ...refusedWay, message: /not known \(9\)/ },
    )
  })

  it('are refused where a few octets stand for more than anyone has', () => {
    const tooLong = { ...refusedWay, message: /more than 256 realms/ }
    // Each comma stands for all realms between two long names: found by fuzzing, minutes of work before.
    refused(through(`B.CORP.EXAMPLE${'.'.repeat(500)},${'a.,,'.repeat(800)}`), {}, tooLong)
    refused(through('a.,'.repeat(1300)), {}, tooLong)
    refused(through('/a,'.repeat(1300)), {}, tooLong)
    refused(through(',', `alice@${'a.'.repeat(4000)}CORP.EXAMPLE`), {}, tooLong)
  })

  it('never take long or crash, whatever a ticket says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', '.', ',', '\\', '/', ' '), maxLength: 400 }),
        (text) => {
          assert.ok(Array.isArray(transitedRealms(Buffer.from(text), 'A.B', 'C.B')))
        },
      ),
    )
  })
})
