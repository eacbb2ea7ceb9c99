/**
 * The connector's way to its KDCs, as connector.yaml describes it.
 *
 * @module
 */

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
  type Environment,
  type KkdcpOptions,
} from '../../kerberos/io/index.ts'
import type { Clock, Logger, Random } from '../../platform/index.ts'
import type { KerberosConfig } from '../index.ts'
import { namedProxy } from './named-proxy.ts'
import { toLookupFunction, type NameResolver } from './name-resolver.ts'
import { readText } from './read-text.ts'

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
export type KdcWay = Pick<KerberosClientOptions, 'transport' | 'capaths' | 'realmOfHost'>

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
  const { clock, random, logger, environment = {}, nameServers } = ports
  const krb5Conf = config.krb5Conf === undefined ? undefined : await loadKrb5Conf(config.krb5Conf)
  const transport = openKdcAccess({
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
  })
  return { transport, ...realmsOf(krb5Conf) }
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
  const { ca: caFile, pins = [] } = kdcProxy ?? {}
  const ca = caFile === undefined ? undefined : await readText(caFile, 'kerberos.kdcProxy.ca')
  const named = kdcProxy?.forwardProxy && (await namedProxy(kdcProxy.forwardProxy, { logger }))
  const forwardProxy = named ?? ((url: string) => forwardProxyOf(environment, url))
  return { trust: { ca, ...(pins.length > 0 && { pins }) }, forwardProxy }
}
