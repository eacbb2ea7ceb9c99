/**
 * The messages that change a password (RFC 3244 section 2): a frame around an AP-REQ and a KRB-PRIV, and one around the answer.
 *
 *     request: uint16 length of all, uint16 version (0x0001 change, 0xff80 set), uint16 length of the AP-REQ, AP-REQ, KRB-PRIV
 *     reply:   uint16 length of all, uint16 version (0x0001), uint16 length of the AP-REP, AP-REP, KRB-PRIV;
 *              where the length of the AP-REP is 0: KRB-ERROR
 *     result:  uint16 code, then text (user-data of the reply's KRB-PRIV, e-data of a KRB-ERROR)
 *
 * All numbers are big-endian.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** Result codes of RFC 3244 section 2. */
export const ChangePasswordResult = {
  SUCCESS: 0,
  MALFORMED: 1,
  HARDERROR: 2,
  AUTHERROR: 3,
  SOFTERROR: 4,
  ACCESSDENIED: 5,
  BAD_VERSION: 6,
  INITIAL_FLAG_NEEDED: 7,
} as const

/** A request in which the new password is the KRB-PRIV's user-data and the ticket's client the one who gets it. */
const CHANGE = 0x0001
const HEAD_OCTETS = 6
const MAX_TEXT = 512
/** Four octets a character, and some that are blotted out. */
const MAX_TEXT_OCTETS = 4096

/** What a request is made of. */
export interface ChangePasswordRequest {
  /** DER of the AP-REQ. */
  readonly apReq: Uint8Array
  /** DER of the KRB-PRIV. */
  readonly krbPriv: Uint8Array
}

/** What came back. */
export type ChangePasswordReply =
  | {
      /** DER of the AP-REP. */
      readonly apRep: Uint8Array
      /** DER of the KRB-PRIV. */
      readonly krbPriv: Uint8Array
    }
  | {
      /** DER of the KRB-ERROR: nobody proved that it is the server's. */
      readonly krbError: Uint8Array
    }

/** What the server says to a request. */
export interface ChangePasswordAnswer {
  /** One of ChangePasswordResult, or unknown. */
  readonly code: number
  /** The server's words, or what a policy says; cut at 512 characters. */
  readonly text: string
}

function malformed(what: string): KerberosError {
  return new KerberosError('ERR_KRB_DECODE', `the password server’s message: ${what}`)
}

/**
 * Encodes a request.
 *
 * @param request - Its parts.
 * @returns The octets.
 * @throws RangeError when it does not fit 65535 octets.
 */
export function encodeChangePasswordRequest({ apReq, krbPriv }: ChangePasswordRequest): Uint8Array {
  const head = Buffer.alloc(HEAD_OCTETS)
  head.writeUInt16BE(HEAD_OCTETS + apReq.length + krbPriv.length, 0)
  head.writeUInt16BE(CHANGE, 2)
  head.writeUInt16BE(apReq.length, 4)
  return Buffer.concat([head, apReq, krbPriv])
}

/**
 * Decodes a request; what a server does.
 *
 * @param octets - The whole message.
 * @returns Its parts, views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeChangePasswordRequest(octets: Uint8Array): ChangePasswordRequest {
  const { first, rest } = readFrame(octets)
  if (first.length === 0 || rest.length === 0) throw malformed('a part is missing')
  return { apReq: first, krbPriv: rest }
}

/**
 * Encodes a reply; what a server does.
 *
 * @param reply - Its parts.
 * @returns The octets.
 */
export function encodeChangePasswordReply(reply: ChangePasswordReply): Uint8Array {
  if ('apRep' in reply) {
    return encodeChangePasswordRequest({ apReq: reply.apRep, krbPriv: reply.krbPriv })
  }
  return encodeChangePasswordRequest({ apReq: new Uint8Array(0), krbPriv: reply.krbError })
}

/**
 * Decodes a reply.
 *
 * @param octets - The whole message.
 * @returns Its parts, views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeChangePasswordReply(octets: Uint8Array): ChangePasswordReply {
  const { first, rest } = readFrame(octets)
  if (rest.length === 0) throw malformed('a part is missing')
  return first.length === 0 ? { krbError: rest } : { apRep: first, krbPriv: rest }
}

function readFrame(octets: Uint8Array): { readonly first: Uint8Array; readonly rest: Uint8Array } {
  const frame = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  if (frame.length < HEAD_OCTETS) throw malformed(`${frame.length} octets`)
  const length = frame.readUInt16BE(0)
  if (length !== frame.length) throw malformed(`says ${length} octets, has ${frame.length}`)
  const version = frame.readUInt16BE(2)
  if (version !== CHANGE) throw malformed(`version 0x${version.toString(16)}`)
  const end = HEAD_OCTETS + frame.readUInt16BE(4)
  if (end > frame.length) throw malformed('its first part is longer than all of it')
  return { first: octets.subarray(HEAD_OCTETS, end), rest: octets.subarray(end) }
}

/**
 * Encodes an answer; what a server does.
 *
 * @param answer - Code and text.
 * @returns The octets.
 */
export function encodeChangePasswordAnswer({ code, text }: ChangePasswordAnswer): Uint8Array {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, Buffer.from(text)])
}

/**
 * Decodes an answer.
 *
 * @param octets - User-data of the KRB-PRIV, or e-data of the KRB-ERROR.
 * @returns Code and text.
 * @throws KerberosError ERR_KRB_DECODE without a code.
 */
export function decodeChangePasswordAnswer(octets: Uint8Array): ChangePasswordAnswer {
  const answer = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  if (answer.length < 2) throw malformed('no result code')
  const code = answer.readUInt16BE(0)
  return { code, text: policyText(answer.subarray(2)) ?? readableText(answer.subarray(2)) }
}

/** Control characters would write lines of their own into a log. */
function readableText(text: Buffer): string {
  return text
    .toString('utf8', 0, MAX_TEXT_OCTETS)
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT)
}

const POLICY_OCTETS = 30
const COMPLEXITY = 1
const TICKS_PER_DAY = 864_000_000_000n

/**
 * What Active Directory sends in place of a text when its password policy refuses: two octets 0, then least length, length
 * of the history, properties (32 bits each), greatest and least age (64 bits, 100 ns).
 */
function policyText(policy: Buffer): string | undefined {
  if (policy.length !== POLICY_OCTETS || policy.readUInt16BE(0) !== 0) return undefined
  const leastAge = policy.readBigUInt64BE(22) / TICKS_PER_DAY
  const complex = (policy.readUInt32BE(10) & COMPLEXITY) !== 0 ? ', complex' : ''
  return (
    `the domain’s policy wants at least ${policy.readUInt32BE(2)} characters${complex}, ` +
    `none of the last ${policy.readUInt32BE(6)} passwords, ${leastAge} days between two changes`
  )
}
