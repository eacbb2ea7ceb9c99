import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { generateKey, SUPPORTED_ETYPES } from '../../../../src/kerberos/crypto/index.ts'
import { decodeAuthenticatorChecksum } from '../../../../src/kerberos/gss/authenticator-checksum.ts'
import { GssFlag, Initiator, type InitiatorTicket } from '../../../../src/kerberos/gss/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import type { Clock } from '../../../../src/platform/index.ts'
import { acceptToken, expectedBinding } from '../../../support/gss-acceptor.ts'
import { makeServiceTicket } from '../../../support/service-ticket.ts'

const serviceKey = generateKey(18, systemRandom)
/** Smaller ones take fewer octets, and are put off. */
const LEAST_CUSEC = 0x8000
const NOW_MS = Date.UTC(2026, 4, 6, 7, 8, 9)

function ticketFor(etype = 18): InitiatorTicket {
  const settings = {
    client: 'alice@CORP.EXAMPLE',
    server: 'HTTP/iwa.corp.example@CORP.EXAMPLE',
    serviceKey: etype === 18 ? serviceKey : generateKey(etype, systemRandom),
    kvno: 3,
    startTimeMs: NOW_MS,
  }
  return makeServiceTicket(settings, systemRandom)
}

/** A clock that stands still where it is told to. */
function clockAt(ms: number): Clock & { ms: number } {
  const clock = { ...systemClock, ms, nowMs: () => clock.ms }
  return clock
}

const ports = (ms = NOW_MS) => ({ clock: clockAt(ms), random: systemRandom })
const binding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 9)])

describe('Initiator', () => {
  it('makes a SPNEGO token that asks for mutual authentication and nothing else', () => {
    const { token } = new Initiator(ticketFor(), ports()).createToken()
    const accepted = acceptToken(token, serviceKey)
    assert.equal(accepted.client, 'alice@CORP.EXAMPLE')
    assert.equal(accepted.spnego, true)
    assert.equal(accepted.flags, GssFlag.MUTUAL)
    assert.equal(accepted.mutualRequired, true)
    assert.equal(accepted.binding, '00'.repeat(16))
    assert.equal(accepted.authenticator.authorizationData, undefined)
    assert.equal(accepted.authenticator.ctimeMs, NOW_MS)
    assert.equal(accepted.authenticator.cusec, LEAST_CUSEC)
    assert.equal(accepted.authenticator.subkey?.etype, 18)
    assert.equal(accepted.authenticator.subkey.value.length, 32)
  })

  it('makes a bare Kerberos token, without mutual authentication, with other flags', () => {
    const { token } = new Initiator(ticketFor(), ports()).createToken({
      mechanism: 'krb5',
      mutual: false,
      flags: GssFlag.REPLAY | GssFlag.SEQUENCE,
    })
    const accepted = acceptToken(token, serviceKey)
    assert.equal(accepted.spnego, false)
    assert.equal(accepted.flags, GssFlag.REPLAY | GssFlag.SEQUENCE)
    assert.equal(accepted.mutualRequired, false)
  })

  it('binds the channel and says so as MS-KILE wants', () => {
    const { token } = new Initiator(ticketFor(), ports()).createToken({ channelBinding: binding })
    const accepted = acceptToken(token, serviceKey)
    assert.equal(accepted.binding, expectedBinding(binding))
    assert.equal(accepted.apOptions, 0x4000)
    assert.equal(accepted.targetName, 'HTTP/iwa.corp.example@CORP.EXAMPLE')
  })

  it('keeps tokens of different options apart', () => {
    const initiator = new Initiator(ticketFor(), ports())
    const other = Buffer.concat([binding, Buffer.of(1)])
    for (let round = 0; round < 3; round++) {
      for (const channelBinding of [binding, other]) {
        for (const mutual of [true, false]) {
          for (const mechanism of ['spnego', 'krb5'] as const) {
            const { token } = initiator.createToken({ channelBinding, mutual, mechanism })
            const accepted = acceptToken(token, serviceKey)
            assert.equal(accepted.binding, expectedBinding(channelBinding))
            assert.equal(accepted.mutualRequired, mutual)
            assert.equal(accepted.spnego, mechanism === 'spnego')
          }
        }
      }
    }
    const many = Array.from({ length: 40 }, (_, i) => Buffer.concat([binding, Buffer.of(i)]))
    for (const channelBinding of many) {
      const { token } = initiator.createToken({ channelBinding })
      assert.equal(acceptToken(token, serviceKey).binding, expectedBinding(channelBinding))
    }
  })

  it('speaks AES-128', () => {
    const key = generateKey(17, systemRandom)
    const ticket = makeServiceTicket(
      {
        client: 'bob@CORP.EXAMPLE',
        server: 'HTTP/a@CORP.EXAMPLE',
        serviceKey: key,
        kvno: 1,
        startTimeMs: NOW_MS,
      },
      systemRandom,
    )
    const accepted = acceptToken(new Initiator(ticket, ports()).createToken().token, key)
    assert.equal(accepted.authenticator.subkey?.value.length, 16)
  })

  it('makes tokens of every type in turns with one that is longer than all before it', () => {
    const long = `${'x'.repeat(6000)}@CORP.EXAMPLE`
    for (const etype of SUPPORTED_ETYPES) {
      const key = generateKey(etype, systemRandom)
      const made = ['alice@CORP.EXAMPLE', long].map((client) => {
        const settings = { client, server: 'HTTP/iwa.corp.example@CORP.EXAMPLE', serviceKey: key }
        const ticket = makeServiceTicket(
          { ...settings, kvno: 3, startTimeMs: NOW_MS },
          systemRandom,
        )
        return { client, initiator: new Initiator(ticket, ports()) }
      })
      for (const { client, initiator } of [...made, ...made]) {
        const { token } = initiator.createToken({ channelBinding: binding })
        assert.equal(acceptToken(token, key).client, client)
      }
    }
  })

  it('tells the time to the microsecond, from 33 ms of a second on', () => {
    const initiator = (ms: number) => new Initiator(ticketFor(), ports(ms))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 3 }), (ms, more) => {
        const one = initiator(ms)
        for (let i = 0; i < more; i++) one.createToken()
        const { authenticator } = acceptToken(one.createToken().token, serviceKey)
        assert.equal(authenticator.ctimeMs, Math.floor(ms / 1000) * 1000)
        assert.equal(authenticator.cusec, Math.max((ms % 1000) * 1000, LEAST_CUSEC) + more)
      }),
      { numRuns: 60 },
    )
  })

  it('never tells the same time, subkey, sequence number or cipher twice', () => {
    const clock = clockAt(NOW_MS)
    const initiators = [ticketFor(), ticketFor()].map(
      (ticket) => new Initiator(ticket, { clock, random: systemRandom }),
    )
    const seen = new Set<string>()
    const count = 400
    for (let i = 0; i < count; i++) {
      // The clock stands still, and is once set back a little.
      if (i === 200) clock.ms -= 1500
      const { token } = initiators[i % 2]?.createToken() ?? assert.fail()
      const { authenticator } = acceptToken(token, serviceKey)
      seen.add(`time ${authenticator.ctimeMs} ${authenticator.cusec}`)
      seen.add(Buffer.from(authenticator.subkey?.value ?? []).toString('hex'))
      seen.add(`sequence ${authenticator.seqNumber ?? 0}`)
      seen.add(Buffer.from(token.subarray(-40)).toString('hex'))
    }
    assert.ok(seen.size >= count * 4 - 1, `${seen.size} different values`)
  })

  it('never tells the same time twice, whatever number of initiators work at once', async () => {
    // The machine's own clock, as the connector has it: one for all initiators of a process.
    const initiators = Array.from(
      { length: 60 },
      () => new Initiator(ticketFor(), { clock: systemClock, random: systemRandom }),
    )
    const tokens = await Promise.all(
      initiators.map(async (initiator, i) => {
        const made: Uint8Array[] = []
        for (let count = 0; count < 25; count++) {
          // Some wait a turn between tokens, so that all of them are mixed.
          if ((i + count) % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
          made.push(initiator.createToken().token)
        }
        return made
      }),
    )
    const times = tokens.flat().map((token) => {
      const { ctimeMs, cusec } = acceptToken(token, serviceKey).authenticator
      return `${ctimeMs} ${cusec}`
    })
    assert.equal(times.length, 1500)
    assert.equal(new Set(times).size, times.length)
  })

  it('never hands a credential on, and promises nothing of the kind', () => {
    const initiator = new Initiator(ticketFor(), ports())
    for (const flags of [GssFlag.DELEGATION, GssFlag.DCE_STYLE, 0xffffffff]) {
      assert.throws(() => initiator.createToken({ flags }), RangeError)
    }
    for (const flags of [0, 62]) {
      const { authenticator } = acceptToken(initiator.createToken({ flags }).token, serviceKey)
      const checksum = authenticator.cksum?.checksum ?? assert.fail()
      const field = decodeAuthenticatorChecksum(checksum)
      // Nothing follows the flags: there is no room for a KRB-CRED.
      assert.equal(checksum.length, 24)
      assert.equal(field.flags & GssFlag.DELEGATION, 0)
      assert.equal(field.credential, undefined)
    }
  })

  it('follows a clock that was set back by more than a minute', () => {
    const clock = clockAt(NOW_MS)
    const initiator = new Initiator(ticketFor(), { clock, random: systemRandom })
    initiator.createToken()
    clock.ms -= 3_600_000
    const { authenticator } = acceptToken(initiator.createToken().token, serviceKey)
    assert.equal(authenticator.ctimeMs, NOW_MS - 3_600_000)
  })

  it('leaves an earlier token as it was', () => {
    const initiator = new Initiator(ticketFor(), ports())
    const { token } = initiator.createToken()
    const before = Buffer.from(token)
    initiator.createToken()
    assert.deepEqual(Buffer.from(token), before)
  })

  it('makes tokens that no longer verify when a bit is flipped', () => {
    const { token } = new Initiator(ticketFor(), ports()).createToken({ channelBinding: binding })
    const accepted = acceptToken(token, serviceKey)
    for (let at = 0; at < token.length; at++) {
      const changed = new Uint8Array(token)
      changed[at] = (changed[at] ?? 0) ^ 4
      let client: string
      try {
        client = acceptToken(changed, serviceKey).client
      } catch {
        continue
      }
      // Only what no key protects can be changed: options, names and versions outside the ciphers.
      assert.equal(client, accepted.client)
    }
  })

  it('refuses a session key it cannot use', () => {
    const ticket = { ...ticketFor(), sessionKey: { etype: 23, value: new Uint8Array(16) } }
    assert.throws(() => new Initiator(ticket, ports()), { code: 'ERR_KRB_ETYPE' })
  })
})
