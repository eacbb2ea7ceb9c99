/** Extended Protection: the lab's backend that insists on channel bindings judges right, wrong and missing ones. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { before, describe, it } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import {
  formatNegotiate,
  Initiator,
  parseNegotiate,
  tlsServerEndPoint,
  type InitiatorToken,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { createAuthority, issueServerCertificate, loadCertificate } from '../../src/pki/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { connectorClient } from '../support/lab-kerberos.ts'

const lab = sharedLab()
const ports = { clock: systemClock, random: systemRandom }

interface Answer {
  readonly status: number | undefined
  readonly body: { readonly user: string | null; readonly reason: string | null }
  /** Behind `Negotiate`. */
  readonly reply: Uint8Array
}

describe('a backend with Extended Protection', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { epa } = lab.backends
  const { hostname, port } = new URL(epa.origin)
  const ca = readFileSync(lab.caFile)
  let ticket: ServiceTicket
  before(async () => {
    const connector = await connectorClient(lab, 'CONN1')
    const evidence = await connector.impersonate({ name: 'alice', realm: lab.realm })
    ticket = await connector.delegate(evidence, epa.spn)
  })

  /** Connects first, then has the token made for that very connection. */
  function ask(authorize: (certificate: Uint8Array) => InitiatorToken): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const where = { host: epa.address, port: port || 443, servername: hostname, ca }
      const sent = request({ ...where, headers: { host: hostname }, agent: false }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => {
          const challenge = response.headers['www-authenticate'] ?? ''
          const reply = parseNegotiate(challenge) ?? new Uint8Array(0)
          const { statusCode: status } = response
          resolve({ status, body: JSON.parse(body) as Answer['body'], reply })
        })
      })
      sent.on('error', reject)
      sent.on('socket', (socket) => {
        socket.once('secureConnect', () => {
          assert.ok(socket instanceof TLSSocket)
          const { raw } = socket.getPeerCertificate()
          sent.setHeader('authorization', formatNegotiate(authorize(raw).token))
          sent.end()
        })
      })
    })
  }
  /** The answer to a request to switch to a WebSocket, over the socket that the token is made for. */
  async function upgrade(authorize: (certificate: Uint8Array) => InitiatorToken): Promise<number> {
    const socket = connect({
      host: epa.address,
      port: Number(port || 443),
      servername: hostname,
      ca,
    })
    await once(socket, 'secureConnect')
    const { token } = authorize(socket.getPeerCertificate().raw)
    const fields = {
      ...{ host: hostname, connection: 'Upgrade', upgrade: 'websocket' },
      ...{ 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-version': '13' },
      authorization: formatNegotiate(token),
    }
    const sent = request({ createConnection: () => socket, headers: fields })
    sent.end()
    const [response] = (await Promise.race([once(sent, 'upgrade'), once(sent, 'response')])) as [
      IncomingMessage,
    ]
    socket.destroy()
    return response.statusCode ?? 0
  }

  const token = (channelBinding?: Uint8Array): InitiatorToken =>
    new Initiator(ticket, ports).createToken(channelBinding === undefined ? {} : { channelBinding })

  it('accepts the binding to its own certificate, and proves itself', async () => {
    let sent: InitiatorToken | undefined
    const { status, body, reply } = await ask((certificate) => {
      sent = token(tlsServerEndPoint(certificate))
      return sent
    })
    assert.equal(status, 200)
    assert.equal(body.user, 'alice@CORP.EXAMPLE')
    sent?.verifyReply(reply)
  })

  it('refuses a token without binding', async () => {
    const { status, body } = await ask(() => token())
    assert.deepEqual([status, body.user], [401, null])
    assert.equal(body.reason, 'not bound to this channel')
  })

  it('refuses the binding to another certificate: somebody stands in between', async () => {
    const authority = createAuthority(ports)
    const { certificatePem } = issueServerCertificate(authority, { names: [hostname] }, ports)
    const other = tlsServerEndPoint(loadCertificate(certificatePem).raw)
    const { status, body } = await ask(() => token(other))
    assert.deepEqual([status, body.user], [401, null])
    assert.equal(body.reason, 'BadChannelBindingsError')
  })

  it('judges the binding of a request to switch protocols the same way', async () => {
    assert.equal(await upgrade((certificate) => token(tlsServerEndPoint(certificate))), 101)
    assert.equal(await upgrade(() => token()), 401)
    assert.equal(await upgrade(() => token(new Uint8Array(32))), 401)
  })

  it('refuses the right certificate under another hash', async () => {
    const { status, body } = await ask((certificate) => {
      const right = Buffer.from(tlsServerEndPoint(certificate))
      right[right.length - 1] = (right.at(-1) ?? 0) ^ 1
      return token(right)
    })
    assert.deepEqual([status, body.reason], [401, 'BadChannelBindingsError'])
  })
})
