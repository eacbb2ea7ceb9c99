/**
 * Names to addresses: by the host's resolver, or by DNS servers that connector.yaml names.
 *
 * @module
 */

import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

/** Finds the addresses of a host, in the order they should be tried. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** How DNS servers are asked. */
export interface DnsOptions {
  /** `address` or `address:port`; empty: the host's own resolver (with /etc/hosts). */
  readonly servers: readonly string[]
  /** Wait for one server, milliseconds. Default 2000. */
  readonly timeoutMs?: number
  /** How often each server is asked. Default 2. */
  readonly tries?: number
}

function valuesOf(results: readonly PromiseSettledResult<string[]>[]): readonly string[] {
  const found = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (found.length === 0 && failed !== undefined) throw failed.reason
  return found
}

/**
 * Makes a resolver.
 *
 * @param options - Whom to ask.
 * @returns The resolver; an IP address is its own answer.
 */
export function createResolve(options: DnsOptions = { servers: [] }): Resolve {
  if (options.servers.length === 0) {
    return async (hostname) => {
      if (isIP(hostname) !== 0) return [hostname]
      return (await lookup(hostname, { all: true })).map(({ address }) => address)
    }
  }
  const resolver = new Resolver({ timeout: options.timeoutMs ?? 2000, tries: options.tries ?? 2 })
  resolver.setServers(options.servers)
  return async (hostname) => {
    if (isIP(hostname) !== 0) return [hostname]
    return valuesOf(
      await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]),
    )
  }
}
