/**
 * Finds out in which site of an Active Directory this host is, by asking a domain controller (LDAP ping, MS-ADTS 6.3.3).
 *
 * The ping is neither signed nor encrypted. Who forges an answer can make a domain controller of another site the first to be
 * asked, and nothing else: names come from the DNS all the same, and Kerberos proves who answers.
 *
 * @module
 */

import type { LookupFunction } from 'node:net'
import { errorText, type Clock, type Logger, type Random } from '../../platform/index.ts'
import { decodeNetlogonAnswer, encodeNetlogonPing } from './cldap-message.ts'
import type { HostPort } from './kdc-address.ts'
import { raceKdcs, type Racer } from './kdc-race.ts'
import {
  decodeNetlogonResponse,
  NetlogonVersion,
  type NetlogonResponse,
} from './netlogon-response.ts'
import { udpAttempt } from './udp-attempt.ts'

/** Finds out where we are. */
export interface SiteFinder {
  /**
   * The sites whose domain controllers come first.
   *
   * @param realm - A realm of Active Directory, or another.
   * @param controllers - Some of its domain controllers.
   * @returns Our own site, and the next one where the directory names one; none when nobody says. Never rejects.
   */
  sitesOf(realm: string, controllers: readonly HostPort[]): Promise<readonly string[]>
}

/** How domain controllers are asked. */
export interface NetlogonSiteFinderOptions {
  /** Time. */
  readonly clock: Clock
  /** Draws the numbers of pings. */
  readonly random: Random
  /** Told once when no domain controller says where we are. */
  readonly logger?: Logger | undefined
  /** Looks up the names of domain controllers. Default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
  /** What we call ourselves in a ping. Default `sallyport`. */
  readonly host?: string | undefined
  /** UDP port of the LDAP servers. Default 389. */
  readonly port?: number | undefined
  /** Time for all of them together, milliseconds. Default 1500. */
  readonly timeoutMs?: number | undefined
  /** After which time without an answer the next one is asked as well, milliseconds. Default 200. */
  readonly nextAfterMs?: number | undefined
  /** Domain controllers that are asked, at most. Default 5. */
  readonly maxControllers?: number | undefined
  /** How long a site is remembered, milliseconds. Default 3 600 000. */
  readonly keepMs?: number | undefined
  /** How long it is remembered that nobody said, milliseconds. Default 600 000. */
  readonly retryMs?: number | undefined
  /** Realms whose sites are remembered. Default 64. */
  readonly maxRealms?: number | undefined
}

const DEFAULTS = {
  port: 389,
  timeoutMs: 1500,
  nextAfterMs: 200,
  maxControllers: 5,
  keepMs: 3_600_000,
  retryMs: 600_000,
  maxRealms: 64,
} as const

type Limits = Readonly<Record<keyof typeof DEFAULTS, number>>

interface Known {
  readonly sites: readonly string[]
  readonly untilMs: number
}

const MAX_DATAGRAM_OCTETS = 4096
const ASKED_FOR = NetlogonVersion.V5 | NetlogonVersion.V5EX | NetlogonVersion.WITH_CLOSEST_SITE

/** A SiteFinder that pings domain controllers. */
export class NetlogonSiteFinder implements SiteFinder {
  readonly #options: NetlogonSiteFinderOptions
  readonly #limits: Limits
  readonly #known = new Map<string, Known>()

  /**
   * Asks nothing yet.
   *
   * @param options - Ports and limits.
   * @throws RangeError for a limit that is not positive.
   */
  constructor(options: NetlogonSiteFinderOptions) {
    this.#options = options
    this.#limits = limitsOf(options)
  }

  /** Asks unless it is known; where nobody answers, what was known goes on to count. */
  async sitesOf(realm: string, controllers: readonly HostPort[]): Promise<readonly string[]> {
    const known = this.#known.get(realm)
    const { keepMs, retryMs } = this.#limits
    if (known !== undefined && known.untilMs > this.#options.clock.nowMs()) return known.sites
    const failures: string[] = []
    const response = await this.#ping(realm, controllers, failures)
    if (response === undefined) {
      const fields = { realm, reason: failures.join('; ') || 'no domain controller answered' }
      this.#options.logger?.info('The site is not known: all KDCs count as equally near.', fields)
      return this.#keep(realm, known?.sites ?? [], retryMs)
    }
    const { dcSiteName, clientSiteName, nextClosestSiteName = '' } = response
    const sites = [...new Set([clientSiteName, nextClosestSiteName])].filter((site) => site !== '')
    const fields = { realm, site: clientSiteName, by: response.dnsHostName, bySite: dcSiteName }
    this.#options.logger?.debug('A domain controller said in which site this host is.', fields)
    return this.#keep(realm, sites, keepMs)
  }

  async #ping(
    realm: string,
    controllers: readonly HostPort[],
    failures: string[],
  ): Promise<NetlogonResponse | undefined> {
    const { clock } = this.#options
    const { timeoutMs, nextAfterMs, maxControllers } = this.#limits
    const late = new AbortController()
    const timer = clock.setTimer(timeoutMs, () => {
      late.abort()
    })
    let response: NetlogonResponse | undefined
    const racers = controllers.slice(0, maxControllers).map((controller): Racer => {
      const ask = async (signal: AbortSignal): Promise<Uint8Array | undefined> => {
        try {
          response = await this.#pingOne(realm, controller, signal)
          return new Uint8Array()
        } catch (error) {
          if (!late.signal.aborted) failures.push(`${controller.host}: ${errorText(error)}`)
          return undefined
        }
      }
      return { hedgeAfterMs: nextAfterMs, probe: false, ask }
    })
    try {
      await raceKdcs(racers, { clock, maxInFlight: maxControllers, timeoutMs }, late.signal)
      return response
    } finally {
      timer.cancel()
    }
  }

  async #pingOne(
    realm: string,
    { host }: HostPort,
    signal: AbortSignal,
  ): Promise<NetlogonResponse> {
    const { clock, random, lookup, host: ourName = 'sallyport' } = this.#options
    const { port, nextAfterMs } = this.#limits
    const dnsDomain = realm.toLowerCase()
    const messageId = Buffer.from(random.bytes(4)).readUInt32BE() & 0x7fffffff
    const request = encodeNetlogonPing({
      messageId,
      dnsDomain,
      host: ourName,
      ntVersion: ASKED_FOR,
    })
    const limits = { maxDatagramOctets: MAX_DATAGRAM_OCTETS, retransmitAfterMs: 2 * nextAfterMs }
    const ask = udpAttempt({ clock, lookup, ...limits })
    const reply = await ask({ via: 'direct', host, port }, { realm, request }, signal)
    const value = decodeNetlogonAnswer(reply, messageId)
    if (value === undefined) throw new Error(`has no domain ${dnsDomain}`)
    const response = decodeNetlogonResponse(value)
    if (response.dnsDomainName.toLowerCase() !== dnsDomain) {
      throw new Error(`answers for the domain ${response.dnsDomainName}`)
    }
    return response
  }

  #keep(realm: string, sites: readonly string[], forMs: number): readonly string[] {
    this.#known.delete(realm)
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size >= this.#limits.maxRealms)
      this.#known.delete(oldest)
    this.#known.set(realm, { sites, untilMs: this.#options.clock.nowMs() + forMs })
    return sites
  }
}

function limitsOf(options: NetlogonSiteFinderOptions): Limits {
  const names = Object.keys(DEFAULTS) as readonly (keyof typeof DEFAULTS)[]
  const limits = names.map((name) => {
    const value = options[name] ?? DEFAULTS[name]
    if (!Number.isInteger(value) || value <= 0) throw new RangeError(`${name} must be above 0`)
    return [name, value] as const
  })
  return Object.fromEntries(limits) as Limits
}
