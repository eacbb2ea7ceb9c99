/** Signs in at a domain controller's LDAP with a ticket and searches with ldapts: ldap-bind.ts CONN1$ /etc/krb5.keytab dc1.corp.example */
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { Client } from 'ldapts'
import { tlsServerEndPoint } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', host = ''] = process.argv

/** BER with a length of two octets, as Active Directory writes it too. */
function ber(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const octets = Buffer.concat(content)
  return Buffer.concat([Buffer.of(tag, 0x82, octets.length >> 8, octets.length & 0xff), octets])
}

/** LDAPMessage 1: BindRequest version 3 of nobody, SASL with the mechanism GSS-SPNEGO (RFC 4511 section 4.2). */
function bindRequest(token: Uint8Array): Buffer {
  const sasl = ber(0xa3, ber(0x04, Buffer.from('GSS-SPNEGO')), ber(0x04, token))
  const bind = ber(0x60, Buffer.of(2, 1, 3), Buffer.of(4, 0), sasl)
  return ber(0x30, Buffer.of(2, 1, 1), bind)
}

const client = await keytabClient(name, keytab)
const ticket = await client.ownTicket(`ldap/${host}`)

const socket: TLSSocket = connect({ host, port: 636, servername: host })
await once(socket, 'secureConnect')
// Domain controllers want the token bound to this very channel; flags for integrity or confidentiality they refuse inside TLS.
const channelBinding = tlsServerEndPoint(socket.getPeerCertificate().raw)
const { token } = client.initiator(ticket).createToken({ channelBinding })
socket.write(bindRequest(token))
const [answer] = (await once(socket, 'data')) as [Buffer]
// resultCode, the first ENUMERATED of the BindResponse.
const resultCode = answer[answer.indexOf(Buffer.of(0x0a, 0x01)) + 2]
if (resultCode !== 0) throw new Error(`LDAP result ${resultCode}`)

// ldapts writes SASL credentials as text, which a token is not: it gets the socket when the bind is done.
const ldap = new Client({ url: `ldaps://${host}`, createSecureConnection: () => socket })
const [root] = (await ldap.search('', { scope: 'base' })).searchEntries
const base = String(root?.['defaultNamingContext'])
const { searchEntries } = await ldap.search(base, { filter: '(objectClass=domain)' })
console.log(`${client.name} may read ${searchEntries[0]?.dn}`)
await ldap.unbind()
