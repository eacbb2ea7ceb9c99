/**
 * Questions to a krb5.conf: `[libdefaults]`, KDCs of a realm, the realm of a host, the way to another realm.
 *
 * @module
 */

import { confError, type Krb5Conf } from './krb5-conf-tree.ts'
import { parseBoolean, parseDurationMs, parseEtypes, parseOctets } from './krb5-conf-values.ts'

/** What of `[libdefaults]` concerns a client; absent where the file does not say. */
export interface Libdefaults {
  /** `default_realm`. */
  readonly defaultRealm: string | undefined
  /** `dns_lookup_kdc`: whether KDCs that are not listed are looked for in the DNS. */
  readonly dnsLookupKdc: boolean | undefined
  /** `permitted_enctypes`, those that we speak. */
  readonly permittedEtypes: readonly number[] | undefined
  /** `clockskew`, milliseconds. */
  readonly clockSkewMs: number | undefined
  /** `ticket_lifetime`, milliseconds. */
  readonly ticketLifetimeMs: number | undefined
  /** `forwardable`. */
  readonly forwardable: boolean | undefined
  /** `canonicalize`. */
  readonly canonicalize: boolean | undefined
  /** `udp_preference_limit`, octets: for NetworkKdcTransport. MIT's library takes 1465 where the file does not say. */
  readonly udpPreferenceLimit: number | undefined
}

function converted<T>(
  conf: Krb5Conf,
  name: string,
  convert: (text: string) => T | undefined,
): T | undefined {
  const found = conf.first('libdefaults', name)
  if (found === undefined) return undefined
  const value = convert(found.text)
  if (value === undefined)
    throw confError(`${name} cannot be ${JSON.stringify(found.text)}`, found.at)
  return value
}

/** At least one that we speak. */
function someEtypes(text: string): readonly number[] | undefined {
  const etypes = parseEtypes(text)
  return etypes.length === 0 ? undefined : etypes
}

/**
 * The defaults.
 *
 * @param conf - The configuration.
 * @returns What it says.
 * @throws KerberosError ERR_KRB_CONF for a value that cannot be, with its line.
 */
export function libdefaultsOf(conf: Krb5Conf): Libdefaults {
  return {
    defaultRealm: conf.first('libdefaults', 'default_realm')?.text,
    dnsLookupKdc: converted(conf, 'dns_lookup_kdc', parseBoolean),
    permittedEtypes: converted(conf, 'permitted_enctypes', someEtypes),
    clockSkewMs: converted(conf, 'clockskew', parseDurationMs),
    ticketLifetimeMs: converted(conf, 'ticket_lifetime', parseDurationMs),
    forwardable: converted(conf, 'forwardable', parseBoolean),
    canonicalize: converted(conf, 'canonicalize', parseBoolean),
    udpPreferenceLimit: converted(conf, 'udp_preference_limit', parseOctets),
  }
}

/**
 * The KDCs that `[realms]` lists.
 *
 * @param conf - The configuration.
 * @param realm - The realm, in its own case.
 * @returns As they are written: `host`, `host:port`, an address, or an `https:` URL of a proxy. Empty when none is.
 */
export function kdcsOf(conf: Krb5Conf, realm: string): readonly string[] {
  return conf.all('realms', realm, 'kdc')
}

/**
 * The password servers that `[realms]` lists.
 *
 * @param conf - The configuration.
 * @param realm - The realm, in its own case.
 * @returns In the forms of `kdcsOf`. Empty when none is: the KDCs are asked then, as in Active Directory each is one.
 */
export function passwordServersOf(conf: Krb5Conf, realm: string): readonly string[] {
  return conf.all('realms', realm, 'kpasswd_server')
}

/** A place with CA certificates. */
export interface HttpAnchor {
  /** A file, a directory of them, or a variable of the environment that holds either of both. */
  readonly kind: 'file' | 'directory' | 'environment'
  /** Path, or name of the variable. */
  readonly name: string
  /** File and line that say so. */
  readonly at: string
}

const ANCHOR_KINDS = { FILE: 'file', DIR: 'directory', ENV: 'environment' } as const

/**
 * Where the CA certificates are that vouch for a realm's KDC proxies: `http_anchors` in `[realms]`.
 *
 * @param conf - The configuration.
 * @param realm - The realm, in its own case.
 * @returns All of them; none where the system's CAs count.
 * @throws KerberosError ERR_KRB_CONF for anything but `FILE:`, `DIR:` and `ENV:`.
 */
export function httpAnchorsOf(conf: Krb5Conf, realm: string): readonly HttpAnchor[] {
  const at = conf.first('realms', realm, 'http_anchors')?.at ?? realm
  return conf.all('realms', realm, 'http_anchors').map((text) => parseHttpAnchor(text, at))
}

/**
 * Reads one anchor.
 *
 * @param text - For instance `FILE:/etc/ssl/certs/kdcproxy.pem`.
 * @param at - Who says so.
 * @returns What it names.
 * @throws KerberosError ERR_KRB_CONF for anything but `FILE:`, `DIR:` and `ENV:`.
 */
export function parseHttpAnchor(text: string, at: string): HttpAnchor {
  const [, kind, name] = /^(FILE|DIR|ENV):(.+)$/.exec(text) ?? []
  if (kind === undefined || name === undefined) {
    throw confError(`http_anchors cannot be ${JSON.stringify(text)}`, at)
  }
  return { kind: ANCHOR_KINDS[kind as keyof typeof ANCHOR_KINDS], name, at }
}

/** Names of more labels than the DNS allows are not looked at. */
const MAX_LABELS = 128

/**
 * The realm of a host by `[domain_realm]`: the host itself, then its parent domains, each with and without a dot before it.
 *
 * @param conf - The configuration.
 * @param host - A name, not an address.
 * @returns The realm, or undefined when no line fits.
 */
export function realmOfHost(conf: Krb5Conf, host: string): string | undefined {
  let name = host.toLowerCase().replace(/\.$/, '')
  for (let step = 0; step < 2 * MAX_LABELS; step++) {
    const found = conf.first('domain_realm', name)
    if (found !== undefined) return found.text
    const dot = name.indexOf('.')
    if (dot === -1) return undefined
    name = name.slice(dot === 0 ? 1 : dot)
  }
  return undefined
}

/**
 * The realms between two others by `[capaths]`.
 *
 * @param conf - The configuration.
 * @param from - The client's realm.
 * @param to - The service's realm.
 * @returns The realms to go through, in this order; empty when the two trust each other directly (`.`); undefined when
 *   nothing is said.
 */
export function capathOf(conf: Krb5Conf, from: string, to: string): readonly string[] | undefined {
  const through = conf.all('capaths', from, to).flatMap((text) => text.split(/\s+/))
  return through.length === 0 ? undefined : through.filter((realm) => realm !== '.')
}
