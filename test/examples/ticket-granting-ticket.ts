/** Signs in with a password: ticket-granting-ticket.ts alice@CORP.EXAMPLE, the password in KRB5_PASSWORD */
import { formatPrincipal } from 'sallyport/kerberos'
import { clientOf, owner } from './client.ts'

const [, , name = 'alice'] = process.argv
const password = process.env['KRB5_PASSWORD'] ?? ''

const client = clientOf({ ...owner(name), keys: { password } })
const tgt = await client.ticketGrantingTicket()

console.log(`${client.name} has ${formatPrincipal(tgt.server, tgt.serverRealm)}`)
console.log(`until ${new Date(tgt.endTimeMs).toISOString()}`)
