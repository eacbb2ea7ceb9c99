/**
 * Drives exchanges over a transport, and lets a caller stop waiting.
 *
 * @module
 */

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
 * Waits for shared work; a caller who gives up leaves it running for the others.
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
