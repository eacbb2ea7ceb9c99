/**
 * Finds KDCs: in krb5.conf, and by SRV records in the DNS (RFC 4120 section 7.2.3.2).
 *
 * @module
 */

import { errorText, type Clock, type Logger, type Random } from '../../platform/index.ts'
import { kdcsOf, libdefaultsOf, type Krb5Conf } from '../files/index.ts'
import { formatKdcAddress, parseKdcAddress, type KdcAddress } from './kdc-address.ts'
import { orderSrv, type SrvRecord } from './srv-order.ts'
import type { SrvResolver } from './srv-resolver.ts'

/** Finds the KDCs of realms. */
export interface KdcLocator {
  /**
   * The KDCs of a realm in the order to ask.
   *
   * @param realm - The realm.
   * @returns The addresses, the very same array as long as nothing changed; empty when the realm has none.
   */
  locate(realm: string): Promise<readonly KdcAddress[]>
}

/** How KDCs are looked for in the DNS. */
export interface DnsKdcLocatorOptions {
  /** Asks the DNS, for instance what dnsSrvResolver gives. */
  readonly resolve: SrvResolver
  /** Time. */
  readonly clock: Clock
  /** Draws among servers of one priority. */
  readonly random: Random
  /** Told when the DNS cannot be asked. */
  readonly logger?: Logger | undefined
  /** Answers are kept at least so long, also where no time to live is known, milliseconds. Default 300 000. */
  readonly minTtlMs?: number | undefined
  /** Answers are kept at most so long, milliseconds. Default 3 600 000. */
  readonly maxTtlMs?: number | undefined
  /** How long it is remembered that there is no answer, milliseconds. Default 15 000. */
  readonly retryMs?: number | undefined
  /** Realms whose answers are kept. Default 64. */
  readonly maxRealms?: number | undefined
  /** KDCs of a realm that are taken, the first ones. Default 32. */
  readonly maxKdcs?: number | undefined
}

interface Located {
  readonly addresses: readonly KdcAddress[]
  readonly untilMs: number
}

/** UDP comes second: such KDCs are asked over TCP nevertheless, which RFC 4120 section 7.2.2 wants them to speak. */
const SERVICES = ['_kerberos._tcp', '_kerberos._udp']

const MAX_REALM_LENGTH = 200
const LABEL = /^[A-Za-z0-9_-]{1,63}$/

/** Other realms than domain names cannot be looked up. */
function isDomain(realm: string): boolean {
  return realm.length <= MAX_REALM_LENGTH && realm.split('.').every((label) => LABEL.test(label))
}

type Limit = 'minTtlMs' | 'maxTtlMs' | 'retryMs' | 'maxRealms' | 'maxKdcs'
type Settings = Pick<DnsKdcLocatorOptions, 'resolve' | 'clock' | 'random'> &
  Readonly<Record<Limit, number>>

/** Finds KDCs by SRV records. */
export class DnsKdcLocator implements KdcLocator {
  readonly #options: Settings
  readonly #logger: Logger | undefined
  readonly #known = new Map<string, Located>()
  readonly #asking = new Map<string, Promise<readonly KdcAddress[]>>()

  /**
   * Asks nothing yet.
   *
   * @param options - Ports and limits.
   * @throws RangeError for a limit that is not positive, or a longest time below the shortest.
   */
  constructor(options: DnsKdcLocatorOptions) {
    this.#logger = options.logger
    this.#options = resolveOptions(options)
  }

  /** Asks the DNS unless an answer is known; one question at a time for each realm. */
  locate(realm: string): Promise<readonly KdcAddress[]> {
    if (!isDomain(realm)) return Promise.resolve([])
    const known = this.#known.get(realm)
    if (known !== undefined && known.untilMs > this.#options.clock.nowMs()) {
      return Promise.resolve(known.addresses)
    }
    const asking = this.#asking.get(realm)
    if (asking !== undefined) return asking
    const started = this.#ask(realm, known).finally(() => this.#asking.delete(realm))
    this.#asking.set(realm, started)
    return started
  }

  /** Where the DNS cannot be asked, what was known goes on to count. */
  async #ask(realm: string, known: Located | undefined): Promise<readonly KdcAddress[]> {
    try {
      const records = await this.#records(realm)
      const ttlMs = records.length === 0 ? this.#options.retryMs : this.#ttlMs(records)
      return this.#keep(realm, this.#addressesOf(records, known?.addresses ?? []), ttlMs)
    } catch (error) {
      const fields = { realm, reason: errorText(error) }
      this.#logger?.warn('The DNS could not be asked for KDCs.', fields)
      if (known === undefined || known.addresses.length === 0) throw error
      return this.#keep(realm, known.addresses, this.#options.retryMs)
    }
  }

  async #records(realm: string): Promise<readonly SrvRecord[]> {
    for (const service of SERVICES) {
      const records = await this.#options.resolve(`${service}.${realm}`)
      // RFC 2782: a lone record of "." says that there is decidedly no such service.
      if (records.length > 0) return records.filter(({ name }) => name !== '.' && name !== '')
    }
    return []
  }

  #ttlMs(records: readonly SrvRecord[]): number {
    const { minTtlMs, maxTtlMs } = this.#options
    const shortest = Math.min(...records.map(({ ttlSeconds = 0 }) => ttlSeconds * 1000))
    return Math.min(Math.max(shortest, minTtlMs), maxTtlMs)
  }

  /** An unchanged set keeps its order: whoever holds the array knows which of them answered last. */
  #addressesOf(
    records: readonly SrvRecord[],
    before: readonly KdcAddress[],
  ): readonly KdcAddress[] {
    const { random, maxKdcs } = this.#options
    const ordered = orderSrv(records.slice(0, maxKdcs), random)
    const addresses = ordered.map(({ name, port }): KdcAddress => ({
      via: 'direct',
      host: name,
      port,
    }))
    const names = (list: readonly KdcAddress[]): string =>
      JSON.stringify(list.map(formatKdcAddress).sort())
    return names(addresses) === names(before) ? before : addresses
  }

  #keep(realm: string, addresses: readonly KdcAddress[], ttlMs: number): readonly KdcAddress[] {
    this.#known.delete(realm)
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size >= this.#options.maxRealms) {
      this.#known.delete(oldest)
    }
    this.#known.set(realm, { addresses, untilMs: this.#options.clock.nowMs() + ttlMs })
    return addresses
  }
}

function resolveOptions(options: DnsKdcLocatorOptions): Settings {
  const { resolve, clock, random } = options
  const numbers = {
    minTtlMs: options.minTtlMs ?? 300_000,
    maxTtlMs: options.maxTtlMs ?? 3_600_000,
    retryMs: options.retryMs ?? 15_000,
    maxRealms: options.maxRealms ?? 64,
    maxKdcs: options.maxKdcs ?? 32,
  }
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value <= 0) throw new RangeError(`${name} must be above 0`)
  }
  if (numbers.maxTtlMs < numbers.minTtlMs) throw new RangeError('maxTtlMs is below minTtlMs')
  return { resolve, clock, random, ...numbers }
}

/**
 * Finds KDCs in a krb5.conf, and elsewhere for realms it does not list unless it says `dns_lookup_kdc = false`.
 *
 * @param conf - The configuration. KDCs behind an `https:` proxy are passed over.
 * @param elsewhere - For instance a DnsKdcLocator.
 * @returns The locator.
 * @throws KerberosError ERR_KRB_CONF for a `dns_lookup_kdc` that cannot be; RangeError for an address that is none.
 */
export function krb5ConfLocator(conf: Krb5Conf, elsewhere?: KdcLocator): KdcLocator {
  const listed = new Map(
    conf.names('realms').map((realm) => {
      const kdcs = kdcsOf(conf, realm).filter((kdc) => !kdc.includes('://'))
      return [realm, kdcs.map((kdc) => parseKdcAddress(kdc))] as const
    }),
  )
  const next = libdefaultsOf(conf).dnsLookupKdc === false ? undefined : elsewhere
  return {
    locate: (realm) => {
      const addresses = listed.get(realm) ?? []
      if (addresses.length > 0 || next === undefined) return Promise.resolve(addresses)
      return next.locate(realm)
    },
  }
}
