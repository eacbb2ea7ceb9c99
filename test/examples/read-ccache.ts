/** Goes on where kinit has been: read-ccache.ts HTTP/iwa.corp.example, the cache in KRB5CCNAME */
import { formatPrincipal, newCcache } from 'sallyport/kerberos'
import { ccacheIdentity, readCcacheFile, writeCcacheFile } from 'sallyport/kerberos/node'
import { clientOf } from './client.ts'

const [, , service = ''] = process.argv
const path = process.env['KRB5CCNAME'] ?? `FILE:/tmp/krb5cc_${process.getuid?.() ?? 0}`

// The cache's ticket-granting ticket is used, and read anew when kinit has renewed it.
const client = clientOf(await ccacheIdentity(path))
const ticket = await client.ownTicket(service)
console.log(`${client.name} has a ticket to ${formatPrincipal(ticket.server, ticket.serverRealm)}`)

// Other programs find it there too.
const ccache = await readCcacheFile(path)
const credentials = [...ccache.credentials, ...newCcache([ticket]).credentials]
await writeCcacheFile(path, { ...ccache, credentials })
