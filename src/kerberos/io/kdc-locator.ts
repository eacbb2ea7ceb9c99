/**
 * Finds KDCs in the DNS: by URI records where somebody asks for them, else by SRV records (RFC 4120 section 7.2.3.2), those
 * of our own Active Directory site first (MS-ADTS 6.3.2.3).
 *
 * @module
 */

import { errorText, type Clock, type Logger, type Random } from '../../platform/index.ts'
import { formatKdcAddress, type HostPort, type KdcAddress } from './kdc-address.ts'
import { parseKdcUri } from './kdc-uri.ts'
import type { SiteFinder } from './site-finder.ts'
import { orderSrv, type SrvRecord, type UriRecord } from './srv-order.ts'
import type { SrvResolver, UriResolver } from './srv-resolver.ts'

/** Finds the KDCs of realms. */
export interface KdcLocator {
  /**
   * The KDCs of a realm in the order to ask.
   *
   * @param realm - The realm.
   * @returns The addresses, the very same array as long as nothing changed; empty when the realm has none.
   */
  locate(realm: string): Promise<readonly KdcAddress[]>
  /**
   * The password servers (RFC 3244) of a realm, where they are named by themselves. Absent: nobody names any.
   *
   * @param realm - The realm.
   * @returns In the order to ask; empty where the KDCs' hosts are the password servers, as in Active Directory.
   */
  passwordServers?(realm: string): Promise<readonly KdcAddress[]>
}

/** How KDCs are looked for in the DNS. */
export interface DnsKdcLocatorOptions {
  /** Asks the DNS, for instance what dnsSrvResolver gives. */
  readonly resolve: SrvResolver
  /** Time. */
  readonly clock: Clock
  /** Draws among servers of one priority. */
  readonly random: Random
  /** Asks the DNS for URI records, which come before SRV records, for instance what dnsUriResolver gives. Default: none. */
  readonly resolveUri?: UriResolver | undefined
  /** Finds out our site in an Active Directory, whose KDCs come first, for instance a NetlogonSiteFinder. Default none. */
  readonly sites?: SiteFinder | undefined
  /** Told when the DNS cannot be asked. */
  readonly logger?: Logger | undefined
  /** Answers are kept at least so long, also where no time to live is known, milliseconds. Default 300 000. */
  readonly minTtlMs?: number | undefined
  /** Answers are kept at most so long, milliseconds. Default 3 600 000. */
  readonly maxTtlMs?: number | undefined
  /** How long it is remembered that there is no answer, milliseconds. Default 15 000. */
  readonly retryMs?: number | undefined
  /**
   * How long a question is waited for where an older answer is known, which counts then until the new one comes, milliseconds.
   * Default 1800, as RFC 8767 section 5 proposes.
   */
  readonly staleAfterMs?: number | undefined
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

/** Names under which KDCs of a site are listed; the first by Windows, the second by other servers too. */
function siteServices(site: string, realm: string): readonly string[] {
  if (!LABEL.test(site)) return []
  const service = `_kerberos._tcp.${site}._sites`
  return [`${service}.dc._msdcs.${realm}`, `${service}.${realm}`]
}

/** A KDC as the DNS lists it. */
interface Listed extends Omit<UriRecord, 'target'> {
  readonly address: KdcAddress
}

interface UriAnswer {
  readonly records: readonly Listed[]
  readonly fault: Error | undefined
}

interface Found extends Pick<UriAnswer, 'fault'> {
  readonly groups: readonly (readonly Listed[])[]
}

const MAX_REALM_LENGTH = 200
const LABEL = /^[A-Za-z0-9_-]{1,63}$/

/** Other realms than domain names cannot be looked up. */
function isDomain(realm: string): boolean {
  return realm.length <= MAX_REALM_LENGTH && realm.split('.').every((label) => LABEL.test(label))
}

type Limit = 'minTtlMs' | 'maxTtlMs' | 'retryMs' | 'staleAfterMs' | 'maxRealms' | 'maxKdcs'
type Settings = Pick<
  DnsKdcLocatorOptions,
  'resolve' | 'resolveUri' | 'clock' | 'random' | 'sites'
> &
  Readonly<Record<Limit, number>>

/** Finds KDCs by SRV records. */
export class DnsKdcLocator implements KdcLocator {
  readonly #options: Settings
  readonly #logger: Logger | undefined
  readonly #known = new Map<string, Located>()
  /** Realms of which the log says that the DNS cannot be asked for them. */
  readonly #unasked = new Set<string>()
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
    const inTime = known?.addresses.length ? this.#orStale(started, known.addresses) : started
    this.#asking.set(realm, inTime)
    return inTime
  }

  /** A name server that is silent costs many seconds, each time that the answer is due anew. */
  #orStale(
    started: Promise<readonly KdcAddress[]>,
    stale: readonly KdcAddress[],
  ): Promise<readonly KdcAddress[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly KdcAddress[]>()
    const timer = this.#options.clock.setTimer(this.#options.staleAfterMs, () => {
      resolve(stale)
    })
    started
      .finally(() => {
        timer.cancel()
      })
      .then(resolve, reject)
    return promise
  }

  /** Where the DNS cannot be asked, what was known goes on to count. */
  async #ask(realm: string, known: Located | undefined): Promise<readonly KdcAddress[]> {
    const before = known?.addresses ?? []
    try {
      const { groups, fault } = await this.#lookUp(realm)
      const records = groups.flat()
      if (records.length === 0 && before.length > 0 && fault !== undefined) throw fault
      this.#asked(realm)
      const ttlMs = records.length === 0 ? this.#options.retryMs : this.#ttlMs(records)
      return this.#keep(realm, this.#addressesOf(groups, before), ttlMs)
    } catch (error) {
      this.#notAsked(realm, error)
      if (before.length === 0) throw error
      return this.#keep(realm, before, this.#options.retryMs)
    }
  }

  /** Those nearby, then all; and what was wrong with URI records. */
  async #lookUp(realm: string): Promise<Found> {
    const { records, fault } = await this.#uriRecords(realm)
    if (records.length > 0) return { groups: [[], records], fault }
    const everywhere = await this.#srvRecords(realm)
    return { groups: [await this.#near(realm, everywhere), everywhere], fault }
  }

  #notAsked(realm: string, error: unknown): void {
    if (this.#unasked.has(realm)) return
    const [oldest] = this.#unasked
    if (oldest !== undefined && this.#unasked.size >= this.#options.maxRealms) {
      this.#unasked.delete(oldest)
    }
    this.#unasked.add(realm)
    const fields = { realm, reason: errorText(error) }
    this.#logger?.warn('The DNS could not be asked for KDCs.', fields)
  }

  #asked(realm: string): void {
    if (!this.#unasked.delete(realm)) return
    this.#logger?.info('The DNS can be asked for KDCs again.', { realm })
  }

  /** A failure is no reason to give up, for not every name server knows the type; nor to forget what such records named before. */
  async #uriRecords(realm: string): Promise<UriAnswer> {
    try {
      const found = (await this.#options.resolveUri?.(`_kerberos.${realm}`)) ?? []
      const records = found.flatMap(({ target, ...rest }) => {
        const address = parseKdcUri(target)
        return address === undefined ? [] : [{ ...rest, address }]
      })
      return { records, fault: undefined }
    } catch (error) {
      const fault = errorText(error)
      this.#logger?.debug('The DNS could not be asked for URI records of KDCs.', {
        realm,
        reason: fault,
      })
      return { records: [], fault: new Error(`URI records: ${fault}`, { cause: error }) }
    }
  }

  #srvRecords(realm: string): Promise<readonly Listed[]> {
    return this.#records(SERVICES.map((service) => `${service}.${realm}`))
  }

  /** Those of the first name that has any. */
  async #records(names: readonly string[]): Promise<readonly Listed[]> {
    for (const name of names) {
      const records = await this.#options.resolve(name)
      // RFC 2782: a lone record of "." says that there is decidedly no such service.
      const served = records.filter((record) => record.name !== '.' && record.name !== '')
      if (records.length > 0) return served.map(listed)
    }
    return []
  }

  /** Those of our site, or of the next one; none where that cannot be told. */
  async #near(realm: string, everywhere: readonly Listed[]): Promise<readonly Listed[]> {
    const { sites, random } = this.#options
    if (sites === undefined || everywhere.length === 0) return []
    const found = await sites.sitesOf(realm, orderSrv(everywhere, random).flatMap(hostPort))
    try {
      return await this.#records(found.flatMap((site) => siteServices(site, realm)))
    } catch (error) {
      const fields = { realm, sites: found, reason: errorText(error) }
      this.#logger?.info('The DNS could not be asked for the KDCs of the site.', fields)
      return []
    }
  }

  #ttlMs(records: readonly Listed[]): number {
    const { minTtlMs, maxTtlMs } = this.#options
    const shortest = Math.min(...records.map(({ ttlSeconds = 0 }) => ttlSeconds * 1000))
    return Math.min(Math.max(shortest, minTtlMs), maxTtlMs)
  }

  /** Unchanged sets keep their order and array: whoever holds it knows which of them answered last. */
  #addressesOf(
    groups: readonly (readonly Listed[])[],
    before: readonly KdcAddress[],
  ): readonly KdcAddress[] {
    const { random, maxKdcs } = this.#options
    const [near = [], everywhere = []] = groups.map((records) =>
      orderSrv(records.slice(0, maxKdcs), random).map(({ address }) => address),
    )
    const byName = new Map([...near, ...everywhere].map((kdc) => [formatKdcAddress(kdc), kdc]))
    const addresses = [...byName.values()].slice(0, maxKdcs)
    const same =
      sameSet(addresses, before) && sameSet(near.slice(0, maxKdcs), before.slice(0, near.length))
    return same ? before : addresses
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

function listed({ name, port, ...rest }: SrvRecord): Listed {
  return { ...rest, address: { via: 'direct', host: name, port } }
}

function hostPort({ address }: Listed): readonly HostPort[] {
  return address.via === 'direct' ? [address] : []
}

function sameSet(a: readonly KdcAddress[], b: readonly KdcAddress[]): boolean {
  const names = (list: readonly KdcAddress[]): string =>
    JSON.stringify(list.map(formatKdcAddress).sort())
  return names(a) === names(b)
}

function resolveOptions(options: DnsKdcLocatorOptions): Settings {
  const { resolve, resolveUri, clock, random, sites } = options
  const numbers = {
    minTtlMs: options.minTtlMs ?? 300_000,
    maxTtlMs: options.maxTtlMs ?? 3_600_000,
    retryMs: options.retryMs ?? 15_000,
    staleAfterMs: options.staleAfterMs ?? 1800,
    maxRealms: options.maxRealms ?? 64,
    maxKdcs: options.maxKdcs ?? 32,
  }
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value <= 0) throw new RangeError(`${name} must be above 0`)
  }
  if (numbers.maxTtlMs < numbers.minTtlMs) throw new RangeError('maxTtlMs is below minTtlMs')
  return { resolve, resolveUri, clock, random, sites, ...numbers }
}
