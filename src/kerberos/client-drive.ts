/**
 * Drives exchanges over a transport, and lets a caller stop waiting.
 *
 * @module
 */

import { errorText } from '../platform/index.ts'
import { isUntrue } from './client-elsewhere.ts'
import type { KdcTransport } from './client-options.ts'
import { KerberosError } from './errors.ts'
import type { Exchange } from './exchange/index.ts'

/**
 * Runs an exchange to its end.
 *
 * @param exchange - Yields requests, is resumed with replies.
 * @param transport - Carries them.
 * @param signal - Gives up.
 * @returns The exchange's result.
 * @throws KerberosError as exchange and transport do.
 */
export async function drive<T>(
  exchange: Exchange<T>,
  transport: KdcTransport,
  signal?: AbortSignal,
): Promise<T> {
  let step = exchange.next()
  while (step.done !== true) {
    if (signal?.aborted === true) throw aborted(signal)
    const { realm, octets } = step.value
    step = exchange.next(await transport.exchange(realm, octets, signal))
  }
  return step.value
}

/** Where an exchange runs, and when it is worth repeating at another KDC. */
export interface Elsewhere {
  /** Carries requests; where it has no `besides` nothing is repeated. */
  readonly transport: KdcTransport
  /** Whether KDCs that were not asked yet may see it differently; told how many others were asked. */
  readonly worthTrying: (error: unknown, repeats: number) => boolean
}

/**
 * Runs an exchange to its end; where it fails for a reason that another KDC may not share, at the others as well.
 *
 * @param start - Makes the exchange.
 * @param elsewhere - Where, and for which errors.
 * @param signal - Gives up.
 * @returns The exchange's result. Whoever gave an untrue reply when another gave a true one is told of to the transport.
 * @throws KerberosError of the first attempt, whatever became of the others; ERR_KRB_ABORTED.
 */
export async function driveElsewhere<T>(
  start: () => Exchange<T>,
  { transport, worthTrying }: Elsewhere,
  signal?: AbortSignal,
): Promise<T> {
  const failures: { readonly error: unknown; readonly reply: Uint8Array | undefined }[] = []
  let at = transport
  for (;;) {
    const heard = new LastReply(at)
    try {
      const result = await drive(start(), heard, signal)
      for (const { error, reply } of failures) {
        if (reply !== undefined && isUntrue(error)) transport.distrust?.(reply, errorText(error))
      }
      return result
    } catch (error) {
      if (signal?.aborted === true) throw error
      failures.push({ error, reply: heard.last })
      const others = worthTrying(error, failures.length - 1) ? heard.others() : undefined
      if (others === undefined) throw failures[0]?.error
      at = others
    }
  }
}

/** Remembers what came last. */
class LastReply implements KdcTransport {
  readonly #transport: KdcTransport
  /** The reply. */
  last: Uint8Array | undefined

  constructor(transport: KdcTransport) {
    this.#transport = transport
  }

  async exchange(...asked: Parameters<KdcTransport['exchange']>): Promise<Uint8Array> {
    this.last = await this.#transport.exchange(...asked)
    return this.last
  }

  /** The KDCs besides the one that gave it. */
  others(): KdcTransport | undefined {
    return this.last && this.#transport.besides?.(this.last)
  }
}

/**
 * The error for a caller that gave up.
 *
 * @param signal - The signal that fired.
 * @returns The error, with the signal's reason as its cause.
 */
export function aborted(signal: AbortSignal): KerberosError {
  return new KerberosError('ERR_KRB_ABORTED', 'the Kerberos exchange was given up', {
    cause: signal.reason,
  })
}

/**
 * Waits for work that is not the caller’s alone; who gives up leaves it running.
 *
 * @param work - The shared work.
 * @param signal - This caller's signal.
 * @returns What the work returns.
 * @throws KerberosError ERR_KRB_ABORTED when the signal fires first.
 */
export async function abandonable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work
  if (signal.aborted) throw aborted(signal)
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = (): void => {
    reject(aborted(signal))
  }
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
