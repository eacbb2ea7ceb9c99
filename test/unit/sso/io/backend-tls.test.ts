import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { tlsServerEndPoint } from '../../../../src/kerberos/index.ts'
import {
  createAuthority,
  issueServerCertificate,
  loadCertificate,
  publicKeyPin,
} from '../../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import type { BackendPool, BackendTls, Channel } from '../../../../src/sso/index.ts'
import { createBackendPool } from '../../../../src/sso/io/index.ts'
import { ask, targetOf, type Reply } from '../../../support/sso/pool-probe.ts'

const ports = { clock: systemClock, random: systemRandom }

describe('backend TLS', () => {
  const authority = createAuthority(ports)
  const credential = issueServerCertificate(authority, { names: ['iwa.corp.example'] }, ports)
  const der = loadCertificate(credential.certificatePem).raw
  const trusted: BackendTls = { verify: 'ca', ca: authority.certificatePem }
  let server: Server
  let pool: BackendPool

  const get = async (tls: BackendTls, hostname = 'iwa.corp.example', more = {}): Promise<Reply> => {
    const target = await targetOf(server, { protocol: 'https:', hostname, tls })
    return ask(pool, target, more)
  }
  before(() => {
    const { certificatePem: cert, privateKeyPem: key } = credential
    server = createServer({ cert, key }, (request, response) => {
      response.end(
        `${String((request.socket as { alpnProtocol?: string }).alpnProtocol)} ${request.httpVersion}`,
      )
    })
    pool = createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) })
  })
  after(async () => {
    await pool.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('speaks HTTP/1.1 to a backend that its authority vouches for', async () => {
    const reply = await get(trusted)
    assert.deepEqual([reply.code, reply.body], [undefined, 'http/1.1 1.1'])
  })

  it('refuses another authority, another name, and none at all', async () => {
    const other = createAuthority(ports).certificatePem
    assert.equal((await get({ verify: 'ca', ca: other })).code, 'ERR_BACKEND_TLS')
    assert.equal((await get(trusted, 'other.corp.example')).code, 'ERR_BACKEND_TLS')
    assert.equal((await get(trusted, '127.0.0.1')).code, 'ERR_BACKEND_TLS')
    assert.equal((await get({ verify: 'ca', ca: undefined })).code, 'ERR_BACKEND_TLS')
  })

  it('takes the pinned key and no other', async () => {
    const pin = publicKeyPin(credential.certificatePem)
    assert.equal(
      (await get({ verify: 'pin', pins: ['0'.repeat(64), pin] }, 'any.example')).code,
      undefined,
    )
    const wrong = await get({ verify: 'pin', pins: ['0'.repeat(64)] })
    assert.equal(wrong.code, 'ERR_BACKEND_TLS')
    assert.ok(wrong.message?.includes(pin))
  })

  it('verifies nothing only where the policy says off', async () => {
    assert.equal((await get({ verify: 'off' }, 'any.example')).code, undefined)
  })

  it("hands the very socket's certificate to whoever makes the token", async () => {
    const seen: Channel[] = []
    const signIn = {
      accepts: () => true,
      authorize: (channel: Channel): string => {
        seen.push(channel)
        return 'Negotiate x'
      },
    }
    await get(trusted, 'iwa.corp.example', { poolKey: 'bound', signIn })
    const { certificate } = seen[0] ?? {}
    assert.ok(certificate)
    assert.deepEqual(Buffer.from(certificate), der)
    assert.deepEqual(tlsServerEndPoint(certificate), tlsServerEndPoint(der))
  })
})
