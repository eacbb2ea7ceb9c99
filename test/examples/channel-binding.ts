/** Binds a token to the TLS channel (EPA): channel-binding.ts CONN1$ /etc/krb5.keytab alice https://epa.corp.example/ */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { formatNegotiate, tlsServerEndPoint } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', user = '', url = ''] = process.argv
const { hostname: host, port } = new URL(url)

const connector = await keytabClient(name, keytab)
const evidence = await connector.impersonate({ name: user })
const ticket = await connector.delegate(evidence, `HTTP/${host}`)
const initiator = connector.initiator(ticket)

// Connect first: the token is for this very channel, and goes over no other.
const socket: TLSSocket = connect({ host, port: Number(port || 443), servername: host })
await once(socket, 'secureConnect')
const channelBinding = tlsServerEndPoint(socket.getPeerCertificate().raw)

const { token } = initiator.createToken({ channelBinding })
const headers = { authorization: formatNegotiate(token) }
const request = get(url, { createConnection: () => socket, headers })
const [response] = (await once(request, 'response')) as [IncomingMessage]
console.log(response.statusCode, await text(response))
socket.destroy()
