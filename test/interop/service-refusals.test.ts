/** KRB-ERRORs of services that are not ours: MIT's acceptor and the lab's Apache say why they refuse a token. */

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, describe, it } from 'node:test'
import { generateKey } from '../../src/kerberos/crypto/index.ts'
import {
  formatNegotiate,
  Initiator,
  parseNegotiate,
  readApRefusal,
  type InitiatorToken,
} from '../../src/kerberos/index.ts'
import { readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { makeAcceptorFiles } from '../support/acceptor-files.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { judgeTokens, mitAcceptorMissing, type Verdict } from '../support/mit-acceptor.ts'
import { makeServiceTicket } from '../support/service-ticket.ts'

const ports = { clock: systemClock, random: systemRandom }
const HOUR_MS = 3_600_000
const files = makeAcceptorFiles()
after(() => {
  files.remove()
})

/** A token under a key that no service has, of the version it names. */
function foreignToken(kvno: number, mechanism: 'spnego' | 'krb5' = 'spnego'): InitiatorToken {
  const settings = {
    client: 'alice@CORP.EXAMPLE',
    server: 'HTTP/iwa.corp.example@CORP.EXAMPLE',
    serviceKey: generateKey(18, systemRandom),
    kvno,
    startTimeMs: Date.now() - 60_000,
  }
  return new Initiator(makeServiceTicket(settings, systemRandom), ports).createToken({ mechanism })
}

describe('MIT’s acceptor, refusing', { skip: mitAcceptorMissing() }, () => {
  const late = { ...systemClock, nowMs: () => systemClock.nowMs() - HOUR_MS }
  const skewed = new Initiator(files.ticketFor('alice', 18, { startTimeMs: 0 }), {
    ...ports,
    clock: late,
  })
  const ended = { startTimeMs: 0, authTimeMs: 0, endTimeMs: Date.now() - HOUR_MS }
  const twice = files.initiatorFor('alice').createToken()
  const tokens = new Map<string, InitiatorToken>([
    ['another key', foreignToken(300)],
    ['another version of the key', foreignToken(301)],
    ['another key, without SPNEGO', foreignToken(300, 'krb5')],
    ['another clock', skewed.createToken()],
    ['an ended ticket', new Initiator(files.ticketFor('alice', 18, ended), ports).createToken()],
    ['a first time', twice],
    ['a second time', twice],
  ])
  const verdicts = new Map<string, Verdict>()
  const judge = (what: string): Verdict => {
    if (verdicts.size === 0) {
      const all = judgeTokens(files.environment, [...tokens.values()])
      for (const [i, name] of [...tokens.keys()].entries()) verdicts.set(name, all[i] ?? {})
    }
    return verdicts.get(what) ?? assert.fail()
  }

  for (const [what, krbErrorCode] of [
    // MIT's acceptor calls it bad integrity; Windows says KRB_AP_ERR_MODIFIED (41).
    ['another key', 31],
    ['another key, without SPNEGO', 31],
    ['another version of the key', 44],
    ['another clock', 37],
    ['an ended ticket', 32],
    ['a second time', 34],
  ] as const) {
    it(`says so for ${what}`, () => {
      const { error, reply = '' } = judge(what)
      assert.ok(error)
      const token = Buffer.from(reply, 'base64')
      const refusal = readApRefusal(token)
      assert.equal(refusal?.krbErrorCode, krbErrorCode)
      assert.throws(
        () => {
          tokens.get(what)?.verifyReply(token)
        },
        { code: 'ERR_KRB_AP_REFUSED', message: refusal.message },
      )
    })
  }

  it('tells its clock, by which the difference is known', () => {
    const refusal = readApRefusal(Buffer.from(judge('another clock').reply ?? '', 'base64'))
    assert.ok(refusal)
    assert.ok(Math.abs(refusal.serverTimeMs - Date.now()) < HOUR_MS)
  })

  it('says nothing of a token that it accepts', () => {
    const { error, reply = '' } = judge('a first time')
    assert.equal(error, undefined)
    assert.equal(readApRefusal(Buffer.from(reply, 'base64')), undefined)
  })
})

const lab = sharedLab()

describe('the lab’s Apache, refusing', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { iwa } = lab.backends

  const challengeTo = (token: Uint8Array): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(iwa.origin)
      const headers = { host: hostname, authorization: formatNegotiate(token) }
      const where = { host: iwa.address, port: port || 80, path: '/whoami', headers }
      request(where, (response) => {
        response.resume()
        assert.equal(response.statusCode, 401)
        resolve(response.headers['www-authenticate'] ?? '')
      })
        .on('error', reject)
        .end()
    })

  for (const [what, later, krbErrorCode] of [
    ['another key', 0, 31],
    ['another version of the key', 7, 44],
  ] as const) {
    it(`says why in the 401 to a token under ${what}`, async () => {
      const [entry] = await readKeytabFile(iwa.keytab)
      const { token } = foreignToken((entry?.kvno ?? 0) + later)
      const reply = parseNegotiate(await challengeTo(token)) ?? assert.fail()
      const refusal = readApRefusal(reply)
      assert.equal(refusal?.krbErrorCode, krbErrorCode)
      assert.equal(refusal.server, 'HTTP/iwa.corp.example@CORP.EXAMPLE')
    })
  }
})
