/**
 * Network and disk for the Kerberos client: KDCs over TCP, keytab, credential cache and krb5.conf files.
 *
 * @module
 */

export { readCcacheFile, writeCcacheFile, type CcacheFileOptions } from './ccache-file.ts'
export { readKeytabFile, type KeytabFileOptions } from './keytab-file.ts'
export { loadKrb5Conf } from './krb5-conf-file.ts'
export type { KdcAddress } from './kdc-address.ts'
export { TcpKdcTransport, type TcpKdcTransportOptions } from './tcp-kdc-transport.ts'
