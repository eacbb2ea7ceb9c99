/**
 * What Samba's KDC itself answers, number by number, also where our client would not ask: on these the table of refusals
 * (src/kerberos/exchange/refusal-catalogue.ts) and the facts about the lab rest.
 */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { encrypt } from '../../src/kerberos/crypto/index.ts'
import { KeyUsage, MessageType, PaType } from '../../src/kerberos/iana/index.ts'
import type { Evidence, KerberosClient, KerberosErrorCode } from '../../src/kerberos/index.ts'
import {
  decodeKrbError,
  encodeApReq,
  encodeAuthenticator,
  encodeKdcReq,
  encodeKdcReqBody,
  isKrbError,
} from '../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient, userClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()
const SPN = 'HTTP/iwa.corp.example'

interface Answer {
  readonly number: number
  readonly code: KerberosErrorCode
}

describe('refusals of Samba’s KDC', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, users } = lab
  const transport = patientTransport(realm, lab.kdc)
  let conn1: KerberosClient
  before(async () => {
    conn1 = await connectorClient(lab, 'CONN1', { transport })
  })
  const refused = async (work: Promise<unknown>, { number, code }: Answer): Promise<void> => {
    await assert.rejects(work, { krbErrorCode: number, code, realm })
  }
  const self = (name: string) => conn1.impersonate({ name, realm })
  /** As if the KDC had allowed it: our client would not ask. */
  const forced = async (client: KerberosClient, name: string): Promise<Evidence> => ({
    ...(await client.impersonate({ name, realm })),
    forwardable: true,
  })

  const toSelf: readonly (readonly [string, Answer])[] = [
    ['nobody', { number: 6, code: 'ERR_KRB_CLIENT_UNKNOWN' }],
    ['erin', { number: 12, code: 'ERR_KRB_CLIENT_REVOKED' }],
    ['frank', { number: 1, code: 'ERR_KRB_CLIENT_REVOKED' }],
  ]
  for (const [name, answer] of toSelf) {
    it(`are ${answer.number} at S4U2Self for ${name}`, async () => {
      await refused(self(name), answer)
    })
  }

  const toSignIn: readonly (readonly [string, string, Answer])[] = [
    ['alice', 'wrong', { number: 24, code: 'ERR_KRB_PREAUTH_FAILED' }],
    ['nobody', 'any', { number: 6, code: 'ERR_KRB_CLIENT_UNKNOWN' }],
    ['erin', users.erin.password, { number: 18, code: 'ERR_KRB_CLIENT_REVOKED' }],
    ['frank', users.frank.password, { number: 18, code: 'ERR_KRB_CLIENT_REVOKED' }],
    ['grace', users.grace.password, { number: 23, code: 'ERR_KRB_CLIENT_KEY_EXPIRED' }],
  ]
  for (const [name, password, answer] of toSignIn) {
    it(`are ${answer.number} when ${name} signs in with ${password}`, async () => {
      await refused(userClient(lab, name, password).ownTicket(SPN), answer)
    })
  }

  it('are 23 at S4U2Proxy for grace, not before', async () => {
    const answer = { number: 23, code: 'ERR_KRB_CLIENT_KEY_EXPIRED' } as const
    await refused(conn1.delegate(await self('grace'), SPN), answer)
  })

  const toProxy: readonly (readonly [string, string, string, Answer])[] = [
    ['CONN1', 'carol', SPN, { number: 13, code: 'ERR_KRB_DELEGATION_REFUSED' }],
    ['CONN2', 'alice', SPN, { number: 13, code: 'ERR_KRB_DELEGATION_REFUSED' }],
    [
      'CONN4',
      'alice',
      'HTTP/rbcd.corp.example',
      { number: 13, code: 'ERR_KRB_DELEGATION_REFUSED' },
    ],
    [
      'CONN1',
      'alice',
      'HTTP/other.corp.example',
      { number: 13, code: 'ERR_KRB_DELEGATION_REFUSED' },
    ],
    ['CONN1', 'alice', 'HTTP/nowhere.corp.example', { number: 7, code: 'ERR_KRB_SPN_UNKNOWN' }],
  ]
  for (const [name, user, spn, answer] of toProxy) {
    it(`are ${answer.number} at S4U2Proxy, ${name} for ${user} to ${spn}`, async () => {
      const client = await connectorClient(lab, name, { transport })
      await refused(client.delegate(await forced(client, user), spn), answer)
    })
  }

  it('are none for dave, whom Windows protects', async () => {
    assert.ok(await conn1.delegate(await self('dave'), SPN))
  })

  it('are 14 where AES with SHA-2 alone is offered', async () => {
    const client = await connectorClient(lab, 'CONN1', { transport, etypes: [20, 19] })
    await refused(client.ownTicket(SPN), { number: 14, code: 'ERR_KRB_ETYPE' })
  })

  it('are 37 for a clock that is off', async () => {
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + 600_000 }
    const client = await connectorClient(lab, 'CONN1', {
      transport,
      clock,
      maxClockCorrectionMs: 0,
    })
    await refused(client.ownTicket(SPN), { number: 37, code: 'ERR_KRB_SKEW' })
  })

  it('are 50 for an authenticator without a checksum', async () => {
    const tgt = await conn1.armorTicket()
    const nowMs = systemClock.nowMs()
    const names = { crealm: tgt.clientRealm, cname: tgt.client }
    const authenticator = encodeAuthenticator({ ...names, cusec: 7, ctimeMs: nowMs })
    const { etype } = tgt.sessionKey
    const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
    const cipher = encrypt(tgt.sessionKey, usage, authenticator, systemRandom)
    const ap = { apOptions: 0, ticket: tgt.ticket, authenticator: { etype, cipher } }
    const reqBody = encodeKdcReqBody({
      kdcOptions: 0,
      realm,
      sname: { nameType: 2, nameString: SPN.split('/') },
      tillMs: tgt.endTimeMs,
      nonce: 1234,
      etype: [18],
    })
    const padata = [{ padataType: PaType.PA_TGS_REQ, padataValue: encodeApReq(ap) }]
    const request = encodeKdcReq({ msgType: MessageType.TGS_REQ, padata, reqBody })
    const reply = await transport.exchange(realm, request)
    assert.ok(isKrbError(reply))
    assert.equal(decodeKrbError(reply).errorCode, 50)
  })

  it('are none for a user named by PA-S4U-X509-USER alone, but the ticket is our own: it is found out', async () => {
    const client = await connectorClient(lab, 'CONN1', { transport, s4uUserPadata: 'x509Only' })
    await assert.rejects(client.impersonate({ name: 'alice', realm }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /CONN1\$@CORP\.EXAMPLE, not for alice/,
    })
  })
})
