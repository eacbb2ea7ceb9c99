import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey } from '../../../../src/kerberos/crypto/index.ts'
import {
  AcceptError,
  formatPrincipal,
  GssFlag,
  readApRefusal,
  ReplayCache,
  type Accepted,
} from '../../../../src/kerberos/index.ts'
import { encodeAuthorizationData } from '../../../../src/kerberos/messages/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import {
  AcceptWorld,
  CLIENT,
  gssChecksum,
  SERVICE,
  withPac,
} from '../../../support/accept-world.ts'

const binding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 5)])
const otherBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 6)])

const clientOf = ({ client, clientRealm }: Accepted) => formatPrincipal(client, clientRealm)

/** The refusal, as service and client see it. */
function refusalOf(accept: () => unknown): AcceptError {
  try {
    accept()
  } catch (error) {
    if (error instanceof AcceptError) return error
    throw error
  }
  assert.fail('it was accepted')
}

function refused(accept: () => unknown, code: string, krbErrorCode: number): AcceptError {
  const error = refusalOf(accept)
  assert.deepEqual([error.code, error.krbErrorCode], [code, krbErrorCode], error.message)
  return error
}

describe('Acceptor', () => {
  for (const etype of [17, 18, 19, 20]) {
    for (const mechanism of ['spnego', 'krb5'] as const) {
      it(`accepts a ${mechanism} token of etype ${etype}, and proves itself`, () => {
        const world = new AcceptWorld()
        const sent = world.initiator({ etype }).createToken({ mechanism })
        const accepted = world.acceptor().accept(sent.token)
        assert.equal(clientOf(accepted), CLIENT)
        assert.equal(formatPrincipal(accepted.server, accepted.serverRealm), SERVICE)
        assert.equal(accepted.mechanism, mechanism)
        assert.equal(accepted.gssFlags, GssFlag.MUTUAL)
        assert.equal(accepted.channelBound, false)
        assert.equal(accepted.sessionKey.etype, etype)
        assert.equal(accepted.subkey?.etype, etype)
        assert.equal(accepted.acceptorSubkey?.etype, etype)
        assert.deepEqual(accepted.serviceKey, world.keyOf(etype))
        sent.verifyReply(accepted.replyToken ?? assert.fail())
      })
    }
  }

  it('accepts a bare AP-REQ, also without a checksum', () => {
    const world = new AcceptWorld()
    const accepted = world.acceptor().accept(world.apReq())
    assert.equal(accepted.mechanism, 'ap-req')
    assert.equal(accepted.replyToken?.[0], 0x6f)
    const plain = world.acceptor().accept(world.apReq({ cksum: undefined }, { apOptions: 0 }))
    assert.equal(plain.gssFlags, 0)
    assert.equal(plain.replyToken, undefined)
    assert.equal(plain.acceptorSubkey, undefined)
  })

  it('answers nothing but “completed” to a token that asks for no proof', () => {
    const world = new AcceptWorld()
    const sent = world.initiator().createToken({ mutual: false })
    const accepted = world.acceptor().accept(sent.token)
    assert.equal(accepted.acceptorSubkey, undefined)
    sent.verifyReply(accepted.replyToken ?? assert.fail())
    const raw = world.initiator().createToken({ mutual: false, mechanism: 'krb5' })
    assert.equal(world.acceptor().accept(raw.token).replyToken, undefined)
  })

  it('gives the ticket with its times and flags, as a ServiceTicket has them', () => {
    const world = new AcceptWorld()
    const nowMs = world.clock.nowMs()
    const part = { flags: 0x40800000, renewTillMs: nowMs + 7_200_000 }
    const ticket = world.ticket({ part })
    const accepted = world.acceptor().accept(world.apReq({}, { ticket }))
    assert.deepEqual(Buffer.from(accepted.ticket), Buffer.from(ticket.ticket))
    assert.equal(accepted.flags, 0x40800000)
    assert.deepEqual(
      [accepted.authTimeMs, accepted.startTimeMs, accepted.endTimeMs, accepted.renewTillMs],
      [nowMs, nowMs, nowMs + 3_600_000, nowMs + 7_200_000],
    )
  })

  it('refuses what it accepted before, and nothing else', () => {
    const world = new AcceptWorld()
    const acceptor = world.acceptor()
    const initiator = world.initiator()
    const tokens = Array.from({ length: 30 }, () => initiator.createToken().token)
    for (const token of tokens) acceptor.accept(token)
    for (const token of tokens) refused(() => acceptor.accept(token), 'ERR_KRB_REPLAY', 34)
  })

  it('shares a replay cache with other acceptors of the service', () => {
    const world = new AcceptWorld()
    const replayCache = new ReplayCache(world.clock)
    const { token } = world.initiator().createToken()
    world.acceptor({ replayCache }).accept(token)
    refused(() => world.acceptor({ replayCache }).accept(token), 'ERR_KRB_REPLAY', 34)
    assert.equal(replayCache.size, 1)
  })

  it('refuses everything while the cache is full, and remembers nothing of what it refuses', () => {
    const world = new AcceptWorld()
    const replayCache = new ReplayCache(world.clock, { maxEntries: 1 })
    const acceptor = world.acceptor({ replayCache })
    const wrong = world.initiator({ serviceKey: generateKey(18, systemRandom) }).createToken()
    refused(() => acceptor.accept(wrong.token), 'ERR_KRB_INTEGRITY', 41)
    assert.equal(replayCache.size, 0)
    acceptor.accept(world.initiator().createToken().token)
    const error = refused(
      () => acceptor.accept(world.initiator().createToken().token),
      'ERR_KRB_REPLAY',
      34,
    )
    assert.match(error.message, /full/)
  })

  it('never takes a changed token for another client, or for the same one twice', () => {
    const world = new AcceptWorld()
    const { token } = world.initiator().createToken({ channelBinding: binding })
    const acceptor = world.acceptor()
    acceptor.accept(token, { channelBinding: binding })
    for (let at = 0; at < token.length; at++) {
      for (const flip of [1, 4, 0x80]) {
        const changed = new Uint8Array(token)
        changed[at] = (changed[at] ?? 0) ^ flip
        // What no key protects may be changed: the same authenticator is then a replay.
        assert.throws(() => acceptor.accept(changed, { channelBinding: binding }), AcceptError)
      }
    }
    for (let end = 0; end < token.length; end++) {
      refusalOf(() => world.acceptor().accept(token.subarray(0, end)))
    }
  })

  it('refuses more octets than it is told to take', () => {
    const world = new AcceptWorld()
    const { token } = world.initiator().createToken()
    const acceptor = world.acceptor({ maxTokenOctets: token.length - 1 })
    const error = refusalOf(() => acceptor.accept(token))
    assert.equal(error.code, 'ERR_KRB_GSS')
    assert.equal(error.replyToken, undefined)
    assert.throws(() => world.acceptor({ maxTokenOctets: 0 }), RangeError)
    assert.throws(() => world.acceptor({ maxClockSkewMs: -1 }), RangeError)
    assert.throws(() => new ReplayCache(world.clock, { maxEntries: 0 }), RangeError)
  })

  it('repeats no more of a name than a log line can bear', () => {
    const world = new AcceptWorld()
    const server = `HTTP/a\u001b[31m${'x'.repeat(3000)}@CORP.EXAMPLE`
    const error = refusalOf(() =>
      world.acceptor().accept(world.initiator({ server }).createToken().token),
    )
    assert.equal(error.code, 'ERR_KRB_NOT_ACCEPTED')
    assert.equal(error.message.length, 2048)
    assert.match(error.message, /^[ -~]+…$/)
  })

  it('tells the client why, in the way the client speaks', () => {
    const world = new AcceptWorld()
    const initiator = world.initiator({ serviceKey: generateKey(18, systemRandom) })
    for (const mechanism of ['spnego', 'krb5'] as const) {
      const sent = initiator.createToken({ mechanism })
      const { replyToken } = refusalOf(() => world.acceptor().accept(sent.token))
      assert.ok(replyToken)
      const refusal = readApRefusal(replyToken) ?? assert.fail()
      assert.equal(refusal.krbErrorCode, 41)
      assert.equal(refusal.server, SERVICE)
      assert.throws(
        () => {
          sent.verifyReply(replyToken)
        },
        { code: 'ERR_KRB_AP_REFUSED', message: refusal.message },
      )
    }
    const bare = refusalOf(() =>
      world.acceptor().accept(world.apReq({}, { apOptions: 0x60000000 })),
    )
    assert.equal(bare.krbErrorCode, 45)
    assert.equal(readApRefusal(bare.replyToken ?? assert.fail())?.krbErrorCode, 45)
  })
})

describe('Acceptor, channel bindings', () => {
  const world = new AcceptWorld()
  const token = (channelBinding?: Uint8Array) =>
    world.initiator().createToken(channelBinding === undefined ? {} : { channelBinding }).token
  const strict = { channelBinding: binding, requireChannelBinding: true }

  it('knows the right one', () => {
    const accepted = world.acceptor().accept(token(binding), strict)
    assert.equal(accepted.channelBound, true)
    assert.equal(accepted.targetName, SERVICE)
  })

  it('refuses a wrong one, always', () => {
    const code = 'ERR_KRB_CHANNEL_BINDING'
    refused(() => world.acceptor().accept(token(otherBinding), strict), code, 50)
    refused(
      () => world.acceptor().accept(token(otherBinding), { channelBinding: binding }),
      code,
      50,
    )
  })

  it('refuses a missing one where it has to be there', () => {
    refused(() => world.acceptor().accept(token(), strict), 'ERR_KRB_CHANNEL_BINDING', 50)
    const accepted = world.acceptor().accept(token(), { channelBinding: binding })
    assert.equal(accepted.channelBound, false)
  })

  it('refuses all, and says why, where one has to be there and the service does not know its channel', () => {
    const channel = { requireChannelBinding: true }
    for (const given of [token(), token(binding)]) {
      assert.throws(() => world.acceptor().accept(given, channel), {
        code: 'ERR_KRB_CHANNEL_BINDING',
        message: /nothing is known of the channel/,
      })
    }
  })

  it('refuses a missing one of a client that says it binds where it can', () => {
    const options = { adType: 143, adData: Buffer.from('00400000', 'hex') }
    const authorizationData = [{ adType: 1, adData: encodeAuthorizationData([options]) }]
    const apReq = () => world.apReq({ authorizationData })
    refused(
      () => world.acceptor().accept(apReq(), { channelBinding: binding }),
      'ERR_KRB_CHANNEL_BINDING',
      50,
    )
    assert.equal(world.acceptor().accept(apReq()).channelBound, false)
  })

  it('does not mind one where it has none to compare with', () => {
    assert.equal(world.acceptor().accept(token(binding)).channelBound, false)
  })
})

describe('Acceptor, tickets and clients', () => {
  const world = new AcceptWorld()
  const nowMs = world.clock.nowMs()
  const accept = (part: object) => () =>
    world.acceptor().accept(world.initiator({ part }).createToken().token)

  for (const [what, part, code, krb] of [
    ['ended', { endTimeMs: nowMs - 301_000 }, 'ERR_KRB_TICKET_TIME', 32],
    ['not begun', { startTimeMs: nowMs + 302_000 }, 'ERR_KRB_TICKET_TIME', 33],
    ['marked invalid', { flags: 0x01000000 }, 'ERR_KRB_TICKET_TIME', 33],
    [
      'bound to an address',
      { caddr: [{ addrType: 2, address: Buffer.of(192, 0, 2, 1) }] },
      'ERR_KRB_NOT_ACCEPTED',
      38,
    ],
    [
      'of a realm on the way that nobody trusts',
      { transited: { trType: 1, contents: Buffer.from('EVIL.EXAMPLE') } },
      'ERR_KRB_NOT_ACCEPTED',
      51,
    ],
    [
      'with a restriction nobody knows',
      { authorizationData: [{ adType: 77, adData: Buffer.of(0) }] },
      'ERR_KRB_NOT_ACCEPTED',
      60,
    ],
    [
      'with a session key of a type nobody speaks',
      { key: { etype: 23, value: Buffer.alloc(16) } },
      'ERR_KRB_ETYPE',
      14,
    ],
  ] as const) {
    it(`refuses a ticket that is ${what}`, () => {
      refused(accept(part), code, krb)
    })
  }

  it('allows for clocks that differ', () => {
    accept({ endTimeMs: nowMs - 299_000 })()
    accept({ startTimeMs: nowMs + 299_000 })()
    accept({ flags: 0 })()
  })

  for (const [what, changes, code, krb] of [
    ['of another client', { crealm: 'OTHER.EXAMPLE' }, 'ERR_KRB_NOT_ACCEPTED', 36],
    [
      'of another name',
      { cname: { nameType: 1, nameString: ['bob'] } },
      'ERR_KRB_NOT_ACCEPTED',
      36,
    ],
    ['too old', { ctimeMs: nowMs - 301_000 }, 'ERR_KRB_SKEW', 37],
    ['of the future', { ctimeMs: nowMs + 301_000 }, 'ERR_KRB_SKEW', 37],
    [
      'in DCE style',
      { cksum: { cksumtype: 0x8003, checksum: gssChecksum(0x1002) } },
      'ERR_KRB_GSS',
      50,
    ],
    [
      'with a checksum cut off',
      { cksum: { cksumtype: 0x8003, checksum: Buffer.alloc(23) } },
      'ERR_KRB_GSS',
      40,
    ],
    [
      'with a subkey nobody can use',
      { subkey: { etype: 18, value: Buffer.alloc(5) } },
      'ERR_KRB_ETYPE',
      14,
    ],
    [
      'with a restriction nobody knows',
      { authorizationData: [{ adType: 77, adData: Buffer.of(0) }] },
      'ERR_KRB_NOT_ACCEPTED',
      60,
    ],
  ] as const) {
    it(`refuses a token ${what}`, () => {
      refused(() => world.acceptor().accept(world.apReq(changes)), code, krb)
    })
  }

  it('says by how much the client’s clock is off', () => {
    const error = refusalOf(() =>
      world.acceptor().accept(world.apReq({ ctimeMs: nowMs - 600_000 })),
    )
    assert.match(error.message, /600 s behind ours/)
    const refusal = readApRefusal(error.replyToken ?? assert.fail())
    assert.equal(refusal?.serverTimeMs, nowMs)
  })

  it('hands out the credential that a client hands on', () => {
    const credential = Buffer.from('a KRB-CRED')
    const header = Buffer.from('01000a00', 'hex')
    const checksum = gssChecksum(3, Buffer.concat([header, credential, Buffer.of(9, 9)]))
    const cksum = { cksumtype: 0x8003, checksum }
    const accepted = world.acceptor().accept(world.apReq({ cksum }))
    assert.deepEqual(Buffer.from(accepted.delegatedCredential ?? []), credential)
    for (const rest of ['', '0100', '01000b00', '02000a00', '01000000']) {
      const short = gssChecksum(3, Buffer.concat([Buffer.from(rest, 'hex'), credential]))
      refused(
        () =>
          world.acceptor().accept(world.apReq({ cksum: { cksumtype: 0x8003, checksum: short } })),
        'ERR_KRB_GSS',
        40,
      )
    }
  })

  it('takes a ticket bound to the client’s own address', () => {
    const part = {
      caddr: [
        { addrType: 20, address: Buffer.from('PC1') },
        { addrType: 2, address: Buffer.of(192, 0, 2, 1) },
      ],
    }
    const token = () => world.initiator({ part }).createToken().token
    world.acceptor().accept(token(), { clientAddress: '::ffff:192.0.2.1' })
    refused(
      () => world.acceptor().accept(token(), { clientAddress: '192.0.2.2' }),
      'ERR_KRB_NOT_ACCEPTED',
      38,
    )
    accept({ caddr: [{ addrType: 20, address: Buffer.from('PC1') }] })()
  })

  it('wants a PAC where it is told to', () => {
    const strict = world.acceptor({ requirePac: true })
    refused(() => strict.accept(world.initiator().createToken().token), 'ERR_KRB_NOT_ACCEPTED', 60)
    const authorizationData = withPac(world.pac())
    const { pac } = strict.accept(world.initiator({ authorizationData }).createToken().token)
    assert.equal(pac?.logonInfo?.userSid, 'S-1-5-21-1-2-3-1104')
  })
})
