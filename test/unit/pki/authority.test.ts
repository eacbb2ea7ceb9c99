import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  certificateUris,
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
  openAuthority,
  publicKeyPin,
} from '../../../src/pki/index.ts'
import { hasOpenssl, openssl } from '../../support/openssl.ts'
import { DAY_MS, START_MS, stillPorts } from '../../support/pki.ts'

const CONNECTOR_ID = '3f2b8c1e-6a4d-4e0f-9b7a-0123456789ab'
const ports = stillPorts()
const authority = createAuthority(ports)

function connectorCertificate(lifetimeDays?: number) {
  const csrPem = createSigningRequest(createKey(), 'anything')
  const lifetime = lifetimeDays === undefined ? {} : { lifetimeDays }
  const order = { csrPem, connectorId: CONNECTOR_ID, ...lifetime }
  return issueConnectorCertificate(authority, order, ports)
}

/** What the OpenSSL tool says to a certificate for a purpose, with every check of RFC 5280 it knows. */
function opensslVerify(certificate: string, purpose: string): string {
  const time = ['-attime', String(START_MS / 1000)]
  const command = ['verify', '-x509_strict', ...time, '-purpose', purpose, '-CAfile', 'ca.pem']
  return openssl([...command, 'end.pem'], {
    'ca.pem': authority.certificatePem,
    'end.pem': certificate,
  })
}

describe('createAuthority', () => {
  const certificate = new X509Certificate(authority.certificatePem)

  it('makes a self-signed CA on P-256 for ten years', () => {
    assert.equal(certificate.ca, true)
    assert.ok(certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey))
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    assert.equal(certificate.validFromDate.getTime(), START_MS - 300_000)
    assert.equal(certificate.validToDate.getTime(), START_MS + 3653 * DAY_MS)
  })

  it('never makes two of the same name, key or serial number', () => {
    const other = new X509Certificate(createAuthority(ports).certificatePem)
    assert.notEqual(other.subject, certificate.subject)
    assert.notEqual(other.serialNumber, certificate.serialNumber)
    assert.notEqual(publicKeyPin(other.raw), publicKeyPin(certificate.raw))
  })

  it('writes years from 2050 on as GeneralizedTime, which OpenSSL reads', () => {
    const late = createAuthority(stillPorts(Date.UTC(2045, 0, 1)))
    const { validToDate } = new X509Certificate(late.certificatePem)
    assert.equal(validToDate.getTime(), Date.UTC(2045, 0, 1) + 3653 * DAY_MS)
  })
})

describe('openAuthority', () => {
  it('refuses a key of another authority', () => {
    const { privateKeyPem } = createAuthority(ports)
    const mixed = { certificatePem: authority.certificatePem, privateKeyPem }
    assert.throws(() => openAuthority(mixed, START_MS), { code: 'ERR_PKI_AUTHORITY' })
  })

  it('refuses an authority whose time is over, and says what to do', () => {
    assert.throws(() => openAuthority(authority, START_MS + 3654 * DAY_MS), {
      code: 'ERR_PKI_AUTHORITY',
      mend: /new CA is made at the next start/,
    })
  })

  it('refuses a certificate that is no CA', () => {
    const server = issueServerCertificate(authority, { names: ['gw.example'] }, ports)
    assert.throws(() => openAuthority(server, START_MS), { code: 'ERR_PKI_AUTHORITY' })
  })
})

describe('issueConnectorCertificate', () => {
  it('names the connector, for client use only, for 30 days', () => {
    const issued = connectorCertificate()
    const certificate = new X509Certificate(issued.certificatePem)
    assert.deepEqual(certificateUris(certificate.raw), [`urn:sallyport:connector:${CONNECTOR_ID}`])
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    assert.equal(certificate.ca, false)
    assert.equal(issued.notAfterMs, START_MS + 30 * DAY_MS)
    assert.equal(certificate.validToDate.getTime(), issued.notAfterMs)
    assert.equal(certificate.serialNumber.toLowerCase(), issued.serial)
  })

  it('certifies the key of the request and nothing else of it', () => {
    const key = createKey()
    const csrPem = createSigningRequest(key, 'administrator')
    const order = { csrPem, connectorId: CONNECTOR_ID }
    const { certificatePem } = issueConnectorCertificate(authority, order, ports)
    const certificate = new X509Certificate(certificatePem)
    assert.equal(certificate.checkPrivateKey(key), true)
    assert.ok(certificate.publicKey.equals(createPublicKey(key)))
    assert.equal(certificate.subject, `CN=${CONNECTOR_ID}`)
  })

  it('takes a lifetime, and never outlasts the CA', () => {
    assert.equal(connectorCertificate(1).notAfterMs, START_MS + DAY_MS)
    assert.equal(connectorCertificate(9999).notAfterMs, START_MS + 3653 * DAY_MS)
    assert.throws(() => connectorCertificate(0), RangeError)
  })

  it('refuses an id that is no UUID', () => {
    const csrPem = createSigningRequest(createKey(), 'x')
    for (const connectorId of ['', 'gateway', CONNECTOR_ID.toUpperCase(), `${CONNECTOR_ID}\n`]) {
      const order = { csrPem, connectorId }
      assert.throws(() => issueConnectorCertificate(authority, order, ports), RangeError)
    }
  })

  it('gives a serial number that is positive and 16 octets whatever chance gives', () => {
    for (const fill of [0x00, 0xff]) {
      const random = { bytes: (octets: number) => new Uint8Array(octets).fill(fill) }
      const csrPem = createSigningRequest(createKey(), 'x')
      const order = { csrPem, connectorId: CONNECTOR_ID }
      const { serial } = issueConnectorCertificate(authority, order, { ...ports, random })
      assert.match(serial, /^[4-7][0-9a-f]{31}$/)
    }
  })
})

describe('issueServerCertificate', () => {
  it('carries host names, addresses and the gateway name, for server use only', () => {
    const names = ['gw.example', '192.0.2.7', '2001:db8::7']
    const issued = issueServerCertificate(authority, { names }, ports)
    const certificate = new X509Certificate(issued.certificatePem)
    assert.equal(certificate.checkHost('gw.example', { subject: 'never' }), 'gw.example')
    assert.equal(certificate.checkIP('192.0.2.7'), '192.0.2.7')
    assert.equal(certificate.checkIP('2001:db8::7'), '2001:db8::7')
    assert.equal(certificate.checkHost('other.example'), undefined)
    assert.deepEqual(certificateUris(certificate.raw), ['urn:sallyport:gateway'])
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  })

  it('needs a name', () => {
    assert.throws(() => issueServerCertificate(authority, { names: [] }, ports), RangeError)
  })
})

if (hasOpenssl) {
  describe('OpenSSL, as an independent judge', () => {
    const server = issueServerCertificate(authority, { names: ['gw.example'] }, ports)

    it('takes each certificate for its purpose', () => {
      assert.match(opensslVerify(connectorCertificate().certificatePem, 'sslclient'), /: OK$/m)
      assert.match(opensslVerify(server.certificatePem, 'sslserver'), /: OK$/m)
    })

    it('refuses each for the other purpose', () => {
      assert.throws(() => opensslVerify(connectorCertificate().certificatePem, 'sslserver'))
      assert.throws(() => opensslVerify(server.certificatePem, 'sslclient'))
    })
  })
}
