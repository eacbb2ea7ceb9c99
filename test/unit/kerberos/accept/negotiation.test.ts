/** SPNEGO at the acceptor: other first choices, MICs over the offer, tokens that are not for us. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AcceptError, readApRefusal, type AcceptStep } from '../../../../src/kerberos/index.ts'
import { unwrapMechanismToken } from '../../../../src/kerberos/gss/mechanism-token.ts'
import { makeMic, verifyMic, type MicMaker } from '../../../../src/kerberos/gss/mic.ts'
import {
  decodeNegTokenInit,
  decodeNegTokenResp,
  encodeNegTokenResp,
} from '../../../../src/kerberos/gss/spnego.ts'
import { decodeApRep, decodeEncApRepPart } from '../../../../src/kerberos/messages/index.ts'
import { decrypt, generateKey } from '../../../../src/kerberos/crypto/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import { AcceptWorld } from '../../../support/accept-world.ts'
import { frameToken } from '../../../support/gss-acceptor.ts'
import {
  KERBEROS,
  mechTypeList,
  MICROSOFT_KERBEROS,
  NEGOEX,
  NTLM,
  offer,
} from '../../../support/spnego-offer.ts'

const world = new AcceptWorld()

function pending(step: AcceptStep): Uint8Array {
  return step.done ? assert.fail('the exchange is over') : step.replyToken
}

function refused(run: () => unknown, code: string, message: RegExp): AcceptError {
  let refusal: AcceptError | undefined
  assert.throws(run, (error) => {
    assert.ok(error instanceof AcceptError)
    refusal = error
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
  return refusal ?? assert.fail()
}

describe('an offer whose first choice is another mechanism', () => {
  for (const kerberos of [KERBEROS, MICROSOFT_KERBEROS]) {
    it(`is answered with ${kerberos}, and MICs both ways`, () => {
      const mechTypes = [NEGOEX, kerberos]
      const context = world.acceptor().begin()
      const mechToken = Buffer.from('a NegoEx message')
      const first = decodeNegTokenResp(pending(context.step(offer({ mechTypes, mechToken }))))
      assert.deepEqual([first.negState, first.supportedMech], [3, kerberos])
      assert.equal(first.responseToken, undefined)

      const ticket = world.ticket()
      const subkey = generateKey(18, systemRandom)
      const apReq = world.apReq({ subkey, seqNumber: 77 }, { ticket })
      const responseToken = frameToken(0x0100, apReq)
      const second = decodeNegTokenResp(
        pending(context.step(encodeNegTokenResp({ responseToken }))),
      )
      assert.equal(second.negState, 1)
      assert.equal(second.supportedMech, undefined)
      const { encPart } = decodeApRep(
        unwrapMechanismToken(second.responseToken ?? assert.fail()).message,
      )
      const proof = decodeEncApRepPart(decrypt(ticket.sessionKey, 12, encPart.cipher))
      const key = proof.subkey ?? assert.fail()
      const list = mechTypeList(mechTypes)
      const acceptor: MicMaker = { by: 'acceptor', key, acceptorSubkey: true }
      verifyMic(acceptor, second.mechListMic ?? assert.fail(), list)

      const mechListMic = makeMic({ ...acceptor, by: 'initiator' }, 77, list)
      const last = context.step(encodeNegTokenResp({ negState: 1, mechListMic }))
      assert.ok(last.done)
      assert.deepEqual(last.accepted.client.nameString, ['alice'])
      const { negState } = decodeNegTokenResp(last.accepted.replyToken ?? assert.fail())
      assert.equal(negState, 0)
      refused(() => context.step(offer({ mechTypes })), 'ERR_KRB_GSS', /was over/)
    })
  }

  it('is not answered for ever: a wrong MIC, none, or a refusal ends it', () => {
    const list = mechTypeList([NEGOEX, KERBEROS])
    const key = generateKey(18, systemRandom)
    const wrong = makeMic({ by: 'initiator', key, acceptorSubkey: true }, 1, list)
    for (const [answer, code, message] of [
      [{ mechListMic: wrong }, 'ERR_KRB_INTEGRITY', /MIC is wrong/],
      [{ mechListMic: wrong.subarray(0, 20) }, 'ERR_KRB_INTEGRITY', /MIC/],
      [{ negState: 0 }, 'ERR_KRB_GSS', /without the MIC/],
      [{ negState: 2 }, 'ERR_KRB_GSS', /refuses our choice/],
    ] as const) {
      const context = world.acceptor().begin()
      pending(context.step(offer({ mechTypes: [NEGOEX, KERBEROS] })))
      const responseToken = frameToken(0x0100, world.apReq())
      pending(context.step(encodeNegTokenResp({ responseToken })))
      const { replyToken } = refused(() => context.step(encodeNegTokenResp(answer)), code, message)
      assert.ok(readApRefusal(replyToken ?? assert.fail()))
    }
    const context = world.acceptor().begin()
    pending(context.step(offer({ mechTypes: [NEGOEX, KERBEROS] })))
    refused(() => context.step(encodeNegTokenResp({})), 'ERR_KRB_GSS', /without a Kerberos token/)
  })

  it('takes the MIC that comes with a token that asks for no proof', () => {
    const mechTypes = [NEGOEX, KERBEROS]
    const list = mechTypeList(mechTypes)
    const subkey = generateKey(18, systemRandom)
    const context = world.acceptor().begin()
    pending(context.step(offer({ mechTypes })))
    const maker: MicMaker = { by: 'initiator', key: subkey, acceptorSubkey: false }
    const responseToken = frameToken(0x0100, world.apReq({ subkey }, { apOptions: 0 }))
    const mechListMic = makeMic(maker, 1, list)
    const step = context.step(encodeNegTokenResp({ responseToken, mechListMic }))
    assert.ok(step.done)
    const reply = decodeNegTokenResp(step.accepted.replyToken ?? assert.fail())
    assert.equal(reply.negState, 0)
    verifyMic({ ...maker, by: 'acceptor' }, reply.mechListMic ?? assert.fail(), list)
  })

  it('is refused where one token has to do, with what the client needs to go on', () => {
    const first = offer({ mechTypes: [NTLM, KERBEROS] })
    const error = refused(() => world.acceptor().accept(first), 'ERR_KRB_GSS', /second token/)
    assert.equal(decodeNegTokenResp(error.replyToken ?? assert.fail()).negState, 3)
  })
})

describe('an offer of Kerberos', () => {
  it('without a token is answered with accept-incomplete, and needs no MIC', () => {
    const context = world.acceptor().begin()
    const reply = decodeNegTokenResp(pending(context.step(offer({ mechTypes: [KERBEROS] }))))
    assert.deepEqual([reply.negState, reply.supportedMech], [1, KERBEROS])
    const responseToken = frameToken(0x0100, world.apReq())
    const step = context.step(encodeNegTokenResp({ responseToken }))
    assert.ok(step.done)
    const last = decodeNegTokenResp(step.accepted.replyToken ?? assert.fail())
    assert.deepEqual(
      [last.negState, last.supportedMech, last.mechListMic],
      [0, undefined, undefined],
    )
  })

  it('is covered by MICs where the acceptor wants them: our initiator goes along', () => {
    for (const mutual of [true, false]) {
      const context = world.acceptor({ requestMic: true }).begin()
      const sent = world.initiator().createToken({ mutual })
      const asked = pending(context.step(sent.token))
      assert.equal(decodeNegTokenResp(asked).negState, 3)
      assert.throws(
        () => {
          sent.verifyReply(asked)
        },
        { code: 'ERR_KRB_MUTUAL', message: /one more token/ },
      )
      const mic = sent.answer(asked) ?? assert.fail()
      const step = context.step(mic)
      assert.ok(step.done)
      // Our initiator has seen the acceptor's MIC and says "completed": nothing more is owed.
      assert.equal(step.accepted.replyToken, undefined)
    }
  })

  it('whose acceptor sends its MIC last is completed by it, and not without', () => {
    const sent = world.initiator().createToken()
    const context = world.acceptor({ requestMic: true }).begin()
    const { mechListMic, ...asked } = decodeNegTokenResp(pending(context.step(sent.token)))
    const step = context.step(sent.answer(encodeNegTokenResp(asked)) ?? assert.fail())
    assert.ok(step.done)
    assert.equal(decodeNegTokenResp(step.accepted.replyToken ?? assert.fail()).negState, 0)
    const silent = encodeNegTokenResp({ negState: 0 })
    assert.throws(() => sent.answer(silent), { code: 'ERR_KRB_MUTUAL', message: /sent none/ })
    sent.verifyReply(encodeNegTokenResp({ negState: 0, mechListMic }))
    // RFC 4178 section 4.2.2: after its first answer an acceptor may leave the state out.
    sent.verifyReply(encodeNegTokenResp({ mechListMic }))
    const first = world.initiator().createToken()
    assert.throws(
      () => {
        first.verifyReply(encodeNegTokenResp({ ...asked, negState: undefined }))
      },
      { message: /answered nothing/ },
    )
    const twice = encodeNegTokenResp({ negState: 1 })
    assert.throws(() => sent.answer(twice), { message: /a second MIC/ })
    assert.throws(() => sent.answer(encodeNegTokenResp(asked)), { message: /second AP-REP/ })
  })

  it('with a wrong MIC of the acceptor is not completed', () => {
    const sent = world.initiator().createToken()
    const context = world.acceptor({ requestMic: true }).begin()
    const asked = decodeNegTokenResp(pending(context.step(sent.token)))
    const mechListMic = new Uint8Array(asked.mechListMic ?? assert.fail())
    mechListMic[20] = (mechListMic[20] ?? 0) ^ 1
    assert.throws(() => sent.answer(encodeNegTokenResp({ ...asked, mechListMic })), {
      code: 'ERR_KRB_MUTUAL',
      message: /MIC is wrong/,
    })
  })

  it('may hold the AP-REQ without framing', () => {
    const mechToken = world.apReq()
    world.acceptor().accept(offer({ mechTypes: [KERBEROS], mechToken }))
  })
})

describe('tokens that are not for us', () => {
  for (const [what, token, code, message] of [
    ['NTLM', Buffer.from('NTLMSSP\0\x01\0\0\0'), 'ERR_KRB_NOT_ACCEPTED', /sent NTLM, not Kerberos/],
    [
      'an offer of NTLM and NegoEx',
      offer({ mechTypes: [NTLM, NEGOEX] }),
      'ERR_KRB_NOT_ACCEPTED',
      /offer of NTLM, NegoEx/,
    ],
    [
      'user-to-user',
      frameToken(0x0400, Buffer.alloc(4), '1.2.840.113554.1.2.2.3'),
      'ERR_KRB_NOT_ACCEPTED',
      /user-to-user/,
    ],
    ['an AP-REP', frameToken(0x0200, Buffer.alloc(4)), 'ERR_KRB_GSS', /0x0200/],
    [
      'an AP-REP in an offer',
      offer({ mechTypes: [KERBEROS], mechToken: frameToken(0x0200, Buffer.alloc(4)) }),
      'ERR_KRB_GSS',
      /0x0200/,
    ],
    ['an empty offer', offer({ mechTypes: [] }), 'ERR_KRB_DECODE', /no mechanism/],
    [
      'an endless offer',
      offer({ mechTypes: Array<string>(65).fill(NTLM) }),
      'ERR_KRB_DECODE',
      /more than 64/,
    ],
    ['nothing', new Uint8Array(0), 'ERR_KRB_DECODE', /missing/],
    ['an answer', encodeNegTokenResp({ negState: 0 }), 'ERR_KRB_DECODE', /initial token/],
  ] as const) {
    it(`are refused: ${what}`, () => {
      refused(() => world.acceptor().accept(token), code, message)
    })
  }

  it('are refused, whatever they are', () => {
    const seed = offer({
      mechTypes: [KERBEROS, NTLM],
      mechToken: frameToken(0x0100, world.apReq()),
    })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(seed.length),
        (changes, end) => {
          const changed = new Uint8Array(seed)
          for (const [at, octet] of changes) changed[at] = octet
          const context = world.acceptor().begin()
          try {
            context.step(changed.subarray(0, end))
          } catch (error) {
            assert.ok(error instanceof AcceptError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('cut off anywhere are refused', () => {
    const whole = offer({ mechTypes: [KERBEROS], mechToken: frameToken(0x0100, world.apReq()) })
    for (let end = 0; end < whole.length; end++) {
      assert.throws(() => world.acceptor().accept(whole.subarray(0, end)), AcceptError)
    }
    const inner = whole.subarray(whole.indexOf(0xa0))
    assert.deepEqual(decodeNegTokenInit(inner).mechTypes, [KERBEROS])
  })
})

describe('MIC tokens', () => {
  const key = generateKey(18, systemRandom)
  const message = Buffer.from('what it is over')
  const maker: MicMaker = { by: 'acceptor', key, acceptorSubkey: true }
  const mic = makeMic(maker, 0xfffffff0, message)

  it('look as RFC 4121 section 4.2.6.1 says', () => {
    const head = Buffer.from(mic.subarray(0, 16)).toString('hex')
    assert.equal(head, '040405ffffffffff00000000fffffff0')
    assert.equal(mic.length, 28)
    verifyMic(maker, mic, message)
  })

  it('are of one side, one key and one message', () => {
    const integrity = { code: 'ERR_KRB_INTEGRITY' }
    for (const other of [
      { ...maker, by: 'initiator' as const },
      { ...maker, acceptorSubkey: false },
      { ...maker, key: generateKey(18, systemRandom) },
      { ...maker, key: generateKey(17, systemRandom) },
    ]) {
      assert.throws(() => {
        verifyMic(other, mic, message)
      }, integrity)
    }
    assert.throws(() => {
      verifyMic(maker, mic, message.subarray(1))
    }, integrity)
    for (let at = 0; at < mic.length; at++) {
      const changed = new Uint8Array(mic)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.throws(() => {
        verifyMic(maker, changed, message)
      }, integrity)
      assert.throws(() => {
        verifyMic(maker, mic.subarray(0, at), message)
      }, integrity)
    }
  })
})
