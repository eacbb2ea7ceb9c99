/**
 * Asks a KDC itself, over TCP or UDP.
 *
 * TCP alone unless the settings say otherwise: S4U and PACs make replies that no datagram holds, and a reply over TCP cannot be
 * forged by somebody who sees nothing. Where UDP is allowed:
 *
 * - a request of at most `udpPreferenceLimit` octets goes over UDP first. When the KDC says that the reply does not fit
 *   (KRB_ERR_RESPONSE_TOO_BIG), when what comes is cut off or no reply at all, or nothing comes, TCP follows (RFC 4120 section 7.2.1);
 * - a larger one goes over TCP first, and over UDP when the KDC refuses TCP.
 *
 * Where UDP got no answer, TCP comes first for a minute.
 *
 * @module
 */

import { errorCode, errorText, type Clock } from '../../platform/index.ts'
import { formatHostPort, type DirectKdcAddress } from './kdc-address.ts'
import type { KdcAttempt, KdcQuestion } from './kdc-attempt.ts'
import { isTooBig, judgeReply } from './kdc-reply.ts'

/** How KDCs are asked. */
export interface DirectAttemptOptions {
  readonly clock: Clock
  readonly tcp: KdcAttempt<DirectKdcAddress>
  readonly udp: KdcAttempt<DirectKdcAddress>
  /** Requests up to so many octets go over UDP first. 0: UDP is never used. */
  readonly udpPreferenceLimit: number
  /** Larger requests are never sent over UDP, octets. */
  readonly maxDatagramOctets: number
  /** How long UDP is given before TCP follows, milliseconds. */
  readonly udpTimeoutMs: number
}

const UDP_AVOIDED_MS = 60_000
const MAX_AVOIDED = 256

/**
 * Asks over TCP or UDP.
 *
 * @param options - Which of them when.
 * @returns The attempt.
 */
export function directAttempt(options: DirectAttemptOptions): KdcAttempt<DirectKdcAddress> {
  if (options.udpPreferenceLimit === 0) return options.tcp
  const either = new EitherWay(options)
  return (address, question, signal) => either.ask(address, question, signal)
}

class EitherWay {
  readonly #options: DirectAttemptOptions
  /** KDCs that did not answer over UDP, and until when TCP comes first; the oldest first. */
  readonly #avoided = new Map<string, number>()

  constructor(options: DirectAttemptOptions) {
    this.#options = options
  }

  async ask(
    address: DirectKdcAddress,
    question: KdcQuestion,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { tcp, udp, udpPreferenceLimit, maxDatagramOctets } = this.#options
    const { length } = question.request
    if (length <= Math.min(udpPreferenceLimit, maxDatagramOctets) && !this.#isAvoided(address)) {
      return (await this.#overUdp(address, question, signal)) ?? tcp(address, question, signal)
    }
    try {
      return await tcp(address, question, signal)
    } catch (error) {
      if (length > maxDatagramOctets || !isRefusal(error)) throw error
      return await udp(address, question, signal).catch((fault: unknown) => {
        throw new Error(`${errorText(error)}; over UDP: ${errorText(fault)}`, { cause: fault })
      })
    }
  }

  /** Undefined: TCP is to follow. */
  async #overUdp(
    address: DirectKdcAddress,
    question: KdcQuestion,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const { clock, udp, udpTimeoutMs } = this.#options
    const controller = new AbortController()
    const timer = clock.setTimer(udpTimeoutMs, () => {
      controller.abort()
    })
    try {
      const reply = await udp(address, question, AbortSignal.any([signal, controller.signal]))
      const cutOff = judgeReply(question.request, reply).kind === 'unfit'
      return cutOff || isTooBig(reply) ? undefined : reply
    } catch (error) {
      if (signal.aborted) throw error
      this.#avoid(address)
      return undefined
    } finally {
      timer.cancel()
    }
  }

  #isAvoided(address: DirectKdcAddress): boolean {
    const untilMs = this.#avoided.get(formatHostPort(address))
    return untilMs !== undefined && untilMs > this.#options.clock.monotonicMs()
  }

  #avoid(address: DirectKdcAddress): void {
    const name = formatHostPort(address)
    this.#avoided.delete(name)
    this.#avoided.set(name, this.#options.clock.monotonicMs() + UDP_AVOIDED_MS)
    const [oldest] = this.#avoided.keys()
    if (oldest !== undefined && this.#avoided.size > MAX_AVOIDED) this.#avoided.delete(oldest)
  }
}

/** Nobody listens at the TCP port, or a firewall says so. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const faults = cause instanceof AggregateError ? cause.errors : [cause]
  return faults.some((fault) => ['ECONNREFUSED', 'ECONNRESET'].includes(errorCode(fault)))
}
