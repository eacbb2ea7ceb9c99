/**
 * Names of the inside to addresses: by the name servers of connector.yaml, else by the host's own resolver.
 *
 * Answers of name servers are kept for their time to live, within bounds. The host's resolver keeps its own.
 *
 * @module
 */

import { lookup, Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { LRUCache } from 'lru-cache'
import { errorCode, type Clock } from '../../platform/index.ts'
import { ConnectorError, type DnsConfig } from '../index.ts'

/** Addresses of a host name, in the order they should be tried; an IP address is its own answer. */
export type NameResolver = (name: string) => Promise<readonly string[]>

interface Answer {
  readonly addresses: readonly string[]
  readonly ttlSeconds: number
}

/** Shortest time an answer is kept, seconds: a time to live of 0 must not make a query of every connection. */
const LEAST_SECONDS = 1

/**
 * Makes a resolver.
 *
 * @param config - Which name servers; undefined: the host's own resolver, /etc/hosts included.
 * @param clock - For the age of answers.
 * @returns The resolver; it rejects with ConnectorError ERR_CONNECTOR_NAME.
 */
export function createNameResolver(config: DnsConfig | undefined, clock: Clock): NameResolver {
  const ask = config ? askServers(config, clock) : askHost
  return async (name) => {
    if (isIP(name) !== 0) return [name]
    try {
      return await ask(name)
    } catch (cause) {
      throw noAddress(name, config, cause)
    }
  }
}

/** Nobody has answered: whether there is such a name is not known. */
const SILENT = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEOUT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  'EAI_AGAIN',
])

function noAddress(name: string, config: DnsConfig | undefined, cause: unknown): ConnectorError {
  const asked = config ? config.servers.join(', ') : 'the host’s resolver'
  const code = errorCode(cause)
  if (!SILENT.has(code)) {
    const text = `${name} has no address: ${asked} answered ${code}`
    const mend = 'Check the name, and dns.servers in connector.yaml.'
    return new ConnectorError('ERR_CONNECTOR_NAME', text, { cause, mend })
  }
  const text = `nobody tells the address of ${name}: no answer from ${asked} (${code})`
  const mend = config
    ? 'See that the name servers in dns.servers of connector.yaml run, and that port 53 (UDP and TCP) leads to them.'
    : 'See that the name servers of this host (/etc/resolv.conf) answer, or name others as dns.servers in connector.yaml.'
  return new ConnectorError('ERR_CONNECTOR_NAME', text, { cause, mend })
}

/** How node spells the family that is wanted; any other spelling means both. */
const FAMILIES: Readonly<Record<string, number>> = { 4: 4, IPv4: 4, 6: 6, IPv6: 6 }

/**
 * The resolver in the form that node's sockets want.
 *
 * @param resolve - The resolver.
 * @returns For the `lookup` option of net.connect.
 */
export function toLookupFunction(resolve: NameResolver): LookupFunction {
  return (name, options, done) => {
    const family = FAMILIES[options.family ?? 0]
    const wanted = (address: string) => family === undefined || isIP(address) === family
    resolve(name).then(
      (found) => {
        const addresses = found
          .filter(wanted)
          .map((address) => ({ address, family: isIP(address) }))
        const [first] = addresses
        if (!first)
          done(new ConnectorError('ERR_CONNECTOR_NAME', `${name} has no such address`), '')
        else if (options.all) done(null, addresses)
        else done(null, first.address, first.family)
      },
      (error: unknown) => {
        done(error as Error, '')
      },
    )
  }
}

async function askHost(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}

function askServers(config: DnsConfig, clock: Clock): NameResolver {
  const resolver = new Resolver({ timeout: config.timeoutMs, tries: 2 })
  resolver.setServers([...config.servers])
  if (config.cacheSeconds === 0) return async (name) => (await query(resolver, name)).addresses
  const cache = new LRUCache<string, readonly string[]>({
    max: config.cachedNames,
    ttl: config.cacheSeconds * 1000,
    // Otherwise the cache would keep the time for a while by a timer of its own.
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    fetchMethod: async (name, _stale, { options }) => {
      const { addresses, ttlSeconds } = await query(resolver, name)
      options.ttl = Math.max(LEAST_SECONDS, Math.min(config.cacheSeconds, ttlSeconds)) * 1000
      return addresses
    },
  })
  return async (name) => (await cache.fetch(name)) ?? []
}

/** Both kinds of addresses at once; one kind is enough. */
async function query(resolver: Resolver, name: string): Promise<Answer> {
  const results = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ])
  const records = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (records.length === 0) {
    const failed = results.find((result) => result.status === 'rejected')
    throw failed ? (failed.reason as Error) : new Error('no address')
  }
  return {
    addresses: records.map(({ address }) => address),
    ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
  }
}
