import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { registrationTransport } from '../../../../src/connector/io/registering.ts'

describe('the connections of a registration', () => {
  it('say that nobody answers, not that somebody has hung up', async (t) => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume())
    server.listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const transport = registrationTransport({ timeoutMs: 200 })
    const target = { host: '127.0.0.1', port, serverName: 'gateway.example' }
    await assert.rejects(transport.presentedChain(target), {
      code: 'ERR_CONNECTOR_REGISTER_TLS',
      message: `TLS with 127.0.0.1 port ${port} failed: no answer within 0.2 s`,
    })
    const body = { token: 't', csr: 'c', name: 'n' } as never
    await assert.rejects(transport.submit({ ...target, ca: '' }, body), /no answer within 0\.2 s$/)
  })

  it('say that somebody has hung up', async (t) => {
    const server = createServer((socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const target = { host: '127.0.0.1', port, serverName: 'gateway.example' }
    const asked = registrationTransport().presentedChain(target)
    await assert.rejects(asked, {
      code: 'ERR_CONNECTOR_REGISTER_TLS',
      message: /(?:closed|ECONNRESET|disconnected)/,
    })
  })
})
