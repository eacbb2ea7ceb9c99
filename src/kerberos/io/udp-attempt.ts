/**
 * One request to one KDC over UDP (RFC 4120 section 7.2.1): a datagram is a message, without a length before it. Of a name with
 * several addresses the next one is asked where there is no way to one (a host that has IPv6 alone), and as well where one is silent.
 *
 * @module
 */

import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { errorText, type Timer } from '../../platform/index.ts'
import type { DirectKdcAddress, HostPort } from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import { socketFault } from './socket-fault.ts'
import {
  UdpConversation,
  type UdpConversationOptions,
  type UdpOutcome,
} from './udp-conversation.ts'

/** Of one name. */
const MOST_ADDRESSES = 8

/** How KDCs are asked over UDP. */
export interface UdpAttemptOptions extends UdpConversationOptions {
  /** Looks names up; the system's resolver where undefined. */
  readonly lookup: LookupFunction | undefined
}

/**
 * Asks over UDP, one socket a request and address, so that each has a port that others cannot guess.
 *
 * @param options - Limits.
 * @returns The attempt.
 */
export function udpAttempt(options: UdpAttemptOptions): KdcAttempt<DirectKdcAddress> {
  return async (kdc, { request }, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const giveUp = (): void => {
      const stage = asking === undefined ? 'its name was not resolved: ' : ''
      reject(new Error(`${stage}${errorText(signal.reason)}`, { cause: signal.reason }))
    }
    let asking: Asking | undefined
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    try {
      const found = await Promise.race([addressesOf(kdc, options.lookup), promise])
      if (found instanceof Uint8Array) return found
      asking = new Asking(found, { options, request, port: kdc.port }, { resolve, reject })
      asking.next()
      return await promise
    } catch (error) {
      throw new Error(socketFault(error), { cause: error })
    } finally {
      signal.removeEventListener('abort', giveUp)
      asking?.end()
    }
  }
}

interface Letter {
  readonly options: UdpAttemptOptions
  readonly request: Uint8Array
  readonly port: number
}

/** Asks one address after the other until one answers. */
class Asking {
  readonly #left: LookupAddress[]
  readonly #letter: Letter
  readonly #outcome: UdpOutcome
  readonly #open = new Set<UdpConversation>()
  readonly #faults: Error[] = []
  #timer: Timer | undefined

  constructor(addresses: readonly LookupAddress[], letter: Letter, outcome: UdpOutcome) {
    this.#left = [...addresses]
    this.#letter = letter
    this.#outcome = outcome
  }

  /** Asks the next address, and the one behind it if this one is silent. */
  next(): void {
    this.#timer?.cancel()
    const found = this.#left.shift()
    if (found === undefined) {
      if (this.#open.size === 0) this.#outcome.reject(faultOf(this.#faults))
      return
    }
    const { options, request, port } = this.#letter
    const conversation = new UdpConversation(options, request, {
      resolve: this.#outcome.resolve,
      reject: (error) => {
        this.#failed(conversation, error)
      },
    })
    this.#open.add(conversation)
    conversation.begin(found.family, { host: found.address, port })
    if (this.#left.length === 0) return
    this.#timer = options.clock.setTimer(options.retransmitAfterMs, () => {
      this.next()
    })
  }

  end(): void {
    this.#timer?.cancel()
    for (const conversation of this.#open) conversation.end()
    this.#open.clear()
  }

  #failed(conversation: UdpConversation, error: Error): void {
    if (!this.#open.delete(conversation)) return
    conversation.end()
    this.#faults.push(error)
    this.next()
  }
}

function faultOf(faults: readonly Error[]): Error {
  const [first = new Error('no address was asked')] = faults
  return faults.length > 1 ? new AggregateError(faults) : first
}

/** The addresses of a name. */
async function addressesOf(
  { host }: HostPort,
  lookup: LookupFunction | undefined,
): Promise<readonly LookupAddress[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>()
  const ask = lookup ?? systemLookup
  ask(host, { all: true }, (error, addresses) => {
    const found = typeof addresses === 'string' ? [] : addresses
    if (error !== null) reject(error)
    else if (found.length === 0) reject(new Error(`${host} has no address`))
    else resolve(found.slice(0, MOST_ADDRESSES))
  })
  return promise
}
