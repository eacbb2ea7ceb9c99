/** Lets people in by their tickets, without any library of the host: accept.ts /etc/krb5.keytab 8080 */
import { createServer } from 'node:http'
import {
  Acceptor,
  AcceptError,
  formatNegotiate,
  formatPrincipal,
  parseNegotiate,
} from 'sallyport/kerberos'
import {
  readKeytabFile,
  systemClock as clock,
  systemRandom as random,
} from 'sallyport/kerberos/node'

const [, , keytab = '/etc/krb5.keytab', port = '8080'] = process.argv
const acceptor = new Acceptor({ keys: await readKeytabFile(keytab) }, { clock, random })

const server = createServer((request, response) => {
  const refuse = (challenge: string): void => {
    response.writeHead(401, { 'www-authenticate': challenge }).end()
  }
  const token = parseNegotiate(request.headers.authorization)
  if (token === undefined) {
    refuse('Negotiate')
    return
  }
  try {
    const accepted = acceptor.accept(token)
    // Our own proof, which the client may check.
    if (accepted.replyToken !== undefined) {
      response.setHeader('www-authenticate', formatNegotiate(accepted.replyToken))
    }
    response.end(`Hello, ${formatPrincipal(accepted.client, accepted.clientRealm)}\n`)
  } catch (error) {
    if (!(error instanceof AcceptError)) throw error
    console.error(error.code, error.message)
    refuse(error.replyToken === undefined ? 'Negotiate' : formatNegotiate(error.replyToken))
  }
})
server.listen(Number(port), '127.0.0.1', () => {
  console.log('listening', server.address())
})
