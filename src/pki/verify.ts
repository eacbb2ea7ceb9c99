/**
 * Judges what the other end of a tunnel presents: the gateway a connector's certificate, a connector that
 * registers the gateway's chain.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import { certificateUris, loadCertificate, serialOf } from './certificate.ts'
import { PkiError } from './errors.ts'
import { ipOctets } from './ip.ts'
import { publicKeyPin } from './keys.ts'
import { CONNECTOR_URI_PREFIX, GATEWAY_URI, Oid, UUID } from './oids.ts'

/** Who a connector certificate says its holder is. */
export interface ConnectorIdentity {
  /** UUID. */
  readonly connectorId: string
  /** Lower-case hex. */
  readonly serial: string
  readonly notAfterMs: number
}

/** What a registration token says about the gateway. */
export interface ExpectedGateway {
  /** publicKeyPin() of its CA. */
  readonly pin: string
  /** Host name or IP address that its certificate must carry. */
  readonly serverName: string
}

function requireTime(certificate: X509Certificate, what: string, nowMs: number): void {
  const from = certificate.validFromDate.getTime()
  const to = certificate.validToDate.getTime()
  if (nowMs >= from && nowMs <= to) return
  const when =
    nowMs < from ? `begins on ${certificate.validFrom}` : `ended on ${certificate.validTo}`
  throw new PkiError('ERR_PKI_EXPIRED', `${what} ${when}`, {
    mend: 'Check the clocks of both machines; where they are right, a new certificate is needed.',
  })
}

function requireIssuer(certificate: X509Certificate, ca: X509Certificate, what: string): void {
  if (certificate.checkIssued(ca) && certificate.verify(ca.publicKey)) return
  throw new PkiError('ERR_PKI_UNTRUSTED', `${what} was not issued by the gateway's CA`, {
    mend: 'Register the connector with this gateway.',
  })
}

function requirePurpose(certificate: X509Certificate, purpose: string, what: string): void {
  // Node names the extended key usages `keyUsage`; undefined means any, which ours never says.
  const purposes = certificate.keyUsage as readonly string[] | undefined
  if (!certificate.ca && (purposes?.includes(purpose) ?? false)) return
  throw new PkiError('ERR_PKI_NAME', `${what} was not issued for this purpose`)
}

/**
 * Judges the certificate that a peer presented on the tunnel listener. Whether the connector is known and not
 * revoked is the store's to say.
 *
 * @param caPem - Certificate of our CA.
 * @param der - What the peer presented; TLS has proved that it holds the key.
 * @param nowMs - The time.
 * @returns Whom our CA named in it.
 * @throws PkiError ERR_PKI_CERTIFICATE, ERR_PKI_UNTRUSTED, ERR_PKI_EXPIRED, ERR_PKI_NAME.
 */
export function judgeConnectorCertificate(
  caPem: string,
  der: Uint8Array,
  nowMs: number,
): ConnectorIdentity {
  const what = 'the client certificate'
  const certificate = loadCertificate(der)
  requireIssuer(certificate, loadCertificate(caPem), what)
  requireTime(certificate, what, nowMs)
  requirePurpose(certificate, Oid.clientAuth, what)
  const uris = certificateUris(der)
  const [uri = ''] = uris
  const connectorId = uri.slice(CONNECTOR_URI_PREFIX.length)
  if (uris.length !== 1 || !uri.startsWith(CONNECTOR_URI_PREFIX) || !UUID.test(connectorId)) {
    throw new PkiError('ERR_PKI_NAME', `${what} does not name a connector`)
  }
  const notAfterMs = certificate.validToDate.getTime()
  return { connectorId, serial: serialOf(certificate), notAfterMs }
}

/** The pin names a key; that the certificate says what the key's holder wrote, its own signature shows. */
function findPinned(chain: readonly X509Certificate[], pin: string): X509Certificate {
  const pinned = chain.find((certificate) => publicKeyPin(certificate.raw) === pin)
  if (pinned?.ca === true && pinned.verify(pinned.publicKey)) return pinned
  throw new PkiError(
    'ERR_PKI_PIN_MISMATCH',
    'the server that answered does not belong to the gateway that made the registration token',
    {
      mend: 'Check the address in the token, and whether a TLS-inspecting proxy stands between. If the gateway has a new CA, make a new token.',
    },
  )
}

function requireServerName(certificate: X509Certificate, serverName: string): void {
  const carried =
    ipOctets(serverName) === undefined
      ? certificate.checkHost(serverName, { subject: 'never' })
      : certificate.checkIP(serverName)
  if (carried !== undefined) return
  throw new PkiError('ERR_PKI_NAME', `the gateway's certificate does not carry ${serverName}`, {
    mend: 'Set tunnel.name in the gateway configuration to the name in the token, or make a new token.',
  })
}

/**
 * Judges the chain of a gateway that is met for the first time, by the pin in the registration token alone.
 *
 * @param chain - DER as presented, the end certificate first.
 * @param expected - Pin and name out of the token.
 * @param nowMs - The time.
 * @returns PEM of the gateway's CA: from now on the only one that is trusted.
 * @throws PkiError ERR_PKI_PIN_MISMATCH, ERR_PKI_UNTRUSTED, ERR_PKI_EXPIRED, ERR_PKI_NAME, ERR_PKI_CERTIFICATE.
 */
export function judgeGatewayChain(
  chain: readonly Uint8Array[],
  expected: ExpectedGateway,
  nowMs: number,
): string {
  const what = "the gateway's certificate"
  const certificates = chain.map((der) => loadCertificate(der))
  const ca = findPinned(certificates.slice(1), expected.pin)
  const [leaf = ca] = certificates
  requireIssuer(leaf, ca, what)
  requireTime(ca, "the gateway's CA", nowMs)
  requireTime(leaf, what, nowMs)
  requirePurpose(leaf, Oid.serverAuth, what)
  if (!certificateUris(leaf.raw).includes(GATEWAY_URI)) {
    throw new PkiError('ERR_PKI_NAME', `${what} does not name a gateway`)
  }
  requireServerName(leaf, expected.serverName)
  return ca.toString()
}
