import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey } from '../../../../src/kerberos/crypto/index.ts'
import { Initiator } from '../../../../src/kerberos/gss/index.ts'
import { encodeKrbError } from '../../../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import {
  acceptToken,
  encodeNegTokenResp,
  frameToken,
  makeApRep,
} from '../../../support/gss-acceptor.ts'
import { makeServiceTicket } from '../../../support/service-ticket.ts'

const KERBEROS = '1.2.840.113554.1.2.2'
const MICROSOFT_KERBEROS = '1.2.840.48018.1.2.2'
const NTLM = '1.3.6.1.4.1.311.2.2.10'
const serviceKey = generateKey(18, systemRandom)

function exchange(mutual = true) {
  const ticket = makeServiceTicket(
    {
      client: 'alice@CORP.EXAMPLE',
      server: 'HTTP/iwa.corp.example@CORP.EXAMPLE',
      serviceKey,
      kvno: 1,
      startTimeMs: Date.now(),
    },
    systemRandom,
  )
  const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })
  const sent = initiator.createToken({ mutual })
  const accepted = acceptToken(sent.token, serviceKey)
  return { sent, accepted, apRep: makeApRep(accepted, systemRandom) }
}

const refused = (message: RegExp) => ({ code: 'ERR_KRB_MUTUAL', message })

const refusedByError = {
  code: 'ERR_KRB_AP_REFUSED',
  krbErrorCode: 41,
  message: /KRB_AP_ERR_MODIFIED \(41\)/,
}

const krbError = encodeKrbError({
  stimeMs: Date.now(),
  susec: 0,
  errorCode: 41,
  realm: 'CORP.EXAMPLE',
  sname: { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] },
})

describe('verifyReply', () => {
  const { sent, accepted, apRep } = exchange()
  const framed = frameToken(0x0200, apRep)

  for (const [what, reply] of [
    ['a bare AP-REP', apRep],
    ['a framed AP-REP', framed],
    ['one framed with the number of Windows', frameToken(0x0200, apRep, MICROSOFT_KERBEROS)],
    [
      'one in SPNEGO',
      encodeNegTokenResp({ negState: 0, supportedMech: KERBEROS, responseToken: framed }),
    ],
    [
      "one in SPNEGO with Windows' number",
      encodeNegTokenResp({
        negState: 0,
        supportedMech: MICROSOFT_KERBEROS,
        responseToken: framed,
      }),
    ],
    [
      "one with Windows 2000's false mechListMIC, the token once more",
      encodeNegTokenResp({ negState: 0, responseToken: framed, mechListMic: framed }),
    ],
    [
      'one in SPNEGO without a mechanism',
      encodeNegTokenResp({ negState: 0, responseToken: framed }),
    ],
  ] as const) {
    it(`accepts ${what}`, () => {
      sent.verifyReply(reply)
    })
  }

  for (const [what, reply, message] of [
    ['no reply', new Uint8Array(0), /no AP-REP/],
    ['a SPNEGO answer without token', encodeNegTokenResp({ negState: 0 }), /no AP-REP/],
    [
      'another time',
      makeApRep(accepted, systemRandom, { ctimeMs: accepted.authenticator.ctimeMs + 1000 }),
      /another request/,
    ],
    [
      'other microseconds',
      makeApRep(accepted, systemRandom, { cusec: (accepted.authenticator.cusec + 1) % 1_000_000 }),
      /another request/,
    ],
    [
      'another key',
      makeApRep(accepted, systemRandom, { sessionKey: generateKey(18, systemRandom) }),
      /decryption failed/,
    ],
    [
      'a key of another type',
      makeApRep(accepted, systemRandom, { sessionKey: generateKey(17, systemRandom) }),
      /etype 17/,
    ],
    ['accept-incomplete', encodeNegTokenResp({ negState: 1, responseToken: framed }), /incomplete/],
    ['reject', encodeNegTokenResp({ negState: 2 }), /reject/],
    ['request-mic', encodeNegTokenResp({ negState: 3, responseToken: framed }), /request-mic/],
    ['no negState', encodeNegTokenResp({ responseToken: framed }), /nothing/],
    [
      'NTLM',
      encodeNegTokenResp({ negState: 0, supportedMech: NTLM, responseToken: framed }),
      /not offered/,
    ],
    ['a frame of another mechanism', frameToken(0x0200, apRep, NTLM), /mechanism/],
    ['an AP-REQ', frameToken(0x0100, apRep), /0x0100/],
    [
      'a wrong mechListMIC',
      encodeNegTokenResp({
        negState: 0,
        responseToken: framed,
        mechListMic: new Uint8Array(28),
      }),
      /the MIC is no token/,
    ],
    ['the reply to another token', exchange().apRep, /decryption failed/],
    ['our own token', sent.token, /did not prove itself/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => {
        sent.verifyReply(reply)
      }, refused(message))
    })
  }

  for (const [what, reply] of [
    ['a KRB-ERROR', krbError],
    ['a framed KRB-ERROR', frameToken(0x0300, krbError)],
    [
      'a KRB-ERROR in SPNEGO',
      encodeNegTokenResp({ negState: 2, responseToken: frameToken(0x0300, krbError) }),
    ],
  ] as const) {
    it(`refuses ${what} by its own error`, () => {
      assert.throws(() => {
        sent.verifyReply(reply)
      }, refusedByError)
    })
  }

  it('refuses every prefix and every flipped bit', () => {
    // Bare and without supportedMech: the two numbers of Kerberos differ in a single bit.
    const reply = encodeNegTokenResp({ negState: 0, responseToken: apRep })
    for (let end = 0; end < reply.length; end++) {
      assert.throws(() => {
        sent.verifyReply(reply.subarray(0, end))
      }, refused(/./))
    }
    for (let bit = 0; bit < reply.length * 8; bit++) {
      const changed = new Uint8Array(reply)
      changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(
        () => {
          sent.verifyReply(changed)
        },
        refused(/./),
        `bit ${bit}`,
      )
    }
  })

  it('accepts a completed answer without AP-REP where none was asked for', () => {
    const { sent: oneWay } = exchange(false)
    oneWay.verifyReply(new Uint8Array(0))
    oneWay.verifyReply(encodeNegTokenResp({ negState: 0, supportedMech: KERBEROS }))
    assert.throws(
      () => {
        oneWay.verifyReply(encodeNegTokenResp({ negState: 2 }))
      },
      refused(/reject/),
    )
    assert.throws(() => {
      oneWay.verifyReply(krbError)
    }, refusedByError)
  })
})
