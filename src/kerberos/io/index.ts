/**
 * Network and disk for the Kerberos client: KDCs found and asked, directly or through HTTPS; keytab, credential cache and krb5.conf files.
 *
 * @module
 */

export { systemClock, systemRandom } from '../../platform/io/index.ts'
export { readCcacheFile, writeCcacheFile, type CcacheFileOptions } from './ccache-file.ts'
export { readKeytabFile, type KeytabFileOptions } from './keytab-file.ts'
export {
  createGssapiAcceptor,
  type GssapiAccepted,
  type GssapiAcceptor,
  type GssapiAcceptorOptions,
} from './gssapi-acceptor.ts'
export { createGssapiEngine, type GssapiEngine, type GssapiEngineOptions } from './gssapi-engine.ts'
export {
  openKdcAccess,
  openPasswordServers,
  type KdcAccessOptions,
  type KdcDnsOptions,
} from './kdc-access.ts'
export { DnsKdcLocator, type DnsKdcLocatorOptions, type KdcLocator } from './kdc-locator.ts'
export { krb5ConfLocator, type Krb5ConfLocatorOptions } from './krb5-conf-locator.ts'
export type { Environment } from './http-anchors.ts'
export {
  NetlogonSiteFinder,
  type NetlogonSiteFinderOptions,
  type SiteFinder,
} from './site-finder.ts'
export type { ForwardProxy } from './forward-proxy.ts'
export { forwardProxyOf } from './proxy-environment.ts'
export { KkdcpClient, type KkdcpOptions } from './kkdcp-client.ts'
export { ccacheIdentity, keytabIdentity, passwordFileIdentity } from './own-identity.ts'
export { KeytabFileStore, pendingSince } from './keytab-store.ts'
export { PasswordServerTransport, type PasswordServerOptions } from './password-server.ts'
export { rotateKeytabFile, type KeytabRotationOptions } from './rotate-keytab.ts'
export type { SecretFileOptions } from './secret-file.ts'
export { readPasswordFile } from './password-file.ts'
export type { WatchedFileOptions } from './watched-file.ts'
export { loadKrb5Conf } from './krb5-conf-file.ts'
export type { DirectKdcAddress, HostPort, KdcAddress, ProxiedKdcAddress } from './kdc-address.ts'
export type { KdcAttempt, KdcQuestion } from './kdc-attempt.ts'
export type { TlsTrust } from './opened-socket.ts'
export type { SrvRecord, UriRecord } from './srv-order.ts'
export {
  dnsSrvResolver,
  dnsUriResolver,
  type DnsSrvOptions,
  type SrvResolver,
  type UriResolver,
} from './srv-resolver.ts'
export type { KdcState } from './kdc-health.ts'
export { NetworkKdcTransport, type KdcTransportStatistics } from './kdc-transport.ts'
export type { AskedService, NetworkKdcTransportOptions } from './kdc-transport-options.ts'
export type { KdcStatistics } from './kdc-watch.ts'
export type { LatencySnapshot } from './latency-histogram.ts'
