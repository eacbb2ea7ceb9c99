/** MIT's acceptor, through python3-gssapi, judges the channel bindings in our tokens. */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeAcceptorFiles } from '../support/acceptor-files.ts'
import { judgeTokens, mitAcceptorMissing } from '../support/mit-acceptor.ts'

const files = makeAcceptorFiles()
const judge = (requests: Parameters<typeof judgeTokens>[1]) =>
  judgeTokens(files.environment, requests)

const binding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 5)])
const wrong = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 6)])

describe('MIT acceptor with channel bindings', { skip: mitAcceptorMissing() }, () => {
  after(() => {
    files.remove()
  })

  for (const mechanism of ['spnego', 'krb5'] as const) {
    it(`tells the right binding from the wrong one and from none, ${mechanism}`, () => {
      const initiator = files.initiatorFor('alice')
      const bound = () => initiator.createToken({ channelBinding: binding, mechanism })
      const sent = bound()
      const [right, other, careless, unbound] = judge([
        { token: sent.token, binding },
        { token: bound().token, binding: wrong },
        { token: bound().token, binding: undefined },
        { token: initiator.createToken({ mechanism }).token, binding },
      ])
      assert.equal(right?.client, 'alice@CORP.EXAMPLE')
      assert.equal(right.bound, true)
      sent.verifyReply(Buffer.from(right.reply ?? '', 'base64'))
      assert.equal(other?.error, 'BadChannelBindingsError')
      assert.equal(careless?.client, 'alice@CORP.EXAMPLE')
      assert.equal(careless.bound, false)
      // An acceptor takes a token without bindings, unless it looks at the flag.
      assert.equal(unbound?.client, 'alice@CORP.EXAMPLE')
      assert.equal(unbound.bound, false)
    })
  }

  for (const etype of [17, 18, 19, 20]) {
    it(`speaks etype ${etype}, and proves itself`, () => {
      const sent = files.initiatorFor('bob', etype).createToken({ channelBinding: binding })
      const [verdict] = judge([{ token: sent.token, binding }])
      assert.equal(verdict?.error, undefined)
      assert.equal(verdict?.client, 'bob@CORP.EXAMPLE')
      assert.equal(verdict.bound, true)
      sent.verifyReply(Buffer.from(verdict.reply ?? '', 'base64'))
    })
  }
})
