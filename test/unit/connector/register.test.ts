import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  registerConnector,
  type RegisterPorts,
  type RegistrationRecord,
} from '../../../src/connector/index.ts'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  encodeRegistrationToken,
  issueConnectorCertificate,
  issueServerCertificate,
  publicKeyPin,
  type Authority,
} from '../../../src/pki/index.ts'
import { DAY_MS, derOf, START_MS, stillPorts } from '../../support/pki.ts'

const ID = '3f2b8c1e-6a4d-4e0f-9b7a-0123456789ab'
const OTHER_ID = '3f2b8c1e-6a4d-4e0f-9b7a-0123456789ac'
const pki = stillPorts()
const authority = createAuthority(pki)
const server = issueServerCertificate(authority, { names: ['gw.example'] }, pki)
const token = encodeRegistrationToken({
  address: 'gw.example:8444',
  serverName: 'gw.example',
  pin: publicKeyPin(authority.certificatePem),
  secret: 'A'.repeat(43),
})

function certificateFor(csrPem: string, issuer: Authority = authority, connectorId = ID): string {
  return issueConnectorCertificate(issuer, { csrPem, connectorId }, pki).certificatePem
}

type Answer = (csr: string) => { status: number; body: unknown }

/** A gateway that answers what a test says; what is asked and kept is recorded. */
function fakePorts(answer: Answer) {
  const saved: RegistrationRecord[] = []
  const sent: unknown[] = []
  const ports: RegisterPorts = {
    clock: stillPorts().clock,
    files: {
      prepare: () => Promise.resolve(),
      save(record) {
        saved.push(record)
        return Promise.resolve()
      },
    },
    transport: {
      presentedChain: () =>
        Promise.resolve([derOf(server.certificatePem), derOf(authority.certificatePem)]),
      submit(target, body) {
        sent.push({ target, body })
        return Promise.resolve(answer(body.csr))
      },
    },
  }
  return { ports, saved, sent }
}

async function assertRejected(answer: Answer, expected: object): Promise<void> {
  const { ports, saved } = fakePorts(answer)
  await assert.rejects(registerConnector({ token, name: 'conn1' }, ports), expected)
  assert.deepEqual(saved, [])
}

const good: Answer = (csr) => ({
  status: 201,
  body: { id: ID, group: 'dmz', certificate: certificateFor(csr) },
})

describe('registerConnector', () => {
  it('keeps what the gateway gave, and trusts the pinned CA alone', async () => {
    const { ports, saved, sent } = fakePorts(good)
    const registered = await registerConnector({ token, name: 'conn1' }, ports)
    assert.deepEqual(registered, {
      id: ID,
      group: 'dmz',
      name: 'conn1',
      address: 'gw.example:8444',
    })
    const [record] = saved
    assert.ok(derOf(record?.ca ?? '').equals(derOf(authority.certificatePem)))
    const [{ target }] = sent as [{ target: { ca: string; host: string; port: number } }]
    assert.deepEqual([target.host, target.port, target.ca], ['gw.example', 8444, record?.ca])
  })

  it('refuses a certificate for another key, of another CA or for another id', async () => {
    const expected = { code: 'ERR_CONNECTOR_REGISTER_REPLY', message: /cannot use/ }
    const otherKey = createSigningRequest(createKey(), 'x')
    const foreign = createAuthority(pki)
    const certificates = [
      () => certificateFor(otherKey),
      (csr: string) => certificateFor(csr, foreign),
      (csr: string) => certificateFor(csr, authority, OTHER_ID),
      () => server.certificatePem,
      () => 'garbage',
    ]
    for (const certificate of certificates) {
      await assertRejected((csr) => {
        return { status: 201, body: { id: ID, group: 'g', certificate: certificate(csr) } }
      }, expected)
    }
  })

  it('refuses replies that are none', async () => {
    const bodies = [undefined, null, [], {}, { id: 'x', group: 'g', certificate: 'c' }, 'text']
    for (const body of bodies) {
      const expected = { code: 'ERR_CONNECTOR_REGISTER_REPLY' }
      await assertRejected(() => ({ status: 201, body }), expected)
      await assertRejected(() => ({ status: 502, body }), expected)
    }
  })

  it("passes on the gateway's code and words, but nothing that steers a terminal", async () => {
    const body = {
      code: 'ERR_GATEWAY_TOKEN_USED',
      message: 'used \u001b[31m',
      mend: 'new\u202eone',
    }
    await assertRejected(() => ({ status: 403, body }), {
      code: 'ERR_GATEWAY_TOKEN_USED',
      message: 'used ?[31m',
      mend: 'new?one',
    })
    const odd = { code: 'rm -rf', message: 'x' }
    await assertRejected(() => ({ status: 403, body: odd }), {
      code: 'ERR_CONNECTOR_REGISTER_REPLY',
    })
  })

  it('refuses names that would spoil a list', async () => {
    for (const name of ['', 'x'.repeat(65), 'a\nb', 'a\u001bb']) {
      const { ports, sent } = fakePorts(good)
      const expected = { code: 'ERR_CONNECTOR_REGISTER_NAME' }
      await assert.rejects(registerConnector({ token, name }, ports), expected)
      assert.deepEqual(sent, [])
    }
  })

  it('sends nothing when the clock says that the gateway certificate is over', async () => {
    const { ports, sent } = fakePorts(good)
    const late = { ...ports, clock: stillPorts(START_MS + 31 * DAY_MS).clock }
    await assert.rejects(registerConnector({ token, name: 'n' }, late), { code: 'ERR_PKI_EXPIRED' })
    assert.deepEqual(sent, [])
  })
})
