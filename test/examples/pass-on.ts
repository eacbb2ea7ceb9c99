/** Lets people in and goes on in their names: pass-on.ts CONN1$ /etc/krb5.keytab http://iwa.corp.example/whoami 8080 */
import { createServer } from 'node:http'
import { Acceptor, formatNegotiate, parseNegotiate } from 'sallyport/kerberos'
import {
  readKeytabFile,
  systemClock as clock,
  systemRandom as random,
} from 'sallyport/kerberos/node'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', url = '', port = '8080'] = process.argv
const acceptor = new Acceptor({ keys: await readKeytabFile(keytab) }, { clock, random })
const front = await keytabClient(name, keytab)

/** The backend's answer to the user who brought this token. */
async function pageFor(token: Uint8Array): Promise<string> {
  const accepted = acceptor.accept(token)
  // The ticket that the user presented is the evidence: no protocol transition is needed.
  const evidence = front.evidenceFrom(accepted.ticket)
  const ticket = await front.delegate(evidence, `HTTP/${new URL(url).hostname}`)
  const authorization = formatNegotiate(front.initiator(ticket).createToken().token)
  return (await fetch(url, { headers: { authorization } })).text()
}

const server = createServer((request, response) => {
  const token = parseNegotiate(request.headers.authorization)
  if (token === undefined) {
    response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end()
    return
  }
  pageFor(token).then(
    (page) => response.end(page),
    (error: unknown) => {
      console.error(error)
      response.writeHead(403).end()
    },
  )
})
server.listen(Number(port), '127.0.0.1', () => {
  console.log('listening', server.address())
})
