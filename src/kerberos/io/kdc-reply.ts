/**
 * Whether a reply is one that a KDC would give: only then is it handed on, else another KDC is asked.
 *
 * Form alone is looked at. Whether a well-formed reply tells the truth only the exchange can know, which holds the keys.
 *
 * @module
 */

import { errorText } from '../../platform/index.ts'
import { KrbErrorCode, MessageType } from '../iana/index.ts'
import { decodeKdcRep, decodeKrbError, isKrbError, type KdcRepType } from '../messages/index.ts'

/** What a reply is worth. */
export type ReplyVerdict =
  | { readonly kind: 'good' }
  /** KDC_ERR_SVC_UNAVAILABLE: this KDC cannot, another may. */
  | { readonly kind: 'unavailable' }
  /** Not what a KDC answers to this request. */
  | { readonly kind: 'unfit'; readonly why: string }

const APPLICATION = 0x60
const GOOD: ReplyVerdict = { kind: 'good' }

/** The reply that belongs to a request: RFC 4120 section 5.10 gives a reply the number after its request's. */
function replyTypeOf(request: Uint8Array): KdcRepType | undefined {
  if (request[0] === (APPLICATION | MessageType.AS_REQ)) return MessageType.AS_REP
  if (request[0] === (APPLICATION | MessageType.TGS_REQ)) return MessageType.TGS_REP
  return undefined
}

/**
 * Judges a reply.
 *
 * @param request - DER of an AS-REQ or TGS-REQ; any reply is good to anything else.
 * @param reply - What came.
 * @returns The verdict.
 */
export function judgeReply(request: Uint8Array, reply: Uint8Array): ReplyVerdict {
  const expected = replyTypeOf(request)
  try {
    if (isKrbError(reply)) {
      const { errorCode } = decodeKrbError(reply)
      return errorCode === KrbErrorCode.KDC_ERR_SVC_UNAVAILABLE ? { kind: 'unavailable' } : GOOD
    }
    if (expected !== undefined) decodeKdcRep(reply, expected)
    return GOOD
  } catch (error) {
    return { kind: 'unfit', why: `its answer is no KDC’s: ${errorText(error)}` }
  }
}

/**
 * Whether a KDC says that its reply does not fit a datagram (RFC 4120 section 7.2.1, KRB_ERR_RESPONSE_TOO_BIG).
 *
 * @param reply - DER of a reply.
 * @returns True for that error alone.
 */
export function isTooBig(reply: Uint8Array): boolean {
  if (!isKrbError(reply)) return false
  try {
    return decodeKrbError(reply).errorCode === KrbErrorCode.KRB_ERR_RESPONSE_TOO_BIG
  } catch {
    return false
  }
}
