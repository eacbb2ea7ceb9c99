/** Fetches a page in a user's name: negotiate-fetch.ts CONN1$ /etc/krb5.keytab alice http://iwa.corp.example/whoami */
import { formatNegotiate } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', user = '', url = ''] = process.argv

const connector = await keytabClient(name, keytab)
const evidence = await connector.impersonate({ name: user })
const ticket = await connector.delegate(evidence, `HTTP/${new URL(url).hostname}`)

// One Initiator for the life of the ticket: it makes a token in some microseconds. Each token is for one request alone.
const initiator = connector.initiator(ticket)

for (let request = 1; request <= 3; request += 1) {
  const { token } = initiator.createToken()
  const response = await fetch(url, { headers: { authorization: formatNegotiate(token) } })
  console.log(response.status, await response.text())
}
