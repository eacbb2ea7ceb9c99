/**
 * MD5 (RFC 1321), of our own: for the two places where Kerberos itself demands it and OpenSSL, in FIPS mode, refuses it.
 *
 * It is broken as a hash and protects nothing here: channel bindings stand inside an authenticator that AES encrypts, and
 * PA-FOR-USER stands beside a request that the authenticator covers. It is used only after {@link allowOwnMd5}; see
 * native-notes/fips.md.
 *
 * @module
 */

import { createHash, createHmac, createSecretKey, getFips } from 'node:crypto'

/** RFC 1321 section 3.4: the integer parts of 2^32 * |sin(i)|. */
const SINES = Uint32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 0x100000000),
)
const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const
const BLOCK_OCTETS = 64

let ownAllowed = false

/**
 * Lets our own MD5 stand in where OpenSSL refuses it, for the whole process, as FIPS mode itself is. An administrator's
 * decision: a carve-out for what is no security function.
 *
 * @param allowed - Whether it may. Not, unless this was called.
 */
export function allowOwnMd5(allowed: boolean): void {
  ownAllowed = allowed
}

/**
 * Whether MD5 is to be had: by OpenSSL, or by our own where that is allowed.
 *
 * @returns True when it is.
 */
export function hasMd5(): boolean {
  return ownAllowed || opensslHasMd5()
}

function opensslHasMd5(): boolean {
  if (getFips() === 1) return false
  try {
    createHash('md5')
    return true
  } catch {
    return false
  }
}

/**
 * The MD5 digest of octets.
 *
 * @param parts - The octets, in pieces.
 * @returns 16 octets.
 * @throws Error of OpenSSL where it refuses MD5 and our own is not allowed.
 */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  if (ownAllowed && !opensslHasMd5()) return ownMd5(Buffer.concat(parts))
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/**
 * HMAC with MD5 (RFC 2104).
 *
 * @param key - Any octets.
 * @param data - What is covered.
 * @returns 16 octets.
 * @throws Error of OpenSSL where it refuses MD5 and our own is not allowed.
 */
export function hmacOfMd5(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (ownAllowed && !opensslHasMd5()) return ownHmacMd5(key, data)
  return createHmac('md5', createSecretKey(key)).update(data).digest()
}

/** RFC 2104, without OpenSSL. */
export function ownHmacMd5(key: Uint8Array, data: Uint8Array): Uint8Array {
  const padded = Buffer.alloc(BLOCK_OCTETS)
  padded.set(key.length > BLOCK_OCTETS ? ownMd5(key) : key)
  const inner = ownMd5(Buffer.concat([padded.map((octet) => octet ^ 0x36), data]))
  return ownMd5(Buffer.concat([padded.map((octet) => octet ^ 0x5c), inner]))
}

/** RFC 1321 section 3, without OpenSSL. */
export function ownMd5(data: Uint8Array): Uint8Array {
  const octets = Math.ceil((data.length + 9) / BLOCK_OCTETS) * BLOCK_OCTETS
  const padded = new Uint8Array(octets)
  padded.set(data)
  padded[data.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(octets - 8, data.length << 3, true)
  view.setUint32(octets - 4, Math.floor(data.length / 0x20000000), true)
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let at = 0; at < octets; at += BLOCK_OCTETS) addBlock(state, view, at)
  const digest = new Uint8Array(16)
  const out = new DataView(digest.buffer)
  state.forEach((word, i) => {
    out.setUint32(i * 4, word, true)
  })
  return digest
}

function addBlock(state: Uint32Array, block: DataView, at: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state
  for (let step = 0; step < 64; step++) {
    const round = step >> 4
    const [mixed, word] = mix(round, step, [b, c, d])
    const sum = (a + mixed + (SINES[step] ?? 0) + block.getUint32(at + word * 4, true)) | 0
    const shift = SHIFTS[round]?.[step & 3] ?? 0
    ;[a, d, c] = [d, c, b]
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
  }
  for (const [i, word] of [a, b, c, d].entries()) state[i] = ((state[i] ?? 0) + word) >>> 0
}

/** The round's function, and which word of the block goes with the step. */
function mix(
  round: number,
  step: number,
  [b, c, d]: readonly [number, number, number],
): readonly [number, number] {
  if (round === 0) return [(b & c) | (~b & d), step]
  if (round === 1) return [(d & b) | (~d & c), (5 * step + 1) & 15]
  if (round === 2) return [b ^ c ^ d, (3 * step + 5) & 15]
  return [c ^ (b | ~d), (7 * step) & 15]
}
