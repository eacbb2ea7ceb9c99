/**
 * A service's refusal of our token: the KRB-ERROR in its reply (RFC 4120 section 3.2.3; token id 03 00 of RFC 4121 section
 * 4.1), bare, framed or inside a NegTokenResp. What each means is in ap-refusal-catalogue.ts.
 *
 * @module
 */

import { Asn1Error } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'
import { krbErrorName, KrbErrorCode } from '../iana/index.ts'
import { decodeKrbError, formatPrincipal, isKrbError, type KrbError } from '../messages/index.ts'
import { apRefusalMeaning } from './ap-refusal-catalogue.ts'
import { readAnswer, TokenId, type AnsweredMessage } from './mechanism-token.ts'
import { decodeNegTokenResp, NEG_TOKEN_RESP_TAG } from './spnego.ts'

/**
 * A service refused our token with a KRB-ERROR. Nothing protects a KRB-ERROR: it explains a refusal, it proves nothing.
 */
export class ApRefusedError extends KerberosError {
  /** RFC 4120 section 7.5.9 error number. */
  readonly krbErrorCode: number
  /** The service principal it names, with its realm. */
  readonly server: string
  /** The service's clock, milliseconds since the epoch. */
  readonly serverTimeMs: number
  /** By how much that clock was ahead of the time in our token, as the service repeats it; milliseconds. */
  readonly aheadMs: number | undefined
  /** What the refusal means, in a sentence. */
  readonly means: string

  constructor(refusal: KrbError) {
    const { errorCode, eText, realm, sname, stimeMs, ctimeMs } = refusal
    const aheadMs = ctimeMs === undefined ? undefined : stimeMs - ctimeMs
    const { means, mend } = apRefusalMeaning(errorCode)
    const server = shown(formatPrincipal(sname, realm))
    const name = `${krbErrorName(errorCode)} (${errorCode})`
    const text = eText === undefined || eText === '' ? '' : ` “${eText}”`
    const clock = errorCode === KrbErrorCode.KRB_AP_ERR_SKEW ? clockText(stimeMs, aheadMs) : ''
    super('ERR_KRB_AP_REFUSED', `${server} answered ${name}${text}: ${means}${clock}`, { mend })
    this.krbErrorCode = errorCode
    this.server = server
    this.serverTimeMs = stimeMs
    this.aheadMs = aheadMs
    this.means = means
  }
}

/** Longest name that is kept, UTF-16 units: it comes from anyone, and goes into log lines. */
const MAX_NAME = 256

function shown(name: string): string {
  return name.replace(/\p{C}/gu, '').slice(0, MAX_NAME)
}

function clockText(stimeMs: number, aheadMs: number | undefined): string {
  const at = `; its clock says ${new Date(stimeMs).toISOString()}`
  if (aheadMs === undefined) return at
  return `${at}, ${Math.abs(aheadMs) / 1000} s ${aheadMs < 0 ? 'behind' : 'ahead of'} our token`
}

/**
 * Reads a refusal.
 *
 * @param answer - What an acceptor answered.
 * @returns The refusal; undefined where the message is no KRB-ERROR.
 * @throws KerberosError ERR_KRB_DECODE for anything malformed.
 */
export function refusalIn({ tokenId, message }: AnsweredMessage): ApRefusedError | undefined {
  const isError = tokenId === undefined ? isKrbError(message) : tokenId === TokenId.KRB_ERROR
  return isError ? new ApRefusedError(decodeKrbError(message)) : undefined
}

/**
 * Finds out why a service refused a token, from what stands behind `Negotiate` in its 401.
 *
 * @param reply - NegTokenResp, framed or bare KRB-ERROR; empty where the service said nothing.
 * @returns The refusal; undefined where the reply holds none, or is malformed: it may come from anyone.
 */
export function readApRefusal(reply: Uint8Array): ApRefusedError | undefined {
  try {
    if (reply[0] !== NEG_TOKEN_RESP_TAG) return refusalIn(readAnswer(reply))
    const { responseToken } = decodeNegTokenResp(reply)
    return responseToken === undefined ? undefined : refusalIn(readAnswer(responseToken))
  } catch (error) {
    if (error instanceof KerberosError || error instanceof Asn1Error) return undefined
    throw error
  }
}
