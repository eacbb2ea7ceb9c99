/**
 * A service's refusal of our token: the KRB-ERROR in its reply (RFC 4120 section 3.2.3; token id 03 00 of RFC 4121 section
 * 4.1), bare, framed or inside a NegTokenResp. What each means is in ap-refusal-catalogue.ts.
 *
 * @module
 */

import { applicationTag, Asn1Error } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'
import { krbErrorName, KrbErrorCode } from '../iana/index.ts'
import { decodeKrbError, formatPrincipal, isKrbError, type KrbError } from '../messages/index.ts'
import { apRefusalMeaning } from './ap-refusal-catalogue.ts'
import { TokenId, unwrapMechanismToken } from './mechanism-token.ts'
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

/** The KRB-ERROR in a mechanism's token: framed, or bare as some acceptors send it. */
function krbErrorIn(token: Uint8Array): Uint8Array | undefined {
  if (isKrbError(token)) return token
  if (token[0] !== applicationTag(0)) return undefined
  const { tokenId, message } = unwrapMechanismToken(token)
  return tokenId === TokenId.KRB_ERROR ? message : undefined
}

/**
 * Reads a refusal out of a mechanism's token.
 *
 * @param token - A Kerberos message, framed or bare.
 * @returns The refusal; undefined where the token is something else.
 * @throws KerberosError ERR_KRB_DECODE, ERR_KRB_GSS or Asn1Error for anything malformed.
 */
export function refusalInToken(token: Uint8Array): ApRefusedError | undefined {
  const message = krbErrorIn(token)
  return message === undefined ? undefined : new ApRefusedError(decodeKrbError(message))
}

/**
 * Finds out why a service refused a token, from what stands behind `Negotiate` in its 401.
 *
 * @param reply - NegTokenResp, framed or bare KRB-ERROR; empty where the service said nothing.
 * @returns The refusal; undefined where the reply holds none, or is malformed: it may come from anyone.
 */
export function readApRefusal(reply: Uint8Array): ApRefusedError | undefined {
  try {
    if (reply[0] !== NEG_TOKEN_RESP_TAG) return refusalInToken(reply)
    const { responseToken } = decodeNegTokenResp(reply)
    return responseToken === undefined ? undefined : refusalInToken(responseToken)
  } catch (error) {
    if (error instanceof KerberosError || error instanceof Asn1Error) return undefined
    throw error
  }
}
