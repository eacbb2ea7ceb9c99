/**
 * What is the same in a token however it is framed, for those who relay tokens and hold no key.
 *
 * @module
 */

import { SallyportError } from '../../platform/index.ts'
import { decodeApReq } from '../messages/index.ts'
import { readFirstToken } from './incoming.ts'

/**
 * The sealed authenticator of a client's first token. No two tokens have the same one, and nobody but the client can make
 * another of it: a second token with it is a copy, whether the AP-REQ stands in SPNEGO, in Kerberos' framing or alone.
 *
 * @param token - From a client.
 * @returns Its cipher; undefined where there is no AP-REQ in the token that an acceptor would read.
 */
export function sealedAuthenticator(token: Uint8Array): Uint8Array | undefined {
  try {
    const { apReq } = readFirstToken(token)
    return apReq && decodeApReq(apReq).authenticator.cipher
  } catch (error) {
    if (error instanceof SallyportError) return undefined
    throw error
  }
}
