/**
 * Which refusals are security events: those that an honest gateway, backend and network do not bring about.
 *
 * @module
 */

/** The kind of event by code. Sign-ins that have ended and accounts that are disabled are everyday life, and not here. */
const EVENTS: Readonly<Record<string, string>> = {
  ERR_SSO_PROOF_MISSING: 'proof-missing',
  ERR_SSO_PROOF_INVALID: 'proof-invalid',
  ERR_SSO_ISSUER_UNKNOWN: 'issuer-unknown',
  ERR_SSO_ASSERTION_INVALID: 'assertion-invalid',
  ERR_SSO_NEGOTIATE_REFUSED: 'negotiate-refused',
  ERR_SSO_POLICY_DENIED: 'policy-denied',
  ERR_SSO_LOGIN_REFUSED: 'login-refused',
  ERR_SSO_NEVER_IMPERSONATE: 'never-impersonate',
  ERR_BACKEND_ADDRESS_REFUSED: 'address-refused',
  ERR_BACKEND_TLS: 'backend-identity',
  ERR_KRB_MUTUAL: 'backend-identity',
  ERR_KRB_REPLY_MISMATCH: 'identity-mismatch',
  ERR_KRB_INTEGRITY: 'identity-mismatch',
}

/**
 * Whether a refusal is a security event.
 *
 * @param code - Its stable code.
 * @returns What it is called, or undefined when it is none.
 */
export function securityEventOf(code: string): string | undefined {
  return Object.hasOwn(EVENTS, code) ? EVENTS[code] : undefined
}
