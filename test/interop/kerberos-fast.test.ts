/** Armour (FAST, RFC 6113) against real KDCs, Samba's and MIT's: what they take, and what who sits on the wire can still do. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PaType } from '../../src/kerberos/iana/index.ts'
import {
  formatPrincipal,
  KerberosClient,
  type ClientIdentity,
  type FastMode,
  type KdcTransport,
  type KerberosClientOptions,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { decodeKdcReq, encodeKdcReq } from '../../src/kerberos/messages/index.ts'
import { errorCode } from '../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { recorder, splicer, SPLICES, type Recording } from '../support/kdc-splices.ts'
import { honest, KdcProxy } from '../support/kdc-proxy.ts'
import { connectorClient, labTransport } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import {
  LDAP_REALM,
  mitLdapKdcMissing,
  startMitLdapKdc,
  type MitLdapKdc,
} from '../support/mit-ldap-kdc.ts'

const MODES: readonly FastMode[] = ['whenOffered', 'required']

/** Passes on, and counts what goes under armour. */
class Watch implements KdcTransport {
  armored = 0
  open = 0
  readonly #to: KdcTransport
  constructor(to: KdcTransport) {
    this.#to = to
  }

  exchange(realm: string, octets: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const { padata = [] } = decodeKdcReq(octets)
    if (padata.some(({ padataType }) => padataType === PaType.PA_FX_FAST)) this.armored += 1
    else this.open += 1
    return this.#to.exchange(realm, octets, signal)
  }
}

const lab = sharedLab()

describe('armour, against Samba', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, users } = lab
  const user = (options: Partial<KerberosClientOptions> & Pick<ClientIdentity, 'keys'>) => {
    const { keys, ...others } = options
    const principal = { nameType: 1, nameString: ['alice'] }
    const transport = labTransport(lab)
    const identity = { principal, realm, keys }
    return new KerberosClient({
      identity,
      transport,
      clock: systemClock,
      random: systemRandom,
      ...others,
    })
  }

  for (const fast of MODES) {
    it(`goes around both steps of a delegation, ${fast}`, async () => {
      const transport = new Watch(labTransport(lab))
      const client = await connectorClient(lab, 'CONN1', { fast, transport })
      const evidence = await client.impersonate({ name: 'alice', realm })
      assert.equal(evidence.accountName, 'alice')
      const ticket = await client.delegate(evidence, 'HTTP/iwa.corp.example')
      assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `alice@${realm}`)
      // The first ticket of a machine has nothing to be armoured with.
      assert.deepEqual([transport.open, transport.armored], [2, 2])
    })

    it(`by the machine’s ticket goes around a user’s whole sign-in, ${fast}`, async () => {
      const armor = await connectorClient(lab, 'CONN1')
      const transport = new Watch(labTransport(lab))
      const alice = user({ keys: { password: users.alice.password }, armor, fast, transport })
      assert.equal((await alice.ownTicket('HTTP/iwa.corp.example')).client.nameString[0], 'alice')
      assert.deepEqual([transport.open, transport.armored], [0, 3])
    })
  }

  it('carries refusals that nobody else can have written', async () => {
    const armor = await connectorClient(lab, 'CONN1')
    await assert.rejects(user({ keys: { password: 'wrong' }, armor }).armorTicket(), {
      code: 'ERR_KRB_PREAUTH_FAILED',
      armored: true,
    })
    const client = await connectorClient(lab, 'CONN1')
    await assert.rejects(client.impersonate({ name: 'nobody', realm }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      armored: true,
    })
    const evidence = await client.impersonate({ name: 'alice', realm })
    await assert.rejects(client.delegate(evidence, 'HTTP/other.corp.example'), {
      code: 'ERR_KRB_DELEGATION_REFUSED',
      armored: true,
    })
  })

  it('takes an enterprise name, which the KDC answers with the account’s', async () => {
    const armor = await connectorClient(lab, 'CONN1')
    const principal = { nameType: 10, nameString: [users.bob.userPrincipalName] }
    const identity = { principal, realm, keys: { password: users.bob.password } }
    const ticket = await user({ keys: identity.keys, armor, identity }).armorTicket()
    assert.deepEqual(ticket.client.nameString, ['bob'])
  })

  it('cannot be asked away: the KDC’s flag shows who took the question out of a request', async () => {
    const inner = labTransport(lab)
    const transport: KdcTransport = {
      exchange(ofRealm, octets, signal) {
        const request = decodeKdcReq(octets)
        const padata = request.padata?.filter((one) => one.padataType !== PaType.PA_REQ_ENC_PA_REP)
        return inner.exchange(ofRealm, encodeKdcReq({ ...request, padata }), signal)
      },
    }
    const client = await connectorClient(lab, 'CONN1', { transport })
    await assert.rejects(client.armorTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /no checksum of the request/,
    })
  })

  describe('with someone on the wire', () => {
    let proxy: KdcProxy
    let client: KerberosClient
    let bob: Recording | undefined
    before(async () => {
      proxy = await KdcProxy.start(lab)
      const transport = new NetworkKdcTransport({
        kdcs: { [realm]: [proxy.address] },
        timeoutMs: 5000,
        totalTimeoutMs: 90_000,
      })
      client = await connectorClient(lab, 'CONN1', { transport, fast: 'required' })
      await client.armorTicket()
      // Under armour nobody can tell an S4U2Self from another request.
      proxy.wiretap = recorder('TGS', (recording) => (bob = recording))
      await client.impersonate({ name: 'bob', realm })
      proxy.wiretap = honest
    })
    after(() => proxy.stop())

    // What stands around the armour is passed over: the names under it count.
    const harmless = ["bob's name around alice's ticket", 'another realm for the client']
    for (const { name, splice } of SPLICES.filter((one) => !one.name.includes('PA-FOR-USER'))) {
      it(`${harmless.includes(name) ? 'passes over' : 'finds out'} ${name}`, async () => {
        assert.ok(bob)
        proxy.wiretap = splicer('TGS', splice, bob)
        const asked = client.impersonate({ name: 'alice', realm })
        if (harmless.includes(name)) assert.equal((await asked).accountName, 'alice')
        else await assert.rejects(asked, (error) => errorCode(error).startsWith('ERR_KRB_'))
        proxy.wiretap = honest
        assert.equal((await client.impersonate({ name: 'alice', realm })).accountName, 'alice')
      })
    }
  })
})

describe('armour, against MIT krb5', { skip: mitLdapKdcMissing() }, () => {
  const SPN = 'HTTP/web.ldap.test'
  let kdc: MitLdapKdc
  before(async () => {
    kdc = await startMitLdapKdc()
    kdc.kadmin(
      'addprinc -pw Wonderland-1 +requires_preauth alice',
      `addprinc -randkey ${SPN}`,
      'addprinc -randkey +ok_to_auth_as_delegate conn1',
    )
    kdc.allow('conn1', SPN)
  })
  after(() => kdc.stop())

  const direct = () => new NetworkKdcTransport({ kdcs: { [LDAP_REALM]: [kdc.address] } })
  const clientOf = (
    name: string,
    keys: ClientIdentity['keys'],
    options: Partial<KerberosClientOptions> = {},
  ): KerberosClient =>
    new KerberosClient({
      identity: { principal: { nameType: 1, nameString: [name] }, realm: LDAP_REALM, keys },
      transport: direct(),
      clock: systemClock,
      random: systemRandom,
      ...options,
    })
  const connector = async (options: Partial<KerberosClientOptions> = {}) =>
    clientOf('conn1', await readKeytabFile(kdc.keytab('conn1')), options)

  for (const fast of MODES) {
    for (const s4uUserPadata of ['both', 'x509Only'] as const) {
      it(`goes around both steps of a delegation, ${fast}, ${s4uUserPadata}`, async () => {
        const transport = new Watch(direct())
        const client = await connector({ transport, fast, s4uUserPadata })
        const evidence = await client.impersonate({ name: 'alice', realm: LDAP_REALM })
        const ticket = await client.delegate(evidence, SPN)
        assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `alice@${LDAP_REALM}`)
        assert.equal(transport.armored, 2)
      })
    }
  }

  for (const etype of [17, 18, 19, 20]) {
    it(`by the machine’s ticket goes around a user’s sign-in with keys of etype ${etype}`, async () => {
      const armor = await connector()
      const transport = new Watch(direct())
      const options = { armor, fast: 'required', transport, etypes: [etype] } as const
      const alice = clientOf('alice', { password: 'Wonderland-1' }, options)
      const ticket = await alice.ownTicket(SPN)
      assert.equal(ticket.sessionKey.etype, etype)
      assert.deepEqual([transport.open, transport.armored], [0, 3])
    })
  }

  it('carries refusals that nobody else can have written', async () => {
    const armor = await connector()
    const wrong = clientOf('alice', { password: 'wrong' }, { armor })
    await assert.rejects(wrong.armorTicket(), { code: 'ERR_KRB_PREAUTH_FAILED', armored: true })
    await assert.rejects(armor.impersonate({ name: 'nobody', realm: LDAP_REALM }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      armored: true,
    })
  })
})
