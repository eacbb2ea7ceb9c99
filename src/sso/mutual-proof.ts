/**
 * The backend's proof of identity: the AP-REP in its reply (RFC 4559 section 5), as the policy row wants it.
 *
 * @module
 */

import { KerberosError, type InitiatorToken } from '../kerberos/index.ts'
import { SallyportError } from '../platform/index.ts'
import type { Channel } from './backend.ts'
import type { BackendPolicy } from './policy.ts'
import { tokenBehind } from './ticket-header.ts'

/** What a reply says of the backend's identity: not asked, proved now, proved before on this connection, or not at all. */
export type MutualProof = 'off' | 'proved' | 'earlier' | 'absent'

/** A reply that may hold a proof. */
export interface ProvingReply {
  /** What the request carried. */
  readonly token: InitiatorToken
  /** Scheme with what follows it; undefined where the reply has none. */
  readonly challenge: string | undefined
  readonly channel: Channel
}

/**
 * Checks a reply. A wrong proof never passes.
 *
 * @param backend - The policy row.
 * @param reply - The reply; its channel learns that it was proved.
 * @returns What it says.
 * @throws KerberosError ERR_KRB_MUTUAL for a wrong proof, and for an absent one that is required.
 */
export function checkProof(backend: BackendPolicy, reply: ProvingReply): MutualProof {
  const wanted = backend.row.mutualAuthentication
  const { token, challenge, channel } = reply
  if (wanted === 'off') return 'off'
  const octets = challenge === undefined ? undefined : tokenBehind(challenge)
  if (octets !== undefined && octets.length > 0) {
    token.verifyReply(octets)
    return 'proved'
  }
  // A backend that keeps a sign-in for the whole connection proves itself once on it.
  if (channel.mutualVerified) return 'earlier'
  if (wanted === 'required') throw unproved(backend)
  return 'absent'
}

/**
 * Whether a 401 proves the backend's identity all the same: then it accepted the ticket, and refuses for reasons of its own.
 *
 * @param backend - The policy row.
 * @param token - What the request carried.
 * @param challenge - Scheme with what follows it.
 * @returns True for a right proof, where one was asked for.
 */
export function proves(backend: BackendPolicy, token: InitiatorToken, challenge: string): boolean {
  if (backend.row.mutualAuthentication === 'off') return false
  try {
    token.verifyReply(tokenBehind(challenge))
    return true
  } catch (error) {
    if (error instanceof SallyportError) return false
    throw error
  }
}

function unproved(backend: BackendPolicy): KerberosError {
  return new KerberosError('ERR_KRB_MUTUAL', `${backend.origin} did not prove its identity`, {
    mend: 'Have the backend answer with an AP-REP, or set mutualAuthentication: wanted in the policy.',
  })
}
