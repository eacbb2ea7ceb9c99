/**
 * How a KDC says that a password becomes a key, within bounds (RFC 3962 sections 4 and 8, RFC 8009 section 4).
 *
 * ETYPE-INFO2 is not protected. A high number of iterations would hold us up; a low one would have us send a proof by which
 * who listens guesses the password fast. Keys out of a keytab are made already: none of this is for them.
 *
 * @module
 */

import { etypeName } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { formatPrincipal, type EtypeInfo2Entry } from '../messages/index.ts'
import type { KeyOwner } from './own-secrets.ts'
import type { StringToKeyLimits } from './types.ts'

/** Fewer than the oldest type's default nobody wants; this many take about a tenth of a second. */
export const STRING_TO_KEY_LIMITS: StringToKeyLimits = {
  minIterations: 4096,
  maxIterations: 100_000,
  maxSaltOctets: 1024,
}

/** RFC 3962 section 4, RFC 8009 section 4: a count of 0 means 2^32. */
const ITERATIONS_FOR_ZERO = 0x1_0000_0000

/**
 * The iterations that s2kparams names: four octets, big-endian. RFC 3962 section 4, RFC 8009 section 4.
 *
 * @param s2kparams - Out of ETYPE-INFO2.
 * @returns The number; undefined where the type's default counts.
 * @throws KerberosError ERR_KRB_DECODE for another length.
 */
export function iterationsOf(s2kparams: Uint8Array | undefined): number | undefined {
  if (s2kparams === undefined) return undefined
  if (s2kparams.length !== 4) {
    throw new KerberosError('ERR_KRB_DECODE', 'ETYPE-INFO2.s2kparams: 4 octets wanted')
  }
  const { buffer, byteOffset } = s2kparams
  return new DataView(buffer, byteOffset).getUint32(0) || ITERATIONS_FOR_ZERO
}

/**
 * Refuses to make a key by a recipe outside the bounds.
 *
 * @param owner - Whose password.
 * @param recipe - What the KDC says of the type.
 * @param limits - The bounds.
 * @throws KerberosError ERR_KRB_ETYPE, ERR_KRB_DECODE.
 */
export function checkWork(
  { principal, realm }: KeyOwner,
  { etype, salt = '', s2kparams }: EtypeInfo2Entry,
  limits: StringToKeyLimits,
): void {
  const what = `the KDC wants the key of ${formatPrincipal(principal, realm)} of ${etypeName(etype)} made`
  const iterations = iterationsOf(s2kparams)
  const { minIterations, maxIterations, maxSaltOctets } = limits
  if (iterations !== undefined && (iterations < minIterations || iterations > maxIterations)) {
    const bound = `${minIterations} to ${maxIterations}`
    throw outside(
      `${what} with ${iterations} iterations, allowed are ${bound}`,
      'minStringToKeyIterations and maxStringToKeyIterations',
    )
  }
  const saltOctets = Buffer.byteLength(salt)
  if (saltOctets <= maxSaltOctets) return
  throw outside(
    `${what} with a salt of ${saltOctets} octets, allowed are ${maxSaltOctets}`,
    'maxSaltOctets',
  )
}

function outside(what: string, settings: string): KerberosError {
  return new KerberosError('ERR_KRB_ETYPE', what, {
    mend: `Where the realm really wants that, set ${settings}; otherwise someone on the way to the KDC changes messages. A keytab needs no such work.`,
  })
}
