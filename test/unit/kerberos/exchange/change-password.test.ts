/** What a password server answers, and what somebody on the way makes of it (RFC 3244). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drive } from '../../../../src/kerberos/client-drive.ts'
import {
  asExchange,
  changePassword,
  ownKeys,
  PASSWORD_SERVICE,
} from '../../../../src/kerberos/exchange/index.ts'
import { SUPPORTED_ETYPES } from '../../../../src/kerberos/crypto/index.ts'
import {
  decodeApRep,
  decodeChangePasswordReply,
  decodeChangePasswordRequest,
  decodeKrbPriv,
  encodeApRep,
  encodeChangePasswordReply,
  encodeKrbPriv,
  type EncryptedData,
} from '../../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM } from '../../../support/kerberos-world.ts'
import { MemoryPasswordServer } from '../../../support/memory-password-server.ts'

const PASSWORD = 'Correct-Horse-9-Battery'
const HOUR_MS = 3_600_000

/** A change that the server refuses, and its answer. */
async function refusedChange() {
  const { kdc, clock } = newWorld()
  const server = new MemoryPasswordServer(kdc)
  server.tricks = { refuse: { code: 5, text: 'no right' } }
  const owner = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: REALM }
  const keys = ownKeys({ ...owner, keys: kdc.keytab('CONN1$') })
  const settings = { etypes: SUPPORTED_ETYPES, maxClockSkewMs: 300_000, ticketLifetimeMs: HOUR_MS }
  const requester = { identity: owner, keys, sname: PASSWORD_SERVICE }
  const ticket = await drive(asExchange(requester, { clock, random, ...settings }), kdc)
  const change = changePassword(ticket, PASSWORD, { clock, random })
  const reply = decodeChangePasswordReply(await server.exchange(REALM, change.request))
  assert.ok('apRep' in reply)
  return { change, reply }
}

const of17 = (encPart: EncryptedData) => ({ encPart: { ...encPart, etype: 17 } })

describe('a reply of the password server', () => {
  it('is the server’s word where it is sealed for this request', async () => {
    const { change, reply } = await refusedChange()
    assert.deepEqual(change.open(encodeChangePasswordReply(reply)), {
      answer: { code: 5, text: 'no right' },
      proven: true,
    })
  })

  it('is not our own message, whose password would be shown as the server’s text', async () => {
    const { change, reply } = await refusedChange()
    const { krbPriv } = decodeChangePasswordRequest(change.request)
    const { encPart } = decodeKrbPriv(krbPriv)
    for (const own of [krbPriv, encodeKrbPriv({ encPart: { ...encPart, kvno: 1 } })]) {
      assert.throws(() => change.open(encodeChangePasswordReply({ ...reply, krbPriv: own })), {
        code: 'ERR_KRB_REPLY_MISMATCH',
        message: /our own message came back/,
      })
    }
  })

  it('is of the types of its keys', async () => {
    const { change, reply } = await refusedChange()
    const apRep = encodeApRep(of17(decodeApRep(reply.apRep).encPart))
    const krbPriv = encodeKrbPriv(of17(decodeKrbPriv(reply.krbPriv).encPart))
    for (const [changed, what] of [
      [{ ...reply, apRep }, 'AP-REP'],
      [{ ...reply, krbPriv }, 'KRB-PRIV'],
    ] as const) {
      assert.throws(() => change.open(encodeChangePasswordReply(changed)), {
        code: 'ERR_KRB_REPLY_MISMATCH',
        message: new RegExp(`${what} encrypted with etype 17, not 18`),
      })
    }
  })
})
