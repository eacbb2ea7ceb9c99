/**
 * What openid-client throws, as one of two answers: the provider said no, or it may be better later.
 *
 * @module
 */

import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { errorCode, errorText } from '../../platform/index.ts'
import { GatewayError } from '../errors.ts'

/** OAuth errors (RFC 6749 section 4.1.2.1) after which trying again may help. */
const PASSING = new Set(['server_error', 'temporarily_unavailable', 'slow_down'])
/** OAuth errors that say that this client is misconfigured, not that the user is refused. */
const OURS = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

const LATE = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT'])

const MAX_TEXT = 200

/** The innermost cause that has a code, e.g. ECONNREFUSED below `fetch failed`. */
function causeOf(error: unknown): string {
  let innermost = errorText(error)
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = errorCode(at)
    if (code !== 'ERR_UNEXPECTED') innermost = `${code}: ${at.message}`
  }
  return innermost.slice(0, MAX_TEXT)
}

function refused(what: string, reason: string, cause: unknown): GatewayError {
  const message = `the provider refused ${what}: ${reason.slice(0, MAX_TEXT)}`
  return new GatewayError('ERR_GATEWAY_PROVIDER_REFUSED', message, { cause })
}

function unreachable(what: string, reason: string, cause: unknown): GatewayError {
  const message = `${what} failed: ${reason.slice(0, MAX_TEXT)}`
  const mend =
    'Check that the gateway reaches the provider, and oidc.ca, oidc.clientId and its secret.'
  return new GatewayError('ERR_GATEWAY_PROVIDER_UNREACHABLE', message, { cause, mend })
}

function isServerFault(cause: unknown): boolean {
  const status: unknown =
    typeof cause === 'object' && cause !== null && 'status' in cause ? cause.status : undefined
  return typeof status === 'number' && (status >= 500 || status === 429)
}

function oauthFault(
  what: string,
  error: AuthorizationResponseError | ResponseBodyError,
): GatewayError {
  const reason = `${error.error} ${error.error_description ?? ''}`.trim()
  const passing = PASSING.has(error.error) || OURS.has(error.error) || isServerFault(error)
  return passing ? unreachable(what, reason, error) : refused(what, reason, error)
}

/** Whether an answer came, in time, from a server that works. */
function isAnswer(error: ClientError): boolean {
  const { code = '' } = error
  return code.startsWith('OAUTH_') && !LATE.has(code) && !isServerFault(error.cause)
}

/**
 * Sorts a fault.
 *
 * @param what - What was tried.
 * @param error - What openid-client threw.
 * @returns ERR_GATEWAY_PROVIDER_REFUSED or ERR_GATEWAY_PROVIDER_UNREACHABLE. The message holds no token.
 */
export function providerFault(what: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    return oauthFault(what, error)
  }
  if (error instanceof ClientError && isAnswer(error)) {
    return refused(what, `${error.code ?? ''} ${error.message}`, error)
  }
  return unreachable(what, causeOf(error), error)
}
