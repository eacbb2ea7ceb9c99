import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createRegistrationToken,
  Registration,
  type RegistrationOptions,
} from '../../../src/gateway/index.ts'
import { openStore } from '../../../src/gateway/io/index.ts'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  decodeRegistrationToken,
  judgeConnectorCertificate,
  publicKeyPin,
} from '../../../src/pki/index.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'
import { DAY_MS, derOf, START_MS, stillPorts } from '../../support/pki.ts'

function setUp(options: RegistrationOptions = {}) {
  const ports = stillPorts()
  const authority = createAuthority(ports)
  const store = openStore(':memory:')
  const logger = new MemoryLogger()
  const shared = { ...ports, authority, tokens: store.registrationTokens, logger }
  const registration = new Registration(shared, options)
  const token = async (group = 'default') => {
    const where = { address: 'gw.example:8444', serverName: 'gw.example' }
    const made = await createRegistrationToken({ ...where, group, lifetimeMinutes: 10 }, shared)
    return { ...made, ...decodeRegistrationToken(made.token) }
  }
  return { ports, authority, store, logger, registration, token }
}

const csr = createSigningRequest(createKey(), 'conn1')

describe('createRegistrationToken', () => {
  it('leads to the gateway and its CA, and keeps only the hash of its secret', async () => {
    const { authority, store, token } = setUp()
    const made = await token('dmz')
    assert.equal(made.pin, publicKeyPin(authority.certificatePem))
    assert.equal(made.address, 'gw.example:8444')
    assert.equal(made.expiresMs, START_MS + 600_000)
    assert.equal(await store.registrationTokens.find(made.secret), undefined)
    await store.close()
  })

  it('is never the same twice', async () => {
    const { store, token } = setUp()
    assert.notEqual((await token()).secret, (await token()).secret)
    await store.close()
  })
})

describe('Registration', () => {
  it('issues a certificate for the id it gives, in the group of the token', async () => {
    const { authority, store, registration, token } = setUp({ certificateDays: 7 })
    const { secret } = await token('dmz')
    const reply = await registration.register({ secret, csr, name: 'conn1' }, '192.0.2.1')
    assert.equal(reply.group, 'dmz')
    const der = derOf(reply.certificate)
    const identity = judgeConnectorCertificate(authority.certificatePem, der, START_MS)
    assert.equal(identity.connectorId, reply.id)
    assert.match(reply.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(identity.notAfterMs, START_MS + 7 * DAY_MS)
    assert.equal((await store.connectors.findByCertificate(identity.serial))?.id, reply.id)
    await store.close()
  })

  it('does not spend a token on a bad request', async () => {
    const { store, registration, token } = setUp()
    const { secret } = await token()
    const lines = csr.split('\n')
    // The fourth line holds the key: another octet there, and the signature fits no more.
    lines[3] = (lines[3] ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    const other = lines.join('\n')
    assert.notEqual(other, csr)
    const bad = { secret, csr: other, name: 'conn1' }
    await assert.rejects(registration.register(bad, 'a'), { code: 'ERR_PKI_REQUEST' })
    const good = await registration.register({ secret, csr, name: 'conn1' }, 'a')
    assert.equal(good.group, 'default')
    await store.close()
  })

  it('tells unknown, used and expired tokens apart', async () => {
    const { ports, store, registration, token } = setUp()
    const first = await token()
    const second = await token()
    const use = (secret: string) => registration.register({ secret, csr, name: 'n' }, 'a')
    await use(first.secret)
    await assert.rejects(use(first.secret), { code: 'ERR_GATEWAY_TOKEN_USED' })
    await assert.rejects(use('A'.repeat(43)), { code: 'ERR_GATEWAY_TOKEN_UNKNOWN' })
    ports.nowMs = START_MS + 600_000
    await assert.rejects(use(second.secret), { code: 'ERR_GATEWAY_TOKEN_EXPIRED' })
    await store.close()
  })

  it('never writes a secret to log or error', async () => {
    const { store, logger, registration, token } = setUp()
    const { secret } = await token()
    await registration.register({ secret, csr, name: 'n' }, 'a')
    await assert.rejects(registration.register({ secret, csr, name: 'n' }, 'a'), (error: Error) => {
      return !JSON.stringify([error.message, logger.lines]).includes(secret)
    })
    await store.close()
  })

  it('refuses anything that is no registration', async () => {
    const { store, registration } = setUp({ rate: { perAddress: 1e6, overall: 1e6 } })
    const secret = 'A'.repeat(43)
    const whole = { secret, csr, name: 'n' }
    const wrong: unknown[] = [
      undefined,
      { ...whole, extra: 1 },
      { ...whole, name: '' },
      { ...whole, name: 'a\u001b[31m' },
      { ...whole, secret: `${secret}A` },
      { ...whole, csr: 'x'.repeat(5000) },
    ]
    for (const body of wrong) {
      await assert.rejects(registration.register(body, 'a'), {
        code: 'ERR_GATEWAY_REGISTRATION_BODY',
      })
    }
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        await assert.rejects(registration.register(body, 'a'), {
          code: 'ERR_GATEWAY_REGISTRATION_BODY',
        })
      }),
    )
    await store.close()
  })

  it('refuses too many attempts of one address, and of all, until the minute is over', async () => {
    const { ports, store, registration } = setUp({ rate: { perAddress: 2, overall: 5 } })
    const attempt = (address: string) =>
      registration.register({}, address).catch((error: unknown) => (error as { code: string }).code)
    const codes = []
    for (const address of ['a', 'a', 'a', 'b', 'b', 'c', 'd']) codes.push(await attempt(address))
    const limited = codes.map((code) => code === 'ERR_GATEWAY_REGISTRATION_RATE')
    assert.deepEqual(limited, [false, false, true, false, false, false, true])
    ports.nowMs += 60_000
    assert.equal(await attempt('a'), 'ERR_GATEWAY_REGISTRATION_BODY')
    await store.close()
  })
})
