/**
 * Reaches KDCs over TCP, one connection a request, with fail-over between those listed or found for a realm.
 *
 * @module
 */

import { connect as connectTcp, type Socket } from 'node:net'
import { errorText } from '../../platform/index.ts'
import { abandonable, aborted } from '../client-drive.ts'
import type { KdcTransport } from '../client-options.ts'
import { KerberosError } from '../errors.ts'
import { KrbErrorCode } from '../iana/index.ts'
import { decodeKrbError, isKrbError } from '../messages/index.ts'
import { parseKdcAddress, type DirectKdcAddress, type KdcAddress } from './kdc-address.ts'
import type { KdcLocator } from './kdc-locator.ts'
import { tcpAttempt } from './tcp-attempt.ts'

/** How KDCs are reached. */
export interface TcpKdcTransportOptions {
  /** For each realm its KDCs as `host` or `host:port`, the preferred first. Default none. */
  readonly kdcs?: Readonly<Record<string, readonly string[]>> | undefined
  /** Finds the KDCs of all other realms, for instance a DnsKdcLocator. Default none. */
  readonly locator?: KdcLocator | undefined
  /** Time for one KDC to answer, milliseconds. Default 3000. */
  readonly timeoutMs?: number | undefined
  /** Time for all of them together, milliseconds. Default 10 000. */
  readonly totalTimeoutMs?: number | undefined
  /** Largest reply, octets. Default 256 KiB. */
  readonly maxReplyOctets?: number | undefined
  /** Opens a connection, for instance with a resolver of its own. Default the system's. */
  readonly connect?: ((address: DirectKdcAddress) => Socket) | undefined
}

/** KDCs of one realm and which of them answered last. */
interface RealmKdcs {
  readonly addresses: readonly KdcAddress[]
  preferred: number
}

/** A KdcTransport over TCP. */
export class TcpKdcTransport implements KdcTransport {
  readonly #realms: ReadonlyMap<string, RealmKdcs>
  readonly #locator: KdcLocator | undefined
  /** What the locator found, with which of them answered last; gone when the locator lets it go. */
  readonly #located = new WeakMap<readonly KdcAddress[], RealmKdcs>()
  readonly #timeoutMs: number
  readonly #totalTimeoutMs: number
  readonly #maxReplyOctets: number
  readonly #connect: (address: DirectKdcAddress) => Socket

  /**
   * Opens no connection yet.
   *
   * @param options - Where the KDCs are, and limits.
   * @throws RangeError for an address that is none, a realm without KDCs, a limit that is not positive, or neither KDCs
   *   nor a locator.
   */
  constructor(options: TcpKdcTransportOptions) {
    const { kdcs: listed, locator } = options
    if (listed === undefined && locator === undefined) throw new RangeError('kdcs or locator')
    this.#locator = locator
    this.#realms = new Map(
      Object.entries(listed ?? {}).map(([realm, kdcs]) => [realm, realmKdcs(realm, kdcs)]),
    )
    this.#timeoutMs = positive('timeoutMs', options.timeoutMs ?? 3000)
    this.#totalTimeoutMs = positive('totalTimeoutMs', options.totalTimeoutMs ?? 10_000)
    this.#maxReplyOctets = positive('maxReplyOctets', options.maxReplyOctets ?? 262_144)
    this.#connect = options.connect ?? ((address) => connectTcp({ ...address, noDelay: true }))
  }

  /**
   * Asks the KDC that answered last, then the others.
   *
   * @param realm - Whose KDC.
   * @param request - DER of the request.
   * @param signal - Gives up.
   * @returns DER of the reply, whatever it says.
   * @throws KerberosError ERR_KRB_KDC_UNREACHABLE when none answered, ERR_KRB_ABORTED.
   */
  async exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const limit = AbortSignal.timeout(this.#totalTimeoutMs)
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit])
    const kdcs = this.#realms.get(realm) ?? (await this.#locate(realm, either, signal))
    const order = kdcs.addresses.map((_, i) => (kdcs.preferred + i) % kdcs.addresses.length)
    const failures: string[] = []
    let unavailable: Uint8Array | undefined
    for (const index of order) {
      if (signal?.aborted === true) throw aborted(signal)
      if (limit.aborted) break
      const reply = await this.#attempt({ kdcs, index, request }, either, failures)
      if (reply === undefined) continue
      if (!isUnavailable(reply)) {
        kdcs.preferred = index
        return reply
      }
      unavailable = reply
    }
    if (signal?.aborted === true) throw aborted(signal)
    if (unavailable !== undefined) return unavailable
    throw unreachable(realm, failures)
  }

  async #locate(
    realm: string,
    either: AbortSignal,
    signal: AbortSignal | undefined,
  ): Promise<RealmKdcs> {
    if (this.#locator === undefined) throw unreachable(realm, ['no KDC is configured'])
    let addresses: readonly KdcAddress[]
    try {
      addresses = await abandonable(this.#locator.locate(realm), either)
    } catch (error) {
      if (signal?.aborted === true) throw aborted(signal)
      const why = either.aborted ? 'no answer in time' : errorText(error)
      throw unreachable(realm, [`KDCs could not be looked up: ${why}`])
    }
    if (addresses.length === 0) throw unreachable(realm, ['none is listed or found in the DNS'])
    let kdcs = this.#located.get(addresses)
    if (kdcs === undefined) {
      kdcs = { addresses, preferred: 0 }
      this.#located.set(addresses, kdcs)
    }
    return kdcs
  }

  /** Undefined when this KDC failed; then it is not the first to be asked next time. */
  async #attempt(
    { kdcs, index, request }: { kdcs: RealmKdcs; index: number; request: Uint8Array },
    signal: AbortSignal,
    failures: string[],
  ): Promise<Uint8Array | undefined> {
    const address = kdcs.addresses[index]
    if (address === undefined) return undefined
    if (address.via === 'https') {
      failures.push(`${address.url}: KDC proxies are not asked`)
      return undefined
    }
    const [timeoutMs, maxReplyOctets] = [this.#timeoutMs, this.#maxReplyOctets]
    const attempt = { address, request, timeoutMs, maxReplyOctets, connect: this.#connect }
    try {
      return await tcpAttempt(attempt, signal)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
      if (kdcs.preferred === index) kdcs.preferred = (index + 1) % kdcs.addresses.length
      return undefined
    }
  }
}

function realmKdcs(realm: string, kdcs: readonly string[]): RealmKdcs {
  if (kdcs.length === 0) throw new RangeError(`the realm ${realm} needs a KDC`)
  return { addresses: kdcs.map((kdc) => parseKdcAddress(kdc)), preferred: 0 }
}

function positive(name: string, value: number): number {
  if (!Number.isInteger(value) || value <= 0) throw new RangeError(`${name} must be above 0`)
  return value
}

/** KDC_ERR_SVC_UNAVAILABLE: this KDC cannot, another may. */
function isUnavailable(reply: Uint8Array): boolean {
  if (!isKrbError(reply)) return false
  try {
    return decodeKrbError(reply).errorCode === KrbErrorCode.KDC_ERR_SVC_UNAVAILABLE
  } catch {
    return false
  }
}

function unreachable(realm: string, failures: readonly string[]): KerberosError {
  const why = failures.length === 0 ? 'no answer in time' : failures.join('; ')
  return new KerberosError('ERR_KRB_KDC_UNREACHABLE', `no KDC of ${realm} answered: ${why}`, {
    mend: 'Check the kdcs setting, the network and port 88 (TCP) of the domain controllers.',
  })
}
