/**
 * Whether a backend keeps a sign-in for the whole connection, as IIS does with `authPersistNonNTLM` and Apache with
 * `GssapiConnectionBound`.
 *
 * It is taken to only where an answer has shown that the token signed the connection in; and Persistent-Auth, where the
 * backend sends it (MS-N2HT section 3.2.5), says whether it stays so. Without that word the app's setting is believed, and a
 * later 401 belies it.
 *
 * @module
 */

import type { Channel } from './backend.ts'
import { persistentAuth } from './headers.ts'
import type { MutualProof } from './mutual-proof.ts'
import { tokenBehind } from './ticket-header.ts'

/** An answer to a request with a token, which passed. */
export interface SigningAnswer {
  /** Flat. */
  readonly headers: readonly string[]
  readonly proof: MutualProof
  /** `Negotiate` or `Kerberos` with what follows it, if any. */
  readonly challenge: string | undefined
}

/**
 * Notes what an answer shows.
 *
 * @param channel - The connection; changed in place.
 * @param answer - The answer.
 */
export function learnKeeping(channel: Channel, answer: SigningAnswer): void {
  const announced = persistentAuth(answer.headers)
  if (announced === false) channel.keepsSignIn = 'no'
  else if (channel.keepsSignIn !== 'no' && (announced === true || completes(answer)))
    channel.keepsSignIn = 'yes'
}

/** The acceptor has answered the token: with its proof, or, where none is wanted, with any token. */
function completes({ proof, challenge }: SigningAnswer): boolean {
  if (proof !== 'off') return proof === 'proved'
  return challenge !== undefined && tokenBehind(challenge).length > 0
}
