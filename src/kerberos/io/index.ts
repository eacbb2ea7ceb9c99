/**
 * Network and disk for the Kerberos client: KDCs over TCP, keytab files.
 *
 * @module
 */

export { readKeytabFile, type KeytabFileOptions } from './keytab-file.ts'
export type { KdcAddress } from './kdc-address.ts'
export { TcpKdcTransport, type TcpKdcTransportOptions } from './tcp-kdc-transport.ts'
