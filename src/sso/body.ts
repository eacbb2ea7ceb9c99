/**
 * Collects a request body of known, small length, so that it can be sent in one piece and, after a 401, once more.
 *
 * @module
 */

import { SsoError } from './errors.ts'
import type { BodySource } from './body-source.ts'

/** Told of a body that was collected. */
export interface CollectedBody {
  onBody(octets: Uint8Array): void
  onError(error: SsoError): void
}

/**
 * Collects a body.
 *
 * @param source - Where it comes from; it is started here.
 * @param length - How many octets it must have.
 * @param done - Told once: the body, or ERR_BACKEND_ABORTED when the client went away or sent another length.
 */
export function collectBody(source: BodySource, length: number, done: CollectedBody): void {
  const octets = new Uint8Array(length)
  let filled = 0
  let over = false
  const finish = (error?: SsoError): void => {
    if (over) return
    over = true
    if (error === undefined) done.onBody(octets)
    else done.onError(error)
  }
  source.start({
    onData(chunk) {
      if (over) return true
      if (filled + chunk.length > length) {
        source.cancel()
        finish(wrongLength(length))
        return true
      }
      octets.set(chunk, filled)
      filled += chunk.length
      return true
    },
    onEnd() {
      finish(filled === length ? undefined : wrongLength(length))
    },
    onError(cause) {
      finish(
        new SsoError('ERR_BACKEND_ABORTED', 'the client went away within its request', { cause }),
      )
    },
  })
}

function wrongLength(length: number): SsoError {
  return new SsoError('ERR_BACKEND_ABORTED', `the request body is not the ${length} octets it said`)
}
