/**
 * Settings of a NetworkKdcTransport: defaults and checks in one place.
 *
 * @module
 */

import type { LookupFunction } from 'node:net'
import { needArray, needObject, type Clock, type Logger } from '../../platform/index.ts'
import { systemClock } from '../../platform/io/index.ts'
import { parseKdcAddress, type KdcAddress, type ProxiedKdcAddress } from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import type { KdcLocator } from './kdc-locator.ts'

/** What is asked, for errors and the log: KDCs, or another service of a realm that is reached the same way. */
export interface AskedService {
  /** For instance `KDC`. */
  readonly name: string
  /** What to do when none answers. */
  readonly mend: string
  /** Whether no server is sent a request anew where a connection ends under it. */
  readonly once: boolean
}

/** How KDCs are reached. */
export interface NetworkKdcTransportOptions {
  /**
   * For each realm its KDCs as `host`, `host:port` or, with `https`, the URL of a KDC proxy; the preferred first. Default
   * none.
   */
  readonly kdcs?: Readonly<Record<string, readonly string[]>> | undefined
  /** Finds the KDCs of all other realms, for instance a DnsKdcLocator. Default none. */
  readonly locator?: KdcLocator | undefined
  /** Asks KDC proxies (MS-KKDCP). Default none: such addresses are passed over where a locator gives them. */
  readonly https?: KdcAttempt<ProxiedKdcAddress> | undefined
  /** Looks up the names of KDCs. Default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
  /** Told when a KDC becomes unwell, and when it is well again. Default nobody. */
  readonly logger?: Logger | undefined
  /** Time. Default the machine's. */
  readonly clock?: Clock | undefined
  /** What is asked, in the words of errors and the log. Default KDCs. */
  readonly service?: AskedService | undefined

  /** Time for one KDC to answer, milliseconds. Default 3000. */
  readonly timeoutMs?: number | undefined
  /** Time for a whole exchange, finding KDCs and waiting for one's turn included, milliseconds. Default 10 000. */
  readonly totalTimeoutMs?: number | undefined
  /** Largest reply, octets. Default 256 KiB. */
  readonly maxReplyOctets?: number | undefined

  /** How long a connection to a KDC waits for the next request, milliseconds; 0: one connection a request. Default 1000. */
  readonly keepMs?: number | undefined
  /** Connections that wait, of all KDCs together. Default 64. */
  readonly maxKept?: number | undefined

  /** Requests of at most so many octets go over UDP first, larger ones where TCP is refused. Default 0: TCP alone. */
  readonly udpPreferenceLimit?: number | undefined
  /** Largest datagram, octets: larger requests are not sent in one, larger replies are asked for over TCP. Default 4096. */
  readonly maxDatagramOctets?: number | undefined
  /** After which time without an answer a datagram is sent again, milliseconds; each wait is twice the last. Default 500. */
  readonly udpRetransmitAfterMs?: number | undefined

  /**
   * After which time without an answer the next KDC is asked as well, milliseconds. Default, for each KDC, the time within
   * which 95 % of its answers of late came, from 100 to 1000; 500 before it has answered 20 times.
   */
  readonly hedgeAfterMs?: number | undefined
  /** KDCs that one exchange asks at once, at most. 1: the next KDC is asked when one fails, never sooner. Default 2. */
  readonly maxInFlight?: number | undefined

  /** Exchanges with the KDCs of one realm at once; others wait, within `totalTimeoutMs`. Default 256. */
  readonly maxExchanges?: number | undefined
  /** Exchanges that wait for their turn, of all realms; further ones fail at once. Default 10 000. */
  readonly maxWaiting?: number | undefined

  /** How long a KDC is asked last after its first failure, milliseconds; each further one doubles it. Default 5000. */
  readonly probeAfterMs?: number | undefined
  /** The longest such time, milliseconds. Default 300 000. */
  readonly probeMaxMs?: number | undefined
  /** A KDC is slow that takes so many times as long as the quickest of its realm, and `slowMarginMs` more. Default 4. */
  readonly slowFactor?: number | undefined
  /** See `slowFactor`, milliseconds. Default 100. */
  readonly slowMarginMs?: number | undefined
  /** KDCs whose health is remembered, of all realms together. Default 256. */
  readonly maxKdcs?: number | undefined
}

const KDCS: AskedService = {
  name: 'KDC',
  mend: 'Check the kdcs setting, the network and port 88 (TCP) of the domain controllers.',
  once: false,
}

const DEFAULTS = {
  timeoutMs: 3000,
  totalTimeoutMs: 10_000,
  maxReplyOctets: 262_144,
  keepMs: 1000,
  maxKept: 64,
  udpPreferenceLimit: 0,
  maxDatagramOctets: 4096,
  udpRetransmitAfterMs: 500,
  maxInFlight: 2,
  maxExchanges: 256,
  maxWaiting: 10_000,
  probeAfterMs: 5000,
  probeMaxMs: 300_000,
  slowFactor: 4,
  slowMarginMs: 100,
  maxKdcs: 256,
} as const

type NumberName = keyof typeof DEFAULTS
const NAMES = Object.keys(DEFAULTS) as readonly NumberName[]
const MAY_BE_ZERO: readonly NumberName[] = ['keepMs', 'udpPreferenceLimit', 'slowMarginMs']

/** Every setting, checked. */
export interface KdcTransportSettings extends Readonly<Record<NumberName, number>> {
  readonly hedgeAfterMs: number | undefined
  readonly clock: Clock
  readonly service: AskedService
  readonly kdcs: ReadonlyMap<string, readonly KdcAddress[]>
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param options - What the caller chose.
 * @returns Every setting.
 * @throws RangeError for an address that is none, a realm without KDCs, a limit that is not positive, or neither KDCs
 *   nor a locator.
 */
export function resolveKdcTransport(options: NetworkKdcTransportOptions): KdcTransportSettings {
  needObject('options', options, 'an object: { kdcs } or { locator }')
  const { kdcs, locator, hedgeAfterMs, clock = systemClock, service = KDCS } = options
  if (kdcs === undefined && locator === undefined) {
    throw new RangeError('kdcs or locator must say where the KDCs are: { kdcs: { REALM: [host] } }')
  }
  needObject('kdcs', kdcs ?? {}, 'an object: { REALM: [host, …] }')
  const numbers = Object.fromEntries(
    NAMES.map((name) => [name, checked(name, options[name] ?? DEFAULTS[name])]),
  ) as Record<NumberName, number>
  if (hedgeAfterMs !== undefined) checked('hedgeAfterMs', hedgeAfterMs)
  const listed = Object.entries(kdcs ?? {}).map(
    ([realm, texts]) => [realm, addressesOf(realm, texts, options)] as const,
  )
  return { ...numbers, hedgeAfterMs, clock, service, kdcs: new Map(listed) }
}

function checked(name: string, value: number): number {
  const mayBeZero = MAY_BE_ZERO.some((other) => other === name)
  const whole = Number.isInteger(value) || name === 'slowFactor'
  if (!whole || !(value > 0 || (mayBeZero && value === 0))) {
    throw new RangeError(`${name} must be ${mayBeZero ? '0 or more' : 'above 0'}`)
  }
  return value
}

function addressesOf(
  realm: string,
  texts: readonly string[],
  { https }: NetworkKdcTransportOptions,
): readonly KdcAddress[] {
  needArray(`kdcs of ${realm}`, texts, 'an array of strings')
  if (texts.length === 0) throw new RangeError(`the realm ${realm} needs a KDC`)
  const addresses = texts.map(parseKdcAddress)
  if (https === undefined && addresses.some(({ via }) => via === 'https')) {
    throw new RangeError(
      `the realm ${realm} names a KDC proxy, and there is no https to ask it with`,
    )
  }
  return addresses
}
