/** Keeps the tickets of many users, each asked for once: keep-tickets.ts CONN1$ /etc/krb5.keytab HTTP/iwa.corp.example alice bob */
import { LRUCache } from 'lru-cache'
import { formatPrincipal, type Initiator } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', service = '', ...users] = process.argv
const connector = await keytabClient(name, keytab)

/** Not longer than an hour: what the directory says of a user may change. */
const LONGEST_MS = 3_600_000

const initiators = new LRUCache<string, Initiator>({
  max: 10_000,
  fetchMethod: async (user, _stale, { options, signal }) => {
    const evidence = await connector.impersonate({ name: user }, signal)
    const ticket = await connector.delegate(evidence, service, signal)
    options.ttl = Math.min(LONGEST_MS, ticket.endTimeMs - Date.now() - 60_000)
    console.log(`asked the KDC for ${formatPrincipal(ticket.client, ticket.clientRealm)}`)
    return connector.initiator(ticket)
  },
})

// Never a token of one user on a connection of another: pools of connections are kept by user too.
for (const user of [...users, ...users]) {
  const initiator = await initiators.forceFetch(user)
  console.log(`${user}: a token of ${initiator.createToken().token.length} octets`)
}
