/** The whole client, and tokens with their answers, under each encryption type. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey, SUPPORTED_ETYPES } from '../../../src/kerberos/crypto/index.ts'
import { ownKeys } from '../../../src/kerberos/exchange/index.ts'
import { Initiator } from '../../../src/kerberos/gss/index.ts'
import { decodeKdcReq, decodeKdcReqBody } from '../../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { acceptToken, expectedBinding, makeApRep } from '../../support/gss-acceptor.ts'
import { newWorld, REALM, SPN } from '../../support/kerberos-world.ts'

const binding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 9)])
const CONN1 = { nameType: 1, nameString: ['CONN1$'] }

function keysOf(...etypes: readonly number[]) {
  const entry = { principal: CONN1, realm: REALM, kvno: 2, timestampMs: 0 }
  const value = new Uint8Array(32)
  const keys = etypes.map((etype) => ({ ...entry, key: { etype, value } }))
  return ownKeys({ principal: CONN1, realm: REALM, keys })
}

for (const etype of SUPPORTED_ETYPES) {
  describe(`with keys of etype ${etype}`, () => {
    it('acts for a user, makes a bound token and checks the acceptor’s proof', async () => {
      const { kdc, client } = newWorld(etype)
      const connector = client()
      const alice = { name: 'alice', realm: REALM, sid: kdc.sidOf('alice') }
      const ticket = await connector.delegate(await connector.impersonate(alice), SPN)
      assert.equal(ticket.sessionKey.etype, etype)
      const [service] = kdc.keytab('svc-iwa')
      assert.ok(service)
      const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })
      const sent = initiator.createToken({ channelBinding: binding })
      const accepted = acceptToken(sent.token, service.key)
      assert.equal(accepted.client, 'alice@CORP.EXAMPLE')
      assert.equal(accepted.binding, expectedBinding(binding))
      assert.equal(accepted.authenticator.subkey?.etype, etype)
      sent.verifyReply(makeApRep(accepted, systemRandom))
      const sessionKey = generateKey(etype, systemRandom)
      assert.throws(
        () => {
          sent.verifyReply(makeApRep(accepted, systemRandom, { sessionKey }))
        },
        { code: 'ERR_KRB_MUTUAL' },
      )
    })

    it('proves itself by password', async () => {
      const { client } = newWorld(etype)
      const principal = { nameType: 1, nameString: ['alice'] }
      const keys = { password: 'Wonderland-1' }
      const identity = { principal, realm: REALM, keys }
      const ticket = await client('CONN1$', { identity }).ownTicket(SPN)
      assert.equal(ticket.sessionKey.etype, etype)
    })
  })
}

describe('encryption types of our own keys', () => {
  it('are asked for first, since a KDC answers under the first type it has a key of', async () => {
    assert.deepEqual(keysOf(17, 18).toAskFor(SUPPORTED_ETYPES), [18, 17, 20, 19])
    assert.deepEqual(keysOf(19, 23).toAskFor(SUPPORTED_ETYPES), [19, 20, 18, 17])
    const { kdc, client } = newWorld()
    const asked: (readonly number[])[] = []
    kdc.tricks = {
      request: (octets) => {
        asked.push(decodeKdcReqBody(decodeKdcReq(octets).reqBody).etype)
        return octets
      },
    }
    await client().ownTicket(SPN)
    assert.deepEqual(asked, [
      [18, 20, 19, 17],
      [18, 20, 19, 17],
      [20, 19, 18, 17],
    ])
  })

  it('must not all be RC4 or DES: the refusal names the account and how to get others', () => {
    assert.throws(() => keysOf(23, 3), {
      code: 'ERR_KRB_NO_KEY',
      message:
        'CONN1$@CORP.EXAMPLE has no key that may be used in the keytab, only rc4-hmac (etype 23), des-cbc-md5 (etype 3)',
      mend: /msDS-SupportedEncryptionTypes/,
    })
    assert.throws(() => keysOf(18).forProof([{ etype: 23 }], SUPPORTED_ETYPES), {
      code: 'ERR_KRB_NO_KEY',
      message:
        'CONN1$@CORP.EXAMPLE has no key that may be used at the KDC, only rc4-hmac (etype 23)',
      mend: /msDS-SupportedEncryptionTypes/,
    })
  })
})
