/** PACs in real tickets, opened by our own acceptor: of Samba, also delegated ones, and of MIT krb5. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  Acceptor,
  decodeKeytab,
  formatPrincipal,
  Initiator,
  KerberosClient,
  parsePrincipal,
  verifyPac,
  type Accepted,
  type EncryptionKey,
  type KeytabEntry,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { connectorClient, userClient } from '../support/lab-kerberos.ts'
import { hasMitKdc, NO_MIT_KDC, startMitRealms, type MitRealms } from '../support/mit-realms.ts'

const lab = sharedLab()
const ports = { clock: systemClock, random: systemRandom }
const ALL = { server: 'verified', kdc: 'verified', ticket: 'verified', full: 'verified' }

function accept(ticket: ServiceTicket, keys: readonly KeytabEntry[]): Accepted {
  const { token } = new Initiator(ticket, ports).createToken()
  return new Acceptor({ keys, requirePac: true }, ports).accept(token)
}

function verdictOf({ pac, serviceKey, encTicketPart }: Accepted, kdc?: EncryptionKey) {
  const keys = { service: serviceKey, ticket: encTicketPart }
  return verifyPac(pac ?? assert.fail(), kdc === undefined ? keys : { ...keys, kdc })
}

describe('PACs of Samba', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const SPN = 'HTTP/iwa.corp.example'
  let keys: readonly KeytabEntry[]
  before(async () => {
    keys = await readKeytabFile(lab.backends.iwa.keytab)
  })

  it('tell all of alice, and that she signed in by herself', async () => {
    const ticket = await userClient(lab, 'alice', lab.users.alice.password).ownTicket(SPN)
    const { pac } = accept(ticket, keys)
    const info = pac?.logonInfo ?? assert.fail()
    assert.equal(info.effectiveName, 'alice')
    assert.equal(info.logonServer, 'DC1')
    assert.equal(info.logonDomainName, 'CORP')
    assert.ok(info.userSid.startsWith(`${info.logonDomainSid}-`))
    assert.equal(info.primaryGroupSid, `${info.logonDomainSid}-513`)
    assert.ok((info.times.passwordSetMs ?? 0) > Date.UTC(2020, 0, 1))
    // S-1-18-1, authentication authority asserted identity (MS-SFU 3.2.5.1.2).
    const asserted = info.groups.find(({ sid }) => sid === 'S-1-18-1')
    assert.equal(asserted?.origin, 'extra')
    assert.equal(pac?.upnDnsInfo?.upn, 'alice@corp.example')
    assert.equal(pac.upnDnsInfo.sid, info.userSid)
    assert.equal(pac.delegationInfo, undefined)
  })

  it('say which connector acted for bob, and that the service asserted who he is', async () => {
    const connector = await connectorClient(lab, 'CONN1')
    const evidence = await connector.impersonate({ name: 'bob', realm: lab.realm })
    const { pac } = accept(await connector.delegate(evidence, SPN), keys)
    assert.deepEqual(pac?.delegationInfo, {
      proxyTarget: SPN,
      transitedServices: ['CONN1$@CORP.EXAMPLE'],
    })
    assert.ok(pac.logonInfo?.groupSids.includes('S-1-18-2'))
  })

  const smbConf = join(lab.directory, 'dc', 'smb.conf')
  const hasDirectory = existsSync(smbConf) && spawnSync('samba-tool', ['--version']).status === 0
  const noKdcKey = !hasDirectory && 'the domain controller’s own files are not on this machine'

  it('are signed by the KDC in all four ways', { skip: noKdcKey }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-krbtgt-'))
    after(() => {
      rmSync(folder, { recursive: true })
    })
    const file = join(folder, 'krbtgt.keytab')
    const args = ['domain', 'exportkeytab', file, '--principal=krbtgt', '-s', smbConf]
    assert.equal(spawnSync('samba-tool', args).status, 0)
    const krbtgt = decodeKeytab(readFileSync(file))
    const kdc = krbtgt.find(({ key }) => key.etype === 18)?.key ?? assert.fail()
    const alice = await userClient(lab, 'alice', lab.users.alice.password).ownTicket(SPN)
    const connector = await connectorClient(lab, 'CONN1')
    const bob = await connector.impersonate({ name: 'bob', realm: lab.realm })
    for (const ticket of [alice, await connector.delegate(bob, SPN)]) {
      const accepted = accept(ticket, keys)
      assert.deepEqual(verdictOf(accepted, kdc), ALL)
      const unchecked = { kdc: 'unchecked', ticket: 'unchecked', full: 'unchecked' }
      assert.deepEqual(verdictOf(accepted), { server: 'verified', ...unchecked })
      assert.throws(() => verdictOf(accepted, accepted.serviceKey), { code: 'ERR_KRB_INTEGRITY' })
      const { encTicketPart } = accepted
      const forged = { ...encTicketPart, flags: (encTicketPart.flags ^ 0x40000000) >>> 0 }
      assert.throws(
        () => verdictOf({ ...accepted, encTicketPart: forged }, kdc),
        /ticket signature/,
      )
    }
  })
})

describe('PACs of MIT krb5', { skip: hasMitKdc() ? false : NO_MIT_KDC }, () => {
  let realms: MitRealms
  before(async () => {
    realms = await startMitRealms()
    realms.addPrincipal('ONE.TEST', 'alice', 'Wonderland-1')
    realms.addPrincipal('ONE.TEST', 'HTTP/web.one.test')
    realms.addPrincipal('TWO.TEST', 'HTTP/web.two.test')
  })
  after(() => realms.stop())

  const ticketFor = (spn: string): Promise<ServiceTicket> =>
    new KerberosClient({
      identity: {
        principal: parsePrincipal('alice').principal,
        realm: 'ONE.TEST',
        keys: { password: 'Wonderland-1' },
      },
      transport: new NetworkKdcTransport({ kdcs: realms.kdcs }),
      ...ports,
    }).ownTicket(spn)

  it('have no account in them, and the KDC’s signatures', async () => {
    const keys = realms.keysOf('ONE.TEST', 'HTTP/web.one.test')
    const accepted = accept(await ticketFor('HTTP/web.one.test'), keys)
    assert.equal(formatPrincipal(accepted.client, accepted.clientRealm), 'alice@ONE.TEST')
    assert.equal(accepted.pac?.logonInfo, undefined)
    assert.equal(accepted.pac?.clientInfo.name, 'alice')
    const [krbtgt] = realms.keysOf('ONE.TEST', 'krbtgt/ONE.TEST')
    const verdict = verdictOf(accepted, krbtgt?.key)
    assert.deepEqual({ ...verdict, full: 'verified' }, ALL)
  })

  it('come with tickets of clients of another realm', async () => {
    const keys = realms.keysOf('TWO.TEST', 'HTTP/web.two.test')
    const accepted = accept(await ticketFor('HTTP/web.two.test'), keys)
    assert.equal(formatPrincipal(accepted.client, accepted.clientRealm), 'alice@ONE.TEST')
    const [krbtgt] = realms.keysOf('TWO.TEST', 'krbtgt/TWO.TEST')
    const { server, kdc, ticket } = verdictOf(accepted, krbtgt?.key)
    assert.deepEqual([server, kdc, ticket], ['verified', 'verified', 'verified'])
  })
})
