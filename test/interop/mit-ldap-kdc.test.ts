/** The Kerberos client against a real MIT KDC that can delegate: both S4U steps, AES with SHA-2, MIT's PACs and refusals. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Initiator } from '../../src/kerberos/gss/index.ts'
import {
  formatPrincipal,
  KerberosClient,
  parsePrincipal,
  type ClientIdentity,
  type DelegationFindingKind,
  type KerberosClientOptions,
  type KerberosErrorCode,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { TicketFlag } from '../../src/kerberos/iana/index.ts'
import { readKeytabFile, NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { decodeTicket } from '../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { judgeTokens, mitAcceptorMissing } from '../support/mit-acceptor.ts'
import {
  LDAP_REALM as realm,
  mitLdapKdcMissing,
  startMitLdapKdc,
  type MitLdapKdc,
} from '../support/mit-ldap-kdc.ts'

const SPN = 'HTTP/web.ldap.test'
const OTHER = 'HTTP/other.ldap.test'
const ETYPES = { 17: 'aes128-cts', 18: 'aes256-cts', 19: 'aes128-sha2', 20: 'aes256-sha2' } as const
type Etype = keyof typeof ETYPES
const SINGLE: readonly Etype[] = [17, 18, 19, 20]

/** A service and a connector that have one key each. */
const serviceOf = (etype: Etype): string => `HTTP/e${etype}.ldap.test`
const connectorOf = (etype: Etype): string => `conn-e${etype}`

const ACCOUNTS = [
  'addprinc -pw Wonderland-1 +requires_preauth alice',
  'addprinc -pw Wonderland-1 open',
  'addpol -maxfailure 1 strict',
  'addprinc -pw Wonderland-1 +requires_preauth -policy strict clumsy',
  'addprinc -pw Builder-1 -allow_tix locked',
  'addprinc -pw Builder-1 -expire 2020-01-01 expired',
  'addprinc -pw Builder-1 -pwexpire 2020-01-01 stale',
  'addprinc -pw Builder-1 -allow_forwardable carol',
  'addprinc -pw Builder-1 +needchange grace',
  `addprinc -randkey ${SPN}`,
  `addprinc -randkey ${OTHER}`,
  'addprinc -randkey +ok_to_auth_as_delegate conn1',
  'addprinc -randkey conn2',
  'addprinc -randkey +ok_to_auth_as_delegate conn3',
  ...SINGLE.flatMap((etype) => [
    `addprinc -randkey -e ${ETYPES[etype]}:normal ${serviceOf(etype)}`,
    `addprinc -randkey -e ${ETYPES[etype]}:normal +ok_to_auth_as_delegate ${connectorOf(etype)}`,
  ]),
]

const named = (ticket: ServiceTicket): string =>
  `${formatPrincipal(ticket.client, ticket.clientRealm)} to ${formatPrincipal(ticket.server, ticket.serverRealm)}`

describe(
  'the Kerberos client, against MIT krb5 with an LDAP database',
  { skip: mitLdapKdcMissing() },
  () => {
    let kdc: MitLdapKdc
    before(async () => {
      kdc = await startMitLdapKdc()
      kdc.kadmin(...ACCOUNTS)
      for (const name of ['conn1', 'conn2']) kdc.allow(name, SPN, 'HTTP/nowhere.ldap.test')
      for (const etype of SINGLE) kdc.allow(connectorOf(etype), serviceOf(etype))
    })
    after(() => kdc.stop())

    const clientOf = (
      name: string,
      keys: ClientIdentity['keys'],
      options: Partial<KerberosClientOptions> = {},
    ): KerberosClient =>
      new KerberosClient({
        identity: { principal: parsePrincipal(name).principal, realm, keys },
        transport: new NetworkKdcTransport({ kdcs: { [realm]: [kdc.address] } }),
        clock: systemClock,
        random: systemRandom,
        ...options,
      })
    const connector = async (name: string, options: Partial<KerberosClientOptions> = {}) =>
      clientOf(name, await readKeytabFile(kdc.keytab(name)), options)
    const user = (name: string) => ({ name, realm })

    it('gets a ticket for a user by password, under AES with SHA-2', async () => {
      const ticket = await clientOf('alice', { password: 'Wonderland-1' }).ownTicket(SPN)
      assert.equal(named(ticket), `alice@${realm} to ${SPN}@${realm}`)
      assert.equal(ticket.sessionKey.etype, 20)
      assert.match(
        kdc.log(),
        /AS_REQ .*rep=aes256-cts-hmac-sha384-192\(20\).*alice@LDAP\.TEST for krbtgt/,
      )
    })

    it('acts for a user at a service, whose PAC says no SID', async () => {
      const client = await connector('conn1')
      const evidence = await client.impersonate(user('alice'))
      assert.equal(named(evidence), `alice@${realm} to conn1@${realm}`)
      assert.deepEqual(
        [evidence.sid, evidence.groupSids, evidence.accountName],
        [undefined, [], 'alice'],
      )
      const ticket = await client.delegate(evidence, SPN)
      assert.equal(named(ticket), `alice@${realm} to ${SPN}@${realm}`)
      assert.notEqual(ticket.flags & TicketFlag.FORWARDABLE, 0)
    })

    it('does not act for a user whose SID the directory gave, for this KDC cannot confirm it', async () => {
      const client = await connector('conn1')
      const sid = 'S-1-5-21-1-2-3-1104'
      await assert.rejects(client.impersonate({ ...user('alice'), sid }), {
        code: 'ERR_KRB_REPLY_MISMATCH',
        message: /an account without a SID/,
      })
    })

    for (const etype of SINGLE) {
      it(`acts for a user with keys and tickets of etype ${etype} alone, and MIT’s acceptor takes it`, async (t) => {
        const client = await connector(connectorOf(etype), { etypes: [etype] })
        const evidence = await client.impersonate(user('alice'))
        const ticket = await client.delegate(evidence, serviceOf(etype))
        for (const one of [evidence, ticket]) {
          assert.equal(one.sessionKey.etype, etype)
          assert.equal(decodeTicket(one.ticket).encPart.etype, etype)
        }
        const noAcceptor = mitAcceptorMissing()
        if (noAcceptor !== false) {
          t.skip(noAcceptor)
          return
        }
        const sent = new Initiator(ticket, {
          clock: client.tokenClock(),
          random: systemRandom,
        }).createToken()
        const environment = {
          KRB5_KTNAME: `FILE:${kdc.keytab(serviceOf(etype))}`,
          KRB5_CONFIG: kdc.krb5Conf,
          KRB5RCACHENAME: `file2:${kdc.folder}/replay-${etype}`,
        }
        const [verdict] = judgeTokens(environment, [sent])
        assert.equal(verdict?.client, `alice@${realm}`, verdict?.text)
        sent.verifyReply(Buffer.from(verdict.reply ?? '', 'base64'))
      })
    }

    const asRefusals: readonly (readonly [string, string, KerberosErrorCode])[] = [
      ['alice', 'wrong', 'ERR_KRB_PREAUTH_FAILED'],
      ['nobody', 'any', 'ERR_KRB_CLIENT_UNKNOWN'],
      ['locked', 'Builder-1', 'ERR_KRB_CLIENT_REVOKED'],
      ['expired', 'Builder-1', 'ERR_KRB_CLIENT_REVOKED'],
      ['stale', 'Builder-1', 'ERR_KRB_CLIENT_KEY_EXPIRED'],
      ['grace', 'Builder-1', 'ERR_KRB_CLIENT_KEY_EXPIRED'],
    ]
    for (const [name, password, code] of asRefusals) {
      it(`has ${name} refused with ${code}`, async () => {
        await assert.rejects(clientOf(name, { password }).ownTicket(SPN), { code })
      })
    }

    it('finds out a wrong password where the KDC asks for no proof', async () => {
      await assert.rejects(clientOf('open', { password: 'wrong' }).ownTicket(SPN), {
        code: 'ERR_KRB_INTEGRITY',
        mend: /keytab or password is not the account’s/,
      })
      assert.ok(await clientOf('open', { password: 'Wonderland-1' }).ownTicket(SPN))
    })

    it('is told that an account is locked after a wrong password', async () => {
      await assert.rejects(clientOf('clumsy', { password: 'wrong' }).ownTicket(SPN), {
        code: 'ERR_KRB_PREAUTH_FAILED',
      })
      await assert.rejects(clientOf('clumsy', { password: 'Wonderland-1' }).ownTicket(SPN), {
        code: 'ERR_KRB_CLIENT_REVOKED',
      })
    })

    // Without armour, in which nobody could take anything out.
    it('acts for a user named by PA-S4U-X509-USER alone', async () => {
      const client = await connector('conn1', { s4uUserPadata: 'x509Only' })
      const evidence = await client.impersonate(user('alice'))
      assert.equal(named(evidence), `alice@${realm} to conn1@${realm}`)
      const ticket = await client.delegate(evidence, SPN)
      assert.equal(named(ticket), `alice@${realm} to ${SPN}@${realm}`)
    })

    const diagnoses: readonly (readonly [string, string, DelegationFindingKind])[] = [
      ['conn1', SPN, 'granted'],
      ['conn1', OTHER, 'not-granted'],
      ['conn1', 'HTTP/nowhere.ldap.test', 'spn-unknown'],
      ['conn2', SPN, 'not-forwardable'],
    ]
    for (const [name, spn, finding] of diagnoses) {
      it(`diagnoses ${name} at ${spn} as ${finding}`, async () => {
        const client = await connector(name)
        const evidence = await client.impersonate(user('alice'))
        assert.equal((await client.diagnose(evidence, spn)).finding, finding)
      })
    }

    const refusals: readonly (readonly [
      what: string,
      connector: string,
      user: string,
      spn: string,
      code: KerberosErrorCode,
    ])[] = [
      ['a user who is unknown', 'conn1', 'nobody', SPN, 'ERR_KRB_CLIENT_UNKNOWN'],
      ['a user who is locked', 'conn1', 'locked', SPN, 'ERR_KRB_CLIENT_REVOKED'],
      ['a user who is expired', 'conn1', 'expired', SPN, 'ERR_KRB_CLIENT_REVOKED'],
      ['a user who may not be delegated', 'conn1', 'carol', SPN, 'ERR_KRB_NOT_FORWARDABLE'],
      ['a service that is not listed', 'conn1', 'alice', OTHER, 'ERR_KRB_DELEGATION_REFUSED'],
      ['a connector without a list', 'conn3', 'alice', SPN, 'ERR_KRB_DELEGATION_REFUSED'],
      [
        'a service that does not exist',
        'conn1',
        'alice',
        'HTTP/nowhere.ldap.test',
        'ERR_KRB_SPN_UNKNOWN',
      ],
      ['without protocol transition', 'conn2', 'alice', SPN, 'ERR_KRB_NOT_FORWARDABLE'],
    ]
    for (const [what, name, who, spn, code] of refusals) {
      it(`is refused ${what}`, async () => {
        const client = await connector(name)
        const act = async () => client.delegate(await client.impersonate(user(who)), spn)
        await assert.rejects(act(), { code })
      })
    }
  },
)
