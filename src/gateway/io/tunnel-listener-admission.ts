/**
 * Who may open a tunnel: a connector whose certificate our CA issued, that the store knows, and that is not revoked.
 *
 * Asked on every connection, the resumed ones too: a TLS session that was made before a revocation opens nothing.
 *
 * @module
 */

import type { TLSSocket } from 'node:tls'
import { SallyportError, type Clock } from '../../platform/index.ts'
import { judgeConnectorCertificate } from '../../pki/index.ts'
import type { ConnectorRecord, ConnectorRepository } from '../store.ts'

/** What the judgement needs. */
export interface AdmissionPorts {
  /** PEM of our CA's certificate. */
  readonly caPem: string
  readonly connectors: Pick<ConnectorRepository, 'findByCertificate'>
  readonly clock: Clock
}

function refused(reason: string): SallyportError {
  return new SallyportError('ERR_GATEWAY_CONNECTOR_REFUSED', reason)
}

/**
 * Judges the other end of a connection.
 *
 * @param socket - The connection; TLS has proved that the peer holds the key of the certificate it showed.
 * @param ports - CA, store and clock.
 * @returns The connector.
 * @throws SallyportError ERR_GATEWAY_CONNECTOR_REFUSED or ERR_PKI_*, with the reason; rejects when the store fails.
 */
export async function admit(socket: TLSSocket, ports: AdmissionPorts): Promise<ConnectorRecord> {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw refused('no client certificate')
  const identity = judgeConnectorCertificate(ports.caPem, certificate.raw, ports.clock.nowMs())
  const connector = await ports.connectors.findByCertificate(identity.serial)
  if (connector?.id !== identity.connectorId) {
    throw refused(`the store does not know connector ${identity.connectorId} with this certificate`)
  }
  if (connector.revokedMs !== undefined) {
    throw refused(`connector ${connector.id} was revoked`)
  }
  return connector
}
