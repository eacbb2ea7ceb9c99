/**
 * Finds KDCs in a krb5.conf.
 *
 * @module
 */

import {
  httpAnchorsOf,
  kdcsOf,
  libdefaultsOf,
  passwordServersOf,
  type Krb5Conf,
} from '../files/index.ts'
import { readHttpAnchors, type Environment } from './http-anchors.ts'
import { parseKdcAddress, parsePasswordServer, type KdcAddress } from './kdc-address.ts'
import type { KdcLocator } from './kdc-locator.ts'

/** What stands beside a krb5.conf. */
export interface Krb5ConfLocatorOptions {
  /** Finds the KDCs of realms that it does not list, unless it says `dns_lookup_kdc = false`; for instance a DnsKdcLocator. */
  readonly elsewhere?: KdcLocator | undefined
  /** For `http_anchors = ENV:…`. Default none. */
  readonly environment?: Environment | undefined
}

/**
 * Finds KDCs in a krb5.conf: hosts, and the https URLs of KDC proxies with their `http_anchors`; and password servers, where it
 * says `kpasswd_server`.
 *
 * @param conf - The configuration.
 * @param options - Where else to look.
 * @returns The locator. It reads certificates when a realm is first asked for, and rejects with ERR_KRB_CONF where it cannot.
 * @throws KerberosError ERR_KRB_CONF for a `dns_lookup_kdc` or `http_anchors` that cannot be; RangeError for an address
 *   that is none.
 */
export function krb5ConfLocator(conf: Krb5Conf, options: Krb5ConfLocatorOptions = {}): KdcLocator {
  const { elsewhere, environment = {} } = options
  const anchored = (realm: string, addresses: readonly KdcAddress[]): Reader => {
    const anchors = httpAnchorsOf(conf, realm)
    if (anchors.length === 0 || addresses.every(({ via }) => via === 'direct')) {
      return () => Promise.resolve(addresses)
    }
    return once(() => readHttpAnchors(anchors, environment), addresses)
  }
  const kdcs = new Map(
    conf
      .names('realms')
      .map((realm) => [realm, anchored(realm, kdcsOf(conf, realm).map(parseKdcAddress))] as const),
  )
  const next = libdefaultsOf(conf).dnsLookupKdc === false ? undefined : elsewhere
  return {
    locate: async (realm) => {
      const addresses = (await kdcs.get(realm)?.()) ?? []
      return addresses.length > 0 || next === undefined ? addresses : next.locate(realm)
    },
    // Read when it is needed: what is wrong with it does not stop who never changes a password.
    passwordServers: async (realm) =>
      anchored(realm, passwordServersOf(conf, realm).map(parsePasswordServer))(),
  }
}

type Reader = () => Promise<readonly KdcAddress[]>

/** The addresses with their CAs; these are read until that succeeds, and the array stays the same then. */
function once(read: () => Promise<string>, addresses: readonly KdcAddress[]): Reader {
  let known: Promise<readonly KdcAddress[]> | undefined
  const withCa = async (): Promise<readonly KdcAddress[]> => {
    try {
      const ca = await read()
      return addresses.map((kdc) => (kdc.via === 'https' ? { ...kdc, ca } : kdc))
    } catch (error) {
      known = undefined
      throw error
    }
  }
  return () => (known ??= withCa())
}
