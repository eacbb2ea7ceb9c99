/** Makes sure that the server is the one: mutual-authentication.ts CONN1$ /etc/krb5.keytab http://iwa.corp.example/ */
import { formatNegotiate, KerberosError, parseNegotiate } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', url = ''] = process.argv

const client = await keytabClient(name, keytab)
const ticket = await client.ownTicket(`HTTP/${new URL(url).hostname}`)

const sent = client.initiator(ticket).createToken()
const response = await fetch(url, { headers: { authorization: formatNegotiate(sent.token) } })
const reply = parseNegotiate(response.headers.get('www-authenticate'))
try {
  // Only who holds the service's key can have made the AP-REP in it; it answers this one token.
  sent.verifyReply(reply ?? new Uint8Array())
  console.log(`${url} is ${ticket.server.nameString.join('/')}`)
} catch (error) {
  if (!(error instanceof KerberosError)) throw error
  console.log(error.code, error.message, error.mend)
  process.exitCode = 1
}
