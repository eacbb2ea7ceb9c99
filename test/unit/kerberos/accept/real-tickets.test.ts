/** PACs in tickets of real KDCs (fixtures/kerberos/tickets.txt), with the keys of service and KDC. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ticketPac } from '../../../../src/kerberos/accept/ticket-pac.ts'
import { octetsForTicketChecksum, verifyPac } from '../../../../src/kerberos/index.ts'
import {
  decodeEncTicketPart,
  encodeEncTicketPart,
} from '../../../../src/kerberos/messages/index.ts'

const octets = new Map(
  readFileSync(new URL('../../../../fixtures/kerberos/tickets.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', hex = '']) => [name, Buffer.from(hex, 'hex')] as const),
)

function sample(name: string) {
  const find = (what: string): Buffer => octets.get(`${name}:${what}`) ?? assert.fail()
  const der = find('enc-ticket-part')
  return {
    der,
    ticket: decodeEncTicketPart(der),
    service: { etype: 18, value: find('service-key') },
    kdc: { etype: 18, value: find('kdc-key') },
  }
}

const SERVICE_TICKET = { server: 'verified', kdc: 'verified', ticket: 'verified' } as const

for (const [name, verdict] of [
  ['samba-alice', { ...SERVICE_TICKET, full: 'verified' }],
  ['samba-s4u2proxy', { ...SERVICE_TICKET, full: 'verified' }],
  // Tickets for KDCs carry neither ticket nor full signature (MS-PAC 2.8).
  ['samba-tgt', { ...SERVICE_TICKET, ticket: 'absent', full: 'absent' }],
  // krb5 1.20 makes no full signatures.
  ['mit-alice', { ...SERVICE_TICKET, full: 'absent' }],
  ['mit-cross-realm', { ...SERVICE_TICKET, full: 'absent' }],
] as const) {
  describe(`the PAC of ${name}`, () => {
    const { der, ticket, service, kdc } = sample(name)

    it('has the signatures its KDC makes', () => {
      const pac = ticketPac(ticket, service) ?? assert.fail()
      assert.deepEqual(verifyPac(pac, { service, kdc, ticket }), verdict)
    })

    it('is of a ticket that is encoded as the KDC did it', () => {
      assert.deepEqual(Buffer.from(encodeEncTicketPart(ticket)), der)
      assert.ok(octetsForTicketChecksum(ticket).length < der.length)
    })

    it('is not believed with another key', () => {
      const value = Buffer.from(service.value)
      value[0] = (value[0] ?? 0) ^ 1
      assert.throws(() => ticketPac(ticket, { etype: 18, value }), { code: 'ERR_KRB_INTEGRITY' })
    })
  })
}

describe('PACs of real KDCs', () => {
  it('tell the way of a delegation', () => {
    const { ticket, service } = sample('samba-s4u2proxy')
    assert.deepEqual(ticketPac(ticket, service)?.delegationInfo, {
      proxyTarget: 'HTTP/iwa.corp.example',
      transitedServices: ['CONN1$@CORP.EXAMPLE'],
    })
  })

  it('tell a KDC who asked for the ticket, and that a PAC was asked for', () => {
    const { ticket, service } = sample('samba-tgt')
    const pac = ticketPac(ticket, service)
    assert.equal(pac?.requestorSid, pac?.logonInfo?.userSid)
    assert.deepEqual(pac?.attributes, { pacWasRequested: true, pacWasGivenImplicitly: false })
  })

  it('of MIT krb5 name no account', () => {
    const { ticket, service } = sample('mit-alice')
    const pac = ticketPac(ticket, service)
    assert.equal(pac?.logonInfo, undefined)
    assert.equal(pac?.clientInfo.name, 'alice')
  })
})
