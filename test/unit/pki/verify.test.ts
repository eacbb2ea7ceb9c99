import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
  judgeConnectorCertificate,
  judgeGatewayChain,
  loadCertificate,
  publicKeyPin,
  type Authority,
} from '../../../src/pki/index.ts'
import { DAY_MS, derOf, START_MS, stillPorts } from '../../support/pki.ts'

const CONNECTOR_ID = '3f2b8c1e-6a4d-4e0f-9b7a-0123456789ab'
const ports = stillPorts()
const authority = createAuthority(ports)
const foreign = createAuthority(ports)
const names = ['gw.example', '192.0.2.1']

function connectorDer(issuer: Authority = authority): Buffer {
  const csrPem = createSigningRequest(createKey(), 'x')
  const order = { csrPem, connectorId: CONNECTOR_ID }
  return derOf(issueConnectorCertificate(issuer, order, ports).certificatePem)
}

function serverDer(issuer: Authority = authority): Buffer {
  return derOf(issueServerCertificate(issuer, { names }, ports).certificatePem)
}

function flip(der: Buffer, at: number): Buffer {
  const flipped = Buffer.from(der)
  flipped[at] = (flipped[at] ?? 0) ^ 0x01
  return flipped
}

describe('judgeConnectorCertificate', () => {
  const judge = (der: Uint8Array, nowMs: number = START_MS) =>
    judgeConnectorCertificate(authority.certificatePem, der, nowMs)

  it('tells whom our CA named', () => {
    const der = connectorDer()
    assert.deepEqual(judge(der), {
      connectorId: CONNECTOR_ID,
      serial: loadCertificate(der).serialNumber.toLowerCase(),
      notAfterMs: START_MS + 30 * DAY_MS,
    })
  })

  it('refuses a certificate of another CA', () => {
    assert.throws(() => judge(connectorDer(foreign)), { code: 'ERR_PKI_UNTRUSTED' })
  })

  it('refuses a certificate before and after its time', () => {
    const der = connectorDer()
    assert.throws(() => judge(der, START_MS - 300_001), { code: 'ERR_PKI_EXPIRED' })
    assert.throws(() => judge(der, START_MS + 30 * DAY_MS + 1), { code: 'ERR_PKI_EXPIRED' })
    assert.equal(judge(der, START_MS + 30 * DAY_MS).connectorId, CONNECTOR_ID)
  })

  it('refuses the certificate of a gateway and that of the CA', () => {
    assert.throws(() => judge(serverDer()), { code: 'ERR_PKI_NAME' })
    assert.throws(() => judge(derOf(authority.certificatePem)), { code: 'ERR_PKI_NAME' })
  })

  it('refuses every flipped octet and every prefix with an error of this room', () => {
    const der = connectorDer()
    for (let at = 0; at < der.length; at += 1) {
      assert.throws(() => judge(flip(der, at)), { name: 'PkiError' })
      assert.throws(() => judge(der.subarray(0, at)), { code: 'ERR_PKI_CERTIFICATE' })
    }
  })

  it('refuses garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        assert.throws(() => judge(garbage), { code: 'ERR_PKI_CERTIFICATE' })
      }),
    )
  })
})

describe('judgeGatewayChain', () => {
  const ca = derOf(authority.certificatePem)
  const pin = publicKeyPin(authority.certificatePem)
  const judge = (chain: Uint8Array[], serverName: string = 'gw.example', nowMs = START_MS) =>
    judgeGatewayChain(chain, { pin, serverName }, nowMs)

  it('gives the CA of the pinned key, for names and addresses', () => {
    for (const serverName of names) {
      const pem = judge([serverDer(), ca], serverName)
      assert.ok(derOf(pem).equals(ca))
    }
  })

  it('refuses a chain without the pinned key', () => {
    const chain = [serverDer(foreign), derOf(foreign.certificatePem)]
    assert.throws(() => judge(chain), { code: 'ERR_PKI_PIN_MISMATCH' })
    assert.throws(() => judge([serverDer()]), { code: 'ERR_PKI_PIN_MISMATCH' })
    assert.throws(() => judge([]), { code: 'ERR_PKI_PIN_MISMATCH' })
  })

  it('refuses the true CA, which anyone can show, above a foreign certificate', () => {
    assert.throws(() => judge([serverDer(foreign), ca]), { code: 'ERR_PKI_UNTRUSTED' })
  })

  it('refuses a certificate with the pinned key that the key did not sign', () => {
    const tampered = flip(ca, ca.length - 1)
    assert.throws(() => judge([serverDer(), tampered]), {
      code: /^ERR_PKI_(PIN_MISMATCH|CERTIFICATE)$/,
    })
  })

  it('refuses a connector that plays gateway', () => {
    assert.throws(() => judge([connectorDer(), ca]), { code: 'ERR_PKI_NAME' })
  })

  it('refuses another name', () => {
    for (const serverName of ['other.example', '192.0.2.2', 'Sallyport gateway']) {
      assert.throws(() => judge([serverDer(), ca], serverName), { code: 'ERR_PKI_NAME' })
    }
  })

  it('refuses a certificate whose time is over', () => {
    const late = START_MS + 31 * DAY_MS
    assert.throws(() => judge([serverDer(), ca], 'gw.example', late), { code: 'ERR_PKI_EXPIRED' })
  })
})
