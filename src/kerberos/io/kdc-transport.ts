/**
 * Reaches the KDCs of realms: the healthiest first (kdc-health.ts), another when one fails or takes long (kdc-race.ts), over TCP
 * or UDP (direct-attempt.ts) or through KDC proxies.
 *
 * A KDC that is dead, slow, or sends what no KDC would send costs an exchange the hedging delay, at most `timeoutMs`, and the
 * log one line. Whatever the KDCs do, an exchange ends within `totalTimeoutMs`.
 *
 * @module
 */

import { errorText } from '../../platform/index.ts'
import { systemClock } from '../../platform/io/index.ts'
import { abandonable, aborted } from '../client-drive.ts'
import type { KdcTransport } from '../client-options.ts'
import { KerberosError, ownMend } from '../errors.ts'
import { directAttempt } from './direct-attempt.ts'
import { formatKdcAddress, type KdcAddress } from './kdc-address.ts'
import type { KdcAttempt, KdcQuestion } from './kdc-attempt.ts'
import { KdcAsking } from './kdc-asking.ts'
import type { KdcLocator } from './kdc-locator.ts'
import { ExchangeTimedOut, raceKdcs } from './kdc-race.ts'
import {
  resolveKdcTransport,
  type KdcTransportSettings,
  type NetworkKdcTransportOptions,
} from './kdc-transport-options.ts'
import { KdcTurns } from './kdc-turns.ts'
import { KdcWatch, type KdcStatistics, type WatchedKdc } from './kdc-watch.ts'
import { KeptSockets } from './kept-sockets.ts'
import { tcpAttempt } from './tcp-attempt.ts'
import { udpAttempt } from './udp-attempt.ts'

const MOST_FAILURES = 8

/** What a transport has done since it was made; a snapshot. */
export interface KdcTransportStatistics {
  /** Exchanges that ended with a reply. */
  readonly answered: number
  /** Exchanges that no KDC answered. */
  readonly unreachable: number
  /** Requests that were sent to a further KDC because the one before took long. */
  readonly hedges: number
  /** Exchanges that wait for their turn, now. */
  readonly waiting: number
  /** The KDCs that were asked or were to be asked, of all realms, at most `maxKdcs`. */
  readonly kdcs: readonly KdcStatistics[]
}

interface ReplyGiver {
  readonly kdc: WatchedKdc
  /** No other was asked. */
  readonly askedAlone: boolean
}

/** A KdcTransport over the network. */
export class NetworkKdcTransport implements KdcTransport {
  readonly #settings: KdcTransportSettings
  readonly #locator: KdcLocator | undefined
  readonly #attempt: KdcAttempt
  readonly #proxies: boolean
  readonly #watch: KdcWatch
  readonly #turns: KdcTurns
  readonly #counts = { answered: 0, unreachable: 0, hedges: 0 }
  /** Which KDC gave a reply. */
  readonly #givers = new WeakMap<Uint8Array, ReplyGiver>()
  readonly #unsent = new WeakSet<KerberosError>()

  /**
   * Opens no connection yet.
   *
   * @param options - Where the KDCs are, how they are asked, and limits.
   * @throws RangeError for an address that is none, a realm without KDCs, a limit that is not positive, or neither KDCs
   *   nor a locator.
   */
  constructor(options: NetworkKdcTransportOptions) {
    const settings = resolveKdcTransport(options)
    this.#settings = settings
    this.#locator = options.locator
    this.#attempt = attemptOf(settings, options)
    this.#proxies = options.https !== undefined
    this.#turns = new KdcTurns(settings)
    this.#watch = new KdcWatch(settings, settings.clock, options.logger)
  }

  /**
   * Asks the KDCs of a realm until one answers.
   *
   * @param realm - Whose KDC.
   * @param request - DER of the request.
   * @param signal - Gives up.
   * @returns DER of the reply, whatever it says. KDC_ERR_SVC_UNAVAILABLE only when no other KDC had more to say.
   * @throws KerberosError ERR_KRB_KDC_UNREACHABLE when none answered, ERR_KRB_ABORTED.
   */
  exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#exchange(this.#question(realm, request), [], signal)
  }

  /**
   * The KDCs besides the one that gave a reply.
   *
   * @param reply - The very octets that `exchange` returned.
   * @returns A transport that passes it over; undefined for octets that came from nowhere.
   */
  besides(reply: Uint8Array): KdcTransport | undefined {
    return this.#besides(reply, [])
  }

  /**
   * Counts a reply as a failure of the KDC that gave it: others are asked first from now on.
   *
   * @param reply - The very octets that `exchange` returned.
   * @param why - What was wrong with it, for the log.
   */
  distrust(reply: Uint8Array, why: string): void {
    const giver = this.#givers.get(reply)?.kdc
    if (giver !== undefined) this.#watch.failed(giver, `its reply was not true: ${why}`)
  }

  /**
   * Whether nobody but the KDC that gave a reply can have had the request: no other was asked, and no proxy that may ask others.
   *
   * @param reply - The very octets that `exchange` returned.
   * @returns False also for octets that came from nowhere.
   */
  isAlone(reply: Uint8Array): boolean {
    const giver = this.#givers.get(reply)
    return giver?.askedAlone === true && giver.kdc.address.via === 'direct'
  }

  /**
   * Whether an exchange failed before anything was sent to anybody; told of the service whose requests are sent once.
   *
   * @param error - The very error that `exchange` threw.
   * @returns False where somebody can have had the request.
   */
  isUnsent(error: unknown): boolean {
    return error instanceof KerberosError && this.#unsent.has(error)
  }

  #besides(reply: Uint8Array, passedOver: readonly string[]): KdcTransport | undefined {
    const giver = this.#givers.get(reply)?.kdc
    if (giver === undefined) return undefined
    const names = [...passedOver, giver.name]
    return {
      exchange: (realm, request, signal) =>
        this.#exchange(this.#question(realm, request), names, signal),
      besides: (next) => this.#besides(next, names),
    }
  }

  #question(realm: string, request: Uint8Array): KdcQuestion {
    return { realm, request, once: this.#settings.service.once }
  }

  async #exchange(
    question: KdcQuestion,
    passedOver: readonly string[],
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { clock, totalTimeoutMs } = this.#settings
    // By hand: AbortSignal.any took a good part of the CPU time of an exchange.
    const end = new AbortController()
    const leave = (): void => {
      end.abort(signal?.reason)
    }
    const timer = clock.setTimer(totalTimeoutMs, () => {
      end.abort(new ExchangeTimedOut(totalTimeoutMs))
    })
    if (signal?.aborted === true) leave()
    signal?.addEventListener('abort', leave, { once: true })
    try {
      const reply = await this.#inTurn(question, passedOver, end.signal)
      this.#counts.answered += 1
      return reply
    } catch (error) {
      if (isAborted(signal)) throw aborted(signal)
      if (passedOver.length === 0) this.#counts.unreachable += 1
      throw error
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', leave)
    }
  }

  /** What has been seen of the KDCs so far, for metrics. */
  statistics(): KdcTransportStatistics {
    return { ...this.#counts, waiting: this.#turns.waiting, kdcs: this.#watch.statistics() }
  }

  async #inTurn(
    question: KdcQuestion,
    passedOver: readonly string[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { realm } = question
    const state = { begun: false }
    const ask = (): Promise<Uint8Array> => {
      state.begun = true
      return this.#ask(question, passedOver, signal)
    }
    try {
      const reply = await this.#turns.take(realm, ask, signal)
      if (reply === undefined) throw this.#noTurn(realm, 'too many exchanges wait already')
      return reply
    } catch (error) {
      if (state.begun || !signal.aborted) throw error
      throw this.#noTurn(realm, 'its turn did not come in time')
    }
  }

  async #ask(
    question: KdcQuestion,
    passedOver: readonly string[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { realm } = question
    const all = await this.#addressesOf(realm, signal)
    const addresses = all.filter((address) => !passedOver.includes(formatKdcAddress(address)))
    if (addresses.length === 0) throw this.#unasked(realm, ['there is no other KDC'])
    const order = this.#watch.plan(realm, addresses)
    const asking = new KdcAsking(question, {
      settings: this.#settings,
      watch: this.#watch,
      attempt: this.#attempt,
      answered: (reply, kdc, askedAlone) => this.#givers.set(reply, { kdc, askedAlone }),
      hedged: () => (this.#counts.hedges += 1),
    })
    const reply = await raceKdcs(asking.racers(order), this.#settings, signal)
    if (reply !== undefined) return reply
    if (asking.unavailable !== undefined && !signal.aborted) return asking.unavailable
    const error = this.#unreachable(realm, asking.failures, asking.mend)
    if (this.#settings.service.once && !(await asking.maybeSent())) this.#nothingSent(error)
    throw error
  }

  async #addressesOf(realm: string, signal: AbortSignal): Promise<readonly KdcAddress[]> {
    const listed = this.#settings.kdcs.get(realm)
    if (listed !== undefined) return listed
    if (this.#locator === undefined) throw this.#unasked(realm, ['no KDC is configured'])
    let found: readonly KdcAddress[]
    try {
      found = await abandonable(this.#locator.locate(realm), signal)
    } catch (error) {
      const why = signal.aborted ? 'no answer in time' : errorText(error)
      throw this.#unasked(realm, [`KDCs could not be looked up: ${why}`], ownMend(error))
    }
    if (found.length === 0) throw this.#unasked(realm, ['none is listed or found in the DNS'])
    const usable = found.filter(({ via }) => via === 'direct' || this.#proxies)
    if (usable.length > 0) return usable
    throw this.#unasked(realm, ['all are behind KDC proxies, and the transport has no https'])
  }

  #noTurn(realm: string, why: string): KerberosError {
    const { name } = this.#settings.service
    const message = `an exchange with a ${name} of ${realm} was not begun: ${why}`
    return this.#nothingSent(
      new KerberosError('ERR_KRB_KDC_UNREACHABLE', message, {
        mend: 'Find out why the KDCs are slow: the log names those that are, and so do the transport’s statistics.',
      }),
    )
  }

  #unasked(realm: string, failures: readonly string[], mend?: string): KerberosError {
    return this.#nothingSent(this.#unreachable(realm, failures, mend))
  }

  #nothingSent(error: KerberosError): KerberosError {
    this.#unsent.add(error)
    return error
  }

  #unreachable(
    realm: string,
    failures: readonly string[],
    mend = this.#settings.service.mend,
  ): KerberosError {
    const { name } = this.#settings.service
    const more = failures.length - MOST_FAILURES
    const told = failures.slice(0, MOST_FAILURES).join('; ') + (more > 0 ? `; ${more} more` : '')
    const message = `no ${name} of ${realm} answered: ${told}`
    return new KerberosError('ERR_KRB_KDC_UNREACHABLE', message, { mend })
  }
}

function isAborted(signal: AbortSignal | undefined): signal is AbortSignal {
  return signal?.aborted === true
}

/** Chooses by the kind of the address. */
function attemptOf(
  settings: KdcTransportSettings,
  { https, lookup }: NetworkKdcTransportOptions,
): KdcAttempt {
  const { clock, maxReplyOctets, maxDatagramOctets, timeoutMs, keepMs, maxKept } = settings
  const retransmitAfterMs = settings.udpRetransmitAfterMs
  const kept = new KeptSockets({ clock: systemClock, keepMs, maxKept })
  const direct = directAttempt({
    ...{ clock, maxDatagramOctets, udpPreferenceLimit: settings.udpPreferenceLimit },
    tcp: tcpAttempt({ maxReplyOctets, lookup, kept }),
    udp: udpAttempt({ clock, maxDatagramOctets, retransmitAfterMs, lookup }),
    udpTimeoutMs: timeoutMs / 2,
  })
  return (address, question, signal) => {
    if (address.via === 'direct') return direct(address, question, signal)
    if (https === undefined) throw new TypeError('an address of a KDC proxy without https')
    return https(address, question, signal)
  }
}
