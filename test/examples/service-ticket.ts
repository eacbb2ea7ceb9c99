/** Gets a ticket to a service: service-ticket.ts CONN1$ /etc/krb5.keytab ldap/dc1.corp.example */
import { etypeName, formatPrincipal, TicketFlag } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '/etc/krb5.keytab', service = ''] = process.argv

const client = await keytabClient(name, keytab)
const ticket = await client.ownTicket(service, AbortSignal.timeout(10_000))

console.log(`${formatPrincipal(ticket.client, ticket.clientRealm)} to ${service}`)
console.log(`session key: ${etypeName(ticket.sessionKey.etype)}`)
console.log(`forwardable: ${(ticket.flags & TicketFlag.FORWARDABLE) !== 0}`)
