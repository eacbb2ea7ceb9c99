/**
 * The connector's way to its KDCs, as connector.yaml describes it.
 *
 * @module
 */

import { createSecureContext } from 'node:tls'
import {
  capathOf,
  realmOfHost,
  type KerberosClientOptions,
  type Krb5Conf,
} from '../../kerberos/index.ts'
import {
  forwardProxyOf,
  loadKrb5Conf,
  openKdcAccess,
  openPasswordServers,
  type KdcAccessOptions,
  type NetworkKdcTransport,
  type PasswordServerTransport,
  type Environment,
  type KkdcpOptions,
  type TlsTrust,
} from '../../kerberos/io/index.ts'
import { errorCode, type Clock, type Logger, type Random } from '../../platform/index.ts'
import { ConnectorError, type ClientCertificateConfig, type KerberosConfig } from '../index.ts'
import { namedProxy } from './named-proxy.ts'
import { toLookupFunction, type NameResolver } from './name-resolver.ts'
import { readAuthorities, readText } from './read-text.ts'

/** What the account's clients work through. */
export interface KerberosPorts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly resolve: NameResolver
  /** Name servers to ask for KDCs. Default the system's. */
  readonly nameServers?: readonly string[] | undefined
  /** The variables of the environment, read by the command line. Default none. */
  readonly environment?: Environment | undefined
}

/** How KDCs are reached, and which realms are where: a part of a client's options. */
export interface KdcWay extends Pick<KerberosClientOptions, 'capaths' | 'realmOfHost'> {
  readonly transport: NetworkKdcTransport
}

/**
 * Reads what the configuration names and makes the way. Nothing is sent yet.
 *
 * @param config - The kerberos section, every path absolute.
 * @param ports - What it works through.
 * @returns The transport, with what a krb5.conf says of realms.
 * @throws KerberosError ERR_KRB_CONF for a krb5.conf that cannot be used, ConnectorError ERR_CONNECTOR_FILE for certificates
 *   that cannot be read.
 */
export async function openKdcWay(config: KerberosConfig, ports: KerberosPorts): Promise<KdcWay> {
  const access = await accessOf(config, ports)
  return { transport: openKdcAccess(access), ...realmsOf(access.krb5Conf) }
}

/** The way of a rotation of the account's own password. */
export interface PasswordWay {
  readonly transport: NetworkKdcTransport
  readonly passwordServer: PasswordServerTransport
}

/**
 * Makes the way to the KDCs and to their password servers, which is the same. Nothing is sent yet.
 *
 * @param config - The kerberos section, every path absolute.
 * @param ports - What it works through.
 * @param lastly - Password servers of the realm that are asked when no other answers: the hosts of the directory.
 * @returns Both transports.
 * @throws As openKdcWay.
 */
export async function openPasswordWay(
  config: KerberosConfig,
  ports: KerberosPorts,
  lastly: readonly string[],
): Promise<PasswordWay> {
  const access = await accessOf(config, ports)
  const passwordServer = openPasswordServers(access, { [config.realm]: lastly })
  return { transport: openKdcAccess(access), passwordServer }
}

async function accessOf(config: KerberosConfig, ports: KerberosPorts): Promise<KdcAccessOptions> {
  const { clock, random, logger, environment = {}, nameServers } = ports
  const krb5Conf = config.krb5Conf === undefined ? undefined : await loadKrb5Conf(config.krb5Conf)
  return {
    clock,
    random,
    logger,
    environment,
    krb5Conf,
    lookup: toLookupFunction(ports.resolve),
    kdcs: config.kdcs.length === 0 ? undefined : { [config.realm]: config.kdcs },
    dns: config.dnsLookup && { servers: nameServers, sites: config.sites },
    kdcProxies: await kdcProxies(config, environment, logger),
    timeoutMs: config.timeoutMs,
    totalTimeoutMs: config.totalTimeoutMs,
    hedgeAfterMs: config.hedgeAfterMs,
    maxInFlight: config.maxInFlight,
    udpPreferenceLimit: config.udpPreferenceLimit,
    ...config.kdcLimits,
  }
}

function realmsOf(conf: Krb5Conf | undefined): Pick<KdcWay, 'capaths' | 'realmOfHost'> {
  if (conf === undefined) return {}
  return {
    capaths: (from, to) => capathOf(conf, from, to) ?? [],
    realmOfHost: (host) => realmOfHost(conf, host),
  }
}

async function kdcProxies(
  { kdcProxy }: KerberosConfig,
  environment: Environment,
  logger: Logger,
): Promise<KkdcpOptions> {
  if (kdcProxy === undefined) {
    return { forwardProxy: (url) => forwardProxyOf(environment, url) }
  }
  const { ca: caFile, pins, clientCertificate, connectTimeoutMs, ...rest } = kdcProxy
  const { maxConnections, keepAliveMs } = rest
  const ca =
    caFile === undefined ? undefined : await readAuthorities(caFile, 'kerberos.kdcProxy.ca')
  const shown = clientCertificate && (await readCertificate(clientCertificate))
  const named = rest.forwardProxy && (await namedProxy(rest.forwardProxy, { logger }))
  return {
    trust: { ca, ...(pins.length > 0 && { pins }), ...(shown && { clientCertificate: shown }) },
    forwardProxy: named ?? ((url: string) => forwardProxyOf(environment, url)),
    ...{ connectTimeoutMs, maxConnections, keepAliveMs },
  }
}

/** Read and tried now, so that a wrong file is known at the start and not when the KDC proxy refuses it. */
async function readCertificate(
  files: ClientCertificateConfig,
): Promise<NonNullable<TlsTrust['clientCertificate']>> {
  const where = 'kerberos.kdcProxy.clientCertificate'
  const cert = await readText(files.certificate, `${where}.certificate`)
  const key = await readText(files.key, `${where}.key`)
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    const text = `${files.certificate} and ${files.key} (${where}) are no certificate and its key: ${errorCode(cause)}`
    const mend =
      'Name a PEM certificate (its chain behind it) and the PEM key made with it, without a passphrase.'
    throw new ConnectorError('ERR_CONNECTOR_FILE', text, { mend })
  }
  return { cert, key }
}
