/**
 * Asks the DNS for SRV and URI records.
 *
 * @module
 */

import { getServers } from 'node:dns'
import { isIP } from 'node:net'
import { errorText, type Random } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { askDns, type DnsQuestion } from './dns-exchange.ts'
import { decodeSrvAnswer, decodeUriAnswer, encodeSrvQuery, encodeUriQuery } from './dns-message.ts'
import { formatHostPort, parseHostPort, type HostPort } from './kdc-address.ts'
import type { SrvRecord, UriRecord } from './srv-order.ts'

/**
 * Looks up SRV records.
 *
 * @param name - For instance `_kerberos._tcp.CORP.EXAMPLE`.
 * @returns The records; none when the DNS says that there are none. Rejects when the DNS cannot be asked.
 */
export type SrvResolver = (name: string) => Promise<readonly SrvRecord[]>

/**
 * Looks up URI records.
 *
 * @param name - For instance `_kerberos.CORP.EXAMPLE`.
 * @returns The records; none when the DNS says that there are none. Rejects when the DNS cannot be asked.
 */
export type UriResolver = (name: string) => Promise<readonly UriRecord[]>

/** How the DNS is asked. */
export interface DnsSrvOptions {
  /** Draws the numbers of questions. */
  readonly random: Random
  /** Name servers as `address` or `address:port`, asked in this order, whoever answered last first. Default the system's. */
  readonly servers?: readonly string[] | undefined
  /** Time for one try, milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Rounds over all name servers. Default 2. */
  readonly tries?: number | undefined
}

const DNS_PORT = 53

function parseServer(text: string): HostPort {
  const server = parseHostPort(text, DNS_PORT)
  if (isIP(server.host) === 0) throw new RangeError(`not the address of a name server: ${text}`)
  return server
}

/**
 * A resolver that asks the DNS for SRV records.
 *
 * @param options - Name servers and times.
 * @returns The resolver.
 * @throws RangeError for a name server that is not an address.
 */
export function dnsSrvResolver(options: DnsSrvOptions): SrvResolver {
  return resolver(options, { encode: encodeSrvQuery, decode: decodeSrvAnswer })
}

/**
 * A resolver that asks the DNS for URI records.
 *
 * @param options - Name servers and times.
 * @returns The resolver.
 * @throws RangeError for a name server that is not an address.
 */
export function dnsUriResolver(options: DnsSrvOptions): UriResolver {
  return resolver(options, { encode: encodeUriQuery, decode: decodeUriAnswer })
}

interface RecordCodec<T> {
  readonly encode: (id: number, name: string) => Buffer
  readonly decode: DnsQuestion<T>['decode']
}

function resolver<T>(
  options: DnsSrvOptions,
  { encode, decode }: RecordCodec<T>,
): (name: string) => Promise<readonly T[]> {
  const { random, timeoutMs = 1000, tries = 2 } = options
  const fixed = options.servers?.map(parseServer)
  /** Who answered last: one that is silent costs its time once, not with each question. */
  let good = ''
  const goodFirst = (servers: readonly HostPort[]): readonly HostPort[] =>
    servers.toSorted((a, b) => rank(a) - rank(b))
  const rank = (server: HostPort): number => (formatHostPort(server) === good ? 0 : 1)
  return async (name) => {
    const servers = goodFirst(fixed ?? getServers().map(parseServer))
    const failures: string[] = []
    for (const server of Array.from({ length: tries }, () => servers).flat()) {
      const id = Buffer.from(random.bytes(2)).readUInt16BE()
      try {
        const { records } = await askDns({ server, query: encode(id, name), timeoutMs, decode })
        good = formatHostPort(server)
        return records
      } catch (error) {
        failures.push(`${formatHostPort(server)}: ${errorText(error)}`)
      }
    }
    const why = failures.join('; ') || 'no name server is known'
    throw new KerberosError('ERR_KRB_KDC_UNREACHABLE', `no answer for ${name}: ${why}`, {
      mend: 'Check the name servers (dns.servers, /etc/resolv.conf) and the way to them, or list the KDCs.',
    })
  }
}
