/**
 * Tells refusals of the connector's own account from those of users: a user whose connector cannot sign in is neither disabled nor
 * unknown, and should not be told so.
 *
 * @module
 */

import { KdcReplyError, KerberosError } from '../kerberos/index.ts'
import { errorText } from '../platform/index.ts'
import { SsoError } from './errors.ts'

/** Deeper than any of our errors is wrapped. */
const MAX_DEPTH = 8

/** Refusals of an AS exchange that pass by themselves, or that have words of their own. */
const NOT_THE_ACCOUNT = new Set(['ERR_KRB_SKEW', 'ERR_KRB_KDC_REPLY'])

function isOwnRefusal(error: unknown): error is KerberosError {
  if (!(error instanceof KdcReplyError) || NOT_THE_ACCOUNT.has(error.code)) return false
  // S4U2Self asks for a ticket to ourselves: a service that is unknown then is our own account.
  if (error.exchange === 'S4U2Self') return error.code === 'ERR_KRB_SPN_UNKNOWN'
  return error.exchange === 'AS'
}

/** Directory errors have one cause for each server. */
function find(error: unknown, depth = 0): KerberosError | undefined {
  if (isOwnRefusal(error)) return error
  if (!(error instanceof Error) || depth === MAX_DEPTH) return undefined
  const causes: readonly unknown[] =
    error instanceof AggregateError ? (error.errors as unknown[]) : [error.cause]
  for (const cause of causes) {
    const found = find(cause, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Says whether a refusal is about the connector's own account, not about the user.
 *
 * @param error - What a look-up or an exchange threw.
 * @returns True when it is.
 */
export function isAboutOwnAccount(error: unknown): boolean {
  return find(error) !== undefined
}

/**
 * Names what a request failed of, where that is the connector's own account.
 *
 * @param error - What a look-up or an exchange threw.
 * @returns SsoError ERR_SSO_OWN_ACCOUNT, or the error itself.
 */
export function namingOwnAccount(error: unknown): unknown {
  const refusal = find(error)
  if (refusal === undefined) return error
  const message = `the connector's own account cannot be used: ${errorText(refusal)}`
  const { mend } = refusal
  return new SsoError('ERR_SSO_OWN_ACCOUNT', message, { cause: error, mend })
}
