/**
 * The whole way to KDCs from one set of settings: KDCs that are listed, those of a krb5.conf, those that the DNS names; asked
 * themselves or through KDC proxies.
 *
 * @module
 */

import { needObject, type Logger, type Random } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import { libdefaultsOf, type Krb5Conf } from '../files/index.ts'
import type { Environment } from './http-anchors.ts'
import { formatKdcAddress, parseKdcAddress, passwordServerOf } from './kdc-address.ts'
import { DnsKdcLocator, type KdcLocator } from './kdc-locator.ts'
import { NetworkKdcTransport } from './kdc-transport.ts'
import type { NetworkKdcTransportOptions } from './kdc-transport-options.ts'
import { KkdcpClient, type KkdcpOptions } from './kkdcp-client.ts'
import { krb5ConfLocator } from './krb5-conf-locator.ts'
import { PasswordServerTransport } from './password-server.ts'
import { NetlogonSiteFinder } from './site-finder.ts'
import { dnsSrvResolver, dnsUriResolver } from './srv-resolver.ts'

/** How the DNS is asked for KDCs. */
export interface KdcDnsOptions {
  /** Name servers as `address` or `address:port`. Default the system's. */
  readonly servers?: readonly string[] | undefined
  /** Time for one try, milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Whether URI records are asked for, as MIT krb5 does (`dns_uri_lookup`). Default true. */
  readonly uri?: boolean | undefined
  /** Whether KDCs of our own Active Directory site come first. Default true. */
  readonly sites?: boolean | undefined
}

/** What way to take: limits and `kdcs` as those of NetworkKdcTransport, which come first. */
export interface KdcAccessOptions extends Omit<NetworkKdcTransportOptions, 'locator' | 'https'> {
  /** Nonces, and draws among servers of one priority. Default the machine's. */
  readonly random?: Random | undefined
  /** Told of KDCs that are unwell and of a DNS that cannot be asked. */
  readonly logger?: Logger | undefined
  /** Lists KDCs of realms that `kdcs` does not, and may name a `udp_preference_limit`. Default none. */
  readonly krb5Conf?: Krb5Conf | undefined
  /** For `http_anchors = ENV:…` of the krb5.conf. Default none. */
  readonly environment?: Environment | undefined
  /** KDCs of all other realms are looked up in the DNS. Default yes; false: they are not. */
  readonly dns?: KdcDnsOptions | false | undefined
  /** How KDC proxies are reached: whom to trust, a forward proxy before them. Default straight, trusting what Node trusts. */
  readonly kdcProxies?: KkdcpOptions | undefined
}

/**
 * Makes the way to KDCs. Nothing is sent yet.
 *
 * @param options - Settings.
 * @returns The transport.
 * @throws RangeError for addresses and limits that cannot be; KerberosError ERR_KRB_CONF for settings of the krb5.conf that
 *   cannot be.
 */
export function openKdcAccess(options: KdcAccessOptions = {}): NetworkKdcTransport {
  needObject('options', options, 'an object')
  const { krb5Conf } = options
  const said = krb5Conf === undefined ? undefined : libdefaultsOf(krb5Conf).udpPreferenceLimit
  const udpPreferenceLimit = options.udpPreferenceLimit ?? said
  const locator = locatorOf(options)
  return new NetworkKdcTransport({
    ...options,
    udpPreferenceLimit,
    locator,
    https: askerOf(options),
  })
}

/**
 * Makes the way to the password servers (RFC 3244) of the same realms: the KDCs' hosts on port 464, the same KDC proxies, a
 * krb5.conf's `kpasswd_server` where it names one. Nothing is sent yet.
 *
 * @param options - Settings, as for openKdcAccess; `timeoutMs` and `totalTimeoutMs` are the limits here too.
 * @param lastly - For each realm servers that are asked when no other answers, `host` or `host:port`. Default none.
 * @returns The transport: for rotatePassword and rotateKeytabFile.
 * @throws As openKdcAccess.
 */
export function openPasswordServers(
  options: KdcAccessOptions,
  lastly?: Readonly<Record<string, readonly string[]>>,
): PasswordServerTransport {
  const { kdcs = {}, lookup, logger, clock, timeoutMs, totalTimeoutMs } = options
  const servers = Object.fromEntries(
    Object.entries(kdcs).map(([realm, texts]) => [
      realm,
      texts.map((text) => formatKdcAddress(passwordServerOf(parseKdcAddress(text)))),
    ]),
  )
  const limits = { timeoutMs, totalTimeoutMs }
  const locator = locatorOf(options)
  const way = { ...limits, servers, lastly, locator, https: askerOf(options) }
  return new PasswordServerTransport({ ...way, lookup, logger, clock })
}

function locatorOf(options: KdcAccessOptions): KdcLocator | undefined {
  const { krb5Conf, environment, dns = {} } = options
  const elsewhere = dns === false ? undefined : dnsLocator(dns, options)
  if (krb5Conf === undefined) return elsewhere
  return krb5ConfLocator(krb5Conf, { elsewhere, environment })
}

function askerOf({ lookup, maxReplyOctets, kdcProxies }: KdcAccessOptions): KkdcpClient['ask'] {
  return new KkdcpClient({ lookup, maxReplyOctets, ...kdcProxies }).ask
}

function dnsLocator(
  { servers, timeoutMs, uri = true, sites = true }: KdcDnsOptions,
  { clock = systemClock, random = systemRandom, logger, lookup }: KdcAccessOptions,
): KdcLocator {
  const asked = { random, servers, timeoutMs }
  const ports = { clock, random, logger }
  return new DnsKdcLocator({
    ...ports,
    resolve: dnsSrvResolver(asked),
    resolveUri: uri ? dnsUriResolver(asked) : undefined,
    sites: sites ? new NetlogonSiteFinder({ ...ports, lookup }) : undefined,
  })
}
