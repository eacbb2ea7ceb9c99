/**
 * What is told of a client that was accepted.
 *
 * @module
 */

import type { Framing, Proof } from './answer.ts'
import type { VerifiedApReq } from './ap-req.ts'
import type { Accepted } from './types.ts'

/** All that an exchange found out. */
export interface Outcome {
  readonly verified: VerifiedApReq
  readonly proof: Proof | undefined
  readonly mechanism: Framing['mechanism']
  /** Empty or undefined: nothing is owed to the client. */
  readonly replyToken: Uint8Array | undefined
}

/**
 * Puts it together.
 *
 * @param outcome - What the exchange found out.
 * @returns Client, ticket, keys and answer.
 */
export function acceptedOf({ verified, proof, mechanism, replyToken }: Outcome): Accepted {
  const { ticketDer, ticket, opened, authenticator, context, pac } = verified
  const { part, key } = opened
  // RFC 4121 section 4.2.3: without an AP-REP both sides count from the initiator's number.
  const initiatorSequenceNumber = authenticator.seqNumber ?? 0
  return {
    ...context,
    client: part.cname,
    clientRealm: part.crealm,
    server: ticket.sname,
    serverRealm: ticket.realm,
    ticket: ticketDer,
    sessionKey: part.key,
    flags: part.flags,
    authTimeMs: part.authTimeMs,
    startTimeMs: part.startTimeMs ?? part.authTimeMs,
    endTimeMs: part.endTimeMs,
    renewTillMs: part.renewTillMs,
    encTicketPart: part,
    pac,
    serviceKey: key,
    subkey: authenticator.subkey,
    acceptorSubkey: proof?.subkey,
    initiatorSequenceNumber,
    acceptorSequenceNumber: proof?.sequenceNumber ?? initiatorSequenceNumber,
    mechanism,
    replyToken: replyToken?.length === 0 ? undefined : replyToken,
  }
}
