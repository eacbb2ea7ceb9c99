/**
 * Loaded with --import before anything else: node:crypto as it is where OpenSSL runs with its FIPS provider alone. It stands in
 * for that provider on machines that have none: hashes and ciphers that it lacks are refused, and getFips() says 1.
 */

import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const LACKING = /^(?:md4|md5|ripemd|rc4|rc2|des|bf|cast|chacha20|blake2)/i

function guard<F extends (algorithm: string, ...rest: never[]) => unknown>(inner: F): F {
  const guarded = (algorithm: string, ...rest: never[]): unknown => {
    if (LACKING.test(algorithm)) {
      throw new Error('error:0308010C:digital envelope routines::unsupported')
    }
    return inner(algorithm, ...rest)
  }
  return guarded as F
}

Object.assign(crypto, {
  createHash: guard(crypto.createHash),
  createHmac: guard(crypto.createHmac),
  createCipheriv: guard(crypto.createCipheriv),
  createDecipheriv: guard(crypto.createDecipheriv),
  getFips: () => 1,
})
syncBuiltinESMExports()
