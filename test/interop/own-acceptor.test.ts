/**
 * Our own acceptor judges the tokens of MIT's initiator (python3-gssapi) and of curl, and they judge its answers. The ticket is
 * made with the service's key and put into a credential cache: no KDC takes part.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import {
  AcceptError,
  Acceptor,
  formatNegotiate,
  formatPrincipal,
  GssFlag,
  parseNegotiate,
  type Accepted,
  type AcceptorOptions,
} from '../../src/kerberos/index.ts'
import { makeMic, verifyMic, type MicMaker } from '../../src/kerberos/gss/mic.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { makeAcceptorFiles } from '../support/acceptor-files.ts'
import { mitAcceptorMissing } from '../support/mit-acceptor.ts'
import { MitInitiator, type MitContextOptions } from '../support/mit-initiator.ts'
import { mitToolsMissing } from '../support/mit-tools.ts'

const SERVICE = 'HTTP/iwa.corp.example@CORP.EXAMPLE'
const binding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 5)])
const otherBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 6)])
const ports = { clock: systemClock, random: systemRandom }
const files = makeAcceptorFiles()
after(() => {
  files.remove()
})

const acceptor = (options: Partial<AcceptorOptions> = {}) =>
  new Acceptor({ keys: files.keytab, ...options }, ports)
const clientOf = ({ client, clientRealm }: Accepted) => formatPrincipal(client, clientRealm)

function refusal(accept: () => unknown): AcceptError {
  try {
    accept()
  } catch (error) {
    if (error instanceof AcceptError) return error
    throw error
  }
  assert.fail('it was accepted')
}

describe('our acceptor and MIT’s initiator', { skip: mitAcceptorMissing() }, () => {
  const initiators: MitInitiator[] = []
  let alice: MitInitiator
  const initiatorWith = async (...ticket: Parameters<typeof files.ticketFor>) => {
    const initiator = new MitInitiator(await files.cacheFor(files.ticketFor(...ticket)))
    initiators.push(initiator)
    return initiator
  }
  before(async () => {
    alice = await initiatorWith('alice')
  })
  after(async () => {
    await Promise.all(initiators.map((initiator) => initiator.stop()))
  })
  const begin = (options: Partial<MitContextOptions> = {}) =>
    alice.begin({ service: SERVICE, ...options })

  for (const [mechanism, etypes] of [
    ['spnego', [17, 20]],
    ['krb5', [18, 19]],
  ] as const) {
    for (const etype of etypes) {
      it(`agree on ${mechanism} with etype ${etype}: each proves itself, MICs fit both ways`, async () => {
        const initiator = await initiatorWith('bob', etype)
        const { context, first } = await initiator.begin({ service: SERVICE, mechanism })
        const accepted = acceptor().accept(first.token)
        assert.equal(clientOf(accepted), 'bob@CORP.EXAMPLE')
        assert.equal(accepted.mechanism, mechanism)
        assert.ok((accepted.gssFlags & GssFlag.MUTUAL) !== 0)
        const last = await context.step(accepted.replyToken ?? assert.fail())
        assert.deepEqual([last.complete, last.token.length], [true, 0])

        const key = accepted.acceptorSubkey ?? assert.fail()
        const message = Buffer.from('over this')
        const maker: MicMaker = { by: 'acceptor', key, acceptorSubkey: true }
        verifyMic({ ...maker, by: 'initiator' }, await context.mic(message), message)
        const mic = makeMic(maker, accepted.acceptorSequenceNumber, message)
        await context.verify(message, mic)
      })
    }
  }

  it('exchange MICs over the offer where the acceptor wants them', async () => {
    const { context, first } = await begin()
    const exchange = acceptor({ requestMic: true }).begin()
    const asked = exchange.step(first.token)
    assert.ok(!asked.done)
    const second = await context.step(asked.replyToken)
    const step = exchange.step(second.token)
    assert.ok(step.done)
    assert.equal(clientOf(step.accepted), 'alice@CORP.EXAMPLE')
    const { replyToken } = step.accepted
    const complete = replyToken === undefined || (await context.step(replyToken)).complete
    assert.equal(second.complete || complete, true)
  })

  it('know the right channel binding, a wrong one and none', async () => {
    const strict = { channelBinding: binding, requireChannelBinding: true }
    const bound = await begin({ binding })
    assert.equal(acceptor().accept(bound.first.token, strict).channelBound, true)
    const wrong = await begin({ binding: otherBinding })
    assert.equal(
      refusal(() => acceptor().accept(wrong.first.token, strict)).code,
      'ERR_KRB_CHANNEL_BINDING',
    )
    const none = await begin()
    assert.equal(
      refusal(() => acceptor().accept(none.first.token, strict)).code,
      'ERR_KRB_CHANNEL_BINDING',
    )
    assert.equal(acceptor().accept(none.first.token).channelBound, false)
  })

  it('do without proof where none is asked for', async () => {
    const { first } = await begin({ mutual: false, mechanism: 'krb5' })
    assert.equal(first.complete, true)
    const accepted = acceptor().accept(first.token)
    assert.equal(accepted.replyToken, undefined)
    assert.equal(accepted.acceptorSubkey, undefined)
  })

  it('hand over no credential that the client has not', async () => {
    const { first } = await begin({ delegate: true })
    const accepted = acceptor().accept(first.token)
    assert.equal(accepted.gssFlags & GssFlag.DELEGATION, 0)
    assert.equal(accepted.delegatedCredential, undefined)
  })

  it('do not agree twice by one token', async () => {
    const { first } = await begin()
    const own = acceptor()
    own.accept(first.token)
    assert.equal(refusal(() => own.accept(first.token)).code, 'ERR_KRB_REPLAY')
  })

  for (const [what, options, code] of [
    ['another key', { keys: makeOther() }, 'ERR_KRB_INTEGRITY'],
    ['another service', { services: ['HTTP/other.corp.example'] }, 'ERR_KRB_NOT_ACCEPTED'],
    ['no key', { keys: [] }, 'ERR_KRB_NOT_ACCEPTED'],
  ] as const) {
    it(`disagree with ${what}, and MIT’s initiator understands why`, async () => {
      const { context, first } = await begin()
      const error = refusal(() => acceptor(options).accept(first.token))
      assert.equal(error.code, code)
      const reply = error.replyToken ?? assert.fail()
      await assert.rejects(context.step(reply), /GSSError|Error/)
    })
  }

  it('disagree on a clock that is off', async () => {
    const { first } = await begin()
    const late = { ...systemClock, nowMs: () => systemClock.nowMs() + 600_000 }
    const own = new Acceptor({ keys: files.keytab }, { ...ports, clock: late })
    const error = refusal(() => own.accept(first.token))
    assert.deepEqual([error.code, error.krbErrorCode], ['ERR_KRB_SKEW', 37])
  })

  it('disagree on a ticket that has ended', async () => {
    const ended = { startTimeMs: 0, authTimeMs: 0, endTimeMs: Date.now() - 400_000 }
    const initiator = await initiatorWith('alice', 18, ended)
    const { first } = await initiator.begin({ service: SERVICE })
    assert.equal(refusal(() => acceptor().accept(first.token)).code, 'ERR_KRB_TICKET_TIME')
  })

  it('disagree on every token that was changed anywhere', async () => {
    const { first } = await begin({ binding })
    const own = acceptor()
    own.accept(first.token, { channelBinding: binding })
    for (let at = 0; at < first.token.length; at++) {
      const changed = new Uint8Array(first.token)
      changed[at] = (changed[at] ?? 0) ^ 2
      refusal(() => own.accept(changed, { channelBinding: binding }))
      if (at % 7 === 0) refusal(() => acceptor().accept(first.token.subarray(0, at)))
    }
  })
})

function makeOther() {
  const other = makeAcceptorFiles()
  other.remove()
  return other.keytab
}

describe(
  'our acceptor behind an HTTP server, and curl --negotiate',
  { skip: mitToolsMissing() },
  () => {
    let server: Server
    const own = acceptor()
    const seen: Accepted[] = []
    before(async () => {
      server = createServer((request, response) => {
        const token = parseNegotiate(request.headers.authorization ?? '')
        if (token === undefined) {
          response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end('sign in')
          return
        }
        const accepted = own.accept(token)
        seen.push(accepted)
        const reply = formatNegotiate(accepted.replyToken ?? new Uint8Array(0))
        response.writeHead(200, { 'WWW-Authenticate': reply }).end(clientOf(accepted))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    })
    after(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })

    it('sign alice in', async () => {
      const { port } = server.address() as AddressInfo
      const environment = await files.cacheFor(files.ticketFor('alice'))
      const host = `iwa.corp.example:${port}`
      const args = ['--silent', '--show-error', '--noproxy', '*', '--resolve', `${host}:127.0.0.1`]
      const child = spawn('curl', [...args, '--negotiate', '-u', ':', `http://${host}/`], {
        env: { ...process.env, ...environment },
      })
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      await new Promise((resolve) => child.once('close', resolve))
      assert.equal(said, 'alice@CORP.EXAMPLE')
      assert.equal(seen[0]?.mechanism, 'spnego')
    })
  },
)
