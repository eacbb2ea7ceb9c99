/**
 * Refusing a token: one error for the service, one KRB-ERROR for the client (RFC 4120 section 3.2.3).
 *
 * @module
 */

import { Asn1Error } from '../../asn1/index.ts'
import { KerberosError, type KerberosErrorCode } from '../errors.ts'
import { KrbErrorCode } from '../iana/index.ts'

/** A check that failed, with what the client is told. */
export class Refusal extends KerberosError {
  /** RFC 4120 section 7.5.9. */
  readonly krbErrorCode: number

  constructor(
    code: KerberosErrorCode,
    message: string,
    options: { readonly krb: number; readonly mend?: string; readonly cause?: unknown },
  ) {
    const { krb, ...rest } = options
    super(code, message, rest)
    this.krbErrorCode = krb
  }
}

/** A token was not accepted. The cause is the check that failed. */
export class AcceptError extends KerberosError {
  /** What the client is told, RFC 4120 section 7.5.9. */
  readonly krbErrorCode: number
  /** What goes back to the client; undefined where what it sent was no token at all. */
  readonly replyToken: Uint8Array | undefined

  constructor(refusal: Refusal, replyToken: Uint8Array | undefined) {
    const { mend, cause = refusal } = refusal
    super(refusal.code, refusal.message, { mend, cause })
    this.krbErrorCode = refusal.krbErrorCode
    this.replyToken = replyToken
  }
}

const KRB_CODES: ReadonlyMap<KerberosErrorCode, number> = new Map<KerberosErrorCode, number>([
  ['ERR_KRB_INTEGRITY', KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY],
  ['ERR_KRB_ETYPE', KrbErrorCode.KDC_ERR_ETYPE_NOSUPP],
  ['ERR_KRB_DECODE', KrbErrorCode.KRB_AP_ERR_MSG_TYPE],
  ['ERR_KRB_GSS', KrbErrorCode.KRB_AP_ERR_MSG_TYPE],
])

/**
 * Any error of what a peer sent as a refusal.
 *
 * @param error - What was thrown.
 * @returns The refusal; undefined for a fault of our own.
 */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof Asn1Error) {
    const krb = KrbErrorCode.KRB_AP_ERR_MSG_TYPE
    return new Refusal('ERR_KRB_DECODE', error.message, { krb, cause: error })
  }
  if (!(error instanceof KerberosError)) return undefined
  const krb = KRB_CODES.get(error.code) ?? KrbErrorCode.KRB_ERR_GENERIC
  const { mend } = error
  return new Refusal(error.code, error.message, { krb, cause: error, mend })
}
