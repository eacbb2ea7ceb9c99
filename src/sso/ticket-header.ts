/**
 * Tokens in header fields, under either scheme that backends take Kerberos tickets by: Negotiate (RFC 4559 section 4), and
 * Kerberos, which looks the same and never holds SPNEGO.
 *
 * @module
 */

import { formatNegotiate, parseNegotiate } from '../kerberos/index.ts'
import type { TicketScheme } from '../tunnel/index.ts'

/**
 * The value of an Authorization field.
 *
 * @param scheme - What the backend takes it by.
 * @param token - The token.
 * @returns Scheme and token.
 */
export function formatTicket(scheme: TicketScheme, token: Uint8Array): string {
  const value = formatNegotiate(token)
  return scheme === 'negotiate' ? value : `Kerberos${value.slice('Negotiate'.length)}`
}

/**
 * The token in a backend's challenge.
 *
 * @param challenge - Scheme with what follows it.
 * @returns The token; empty where the scheme stands alone.
 * @throws KerberosError ERR_KRB_GSS for what is not base64, or above 64 KiB.
 */
export function tokenBehind(challenge: string): Uint8Array {
  return parseNegotiate(challenge.replace(/^kerberos/i, 'Negotiate')) ?? new Uint8Array(0)
}
