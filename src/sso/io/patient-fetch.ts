/**
 * Fetches key sets, but not again and again where that fails: whoever sends tokens with unknown keys must not make us besiege a
 * provider that is down already.
 *
 * @module
 */

import type { FetchImplementation } from 'jose'

/**
 * Makes a fetch patient.
 *
 * @param fetch - Asks the provider; no redirect may be followed.
 * @param retryMs - Least wait after a failure, milliseconds; the failure is answered with until then.
 * @returns For jose's `customFetch`; any answer but a JSON text with status 200 is a failure.
 */
export function patientFetch(fetch: FetchImplementation, retryMs: number): FetchImplementation {
  let failure: { readonly error: unknown; readonly untilMs: number } | undefined
  return async (url, options) => {
    if (failure !== undefined && performance.now() < failure.untilMs) throw failure.error
    try {
      const response = await fetch(url, options)
      const text = await response.text()
      if (response.status !== 200) throw new Error(`HTTP status ${response.status}`)
      JSON.parse(text)
      failure = undefined
      return new Response(text, { status: 200 })
    } catch (error) {
      failure = { error, untilMs: performance.now() + retryMs }
      throw error
    }
  }
}
