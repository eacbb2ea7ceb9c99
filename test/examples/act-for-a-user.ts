/** Gets a ticket in a user's name (S4U): act-for-a-user.ts CONN1$ /etc/krb5.keytab alice HTTP/iwa.corp.example */
import { formatPrincipal } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', user = '', service = ''] = process.argv

const connector = await keytabClient(name, keytab)

// S4U2Self: a ticket to ourselves in the user's name. It is decrypted and checked: it is this user's, or it is refused.
const evidence = await connector.impersonate({ name: user })
console.log(`${evidence.accountName} is ${evidence.sid ?? 'without a SID'}`)
console.log(`and in ${evidence.groupSids.length} groups`)

// S4U2Proxy: with it as evidence, a ticket to the service. Keep it and use it until its end.
const ticket = await connector.delegate(evidence, service)
console.log(
  `${formatPrincipal(ticket.client, ticket.clientRealm)} may go to ${formatPrincipal(ticket.server, ticket.serverRealm)}`,
)
