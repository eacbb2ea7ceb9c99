/**
 * One round trip of an AS exchange: the request, in its armour where there is one, and the answer taken out of it.
 *
 * @module
 */

import { KdcOption, MessageType, PaType } from '../iana/index.ts'
import {
  decodeKdcRep,
  decodeKrbError,
  encodeKdcReq,
  encodeKdcReqBody,
  encodePaPacRequest,
  isKrbError,
  type KdcRep,
  type KrbFastResponse,
  type PaData,
  type PrincipalName,
} from '../messages/index.ts'
import { finishedReply, openArmored, paFxFast, type Armor } from './fast.ts'
import { refusalIn, type Refusal } from './fast-error.ts'
import { newNonce } from './nonce.ts'
import type { KeyOwner, OwnKeys } from './own-secrets.ts'
import { ticketGrantingService } from './realm-names.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/** RFC 6113 and Windows: forwardable, canonicalize, renewable-ok. S4U needs a forwardable TGT. */
const AS_OPTIONS = KdcOption.FORWARDABLE | KdcOption.CANONICALIZE | KdcOption.RENEWABLE_OK

/** Asks the KDC to prove that the request came unchanged, and to say under encryption what it offers (RFC 6806 section 11). */
const WANT_PROOF: PaData = { padataType: PaType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }
const WANT_PAC: PaData = {
  padataType: PaType.PA_PAC_REQUEST,
  padataValue: encodePaPacRequest(true),
}

/** Who asks, and with which keys. */
export interface AsRequester {
  /** Our name and realm. */
  readonly identity: KeyOwner
  /** Our keys. */
  readonly keys: OwnKeys
  /** A ticket-granting ticket of the same realm to armour the exchange with, ours or another's; absent: no armour. */
  readonly armor?: ServiceTicket | undefined
  /** The service the ticket is for. Default the ticket-granting service; the password server takes none but an initial ticket. */
  readonly sname?: PrincipalName | undefined
}

/** An AS exchange under way. */
export interface AsConversation<Requester = AsRequester> {
  /** Who asks. */
  readonly requester: Requester
  /** Time, chance and settings. */
  readonly ports: ExchangePorts
  /** Absent: everything goes in the open. */
  readonly armor?: Armor | undefined
  /** Whether the KDC, by an answer that anyone can have written, did not take the armour. */
  readonly armorDenied?: boolean | undefined
}

/** What a request alone needs to know of who asks. */
type Asking = Pick<AsRequester, 'identity' | 'sname'> & { readonly keys: Pick<OwnKeys, 'toAskFor'> }

/** A ticket. */
export interface AsGranted {
  /** The reply; names and padata as they were armoured. */
  readonly reply: KdcRep
  /** What was armoured, undefined for a reply in the open. */
  readonly response: KrbFastResponse | undefined
  /** Of the request. */
  readonly nonce: number
  /** Until when the request wanted the ticket, milliseconds since the epoch. */
  readonly tillMs: number
  /** The request as it was sent. */
  readonly request: Uint8Array
}

/** What a KDC answers. */
export type AsAnswer = AsGranted | Refusal

/**
 * Asks once.
 *
 * @param conversation - Who asks, and in which armour.
 * @param padata - Proof, cookie.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The answer; a refusal is no error yet.
 * @throws KerberosError for an answer that cannot be read or does not belong to the armour.
 */
export function* asRoundTrip(
  conversation: AsConversation<Asking>,
  padata: readonly PaData[],
): Exchange<AsAnswer> {
  const { requester, ports, armor } = conversation
  const { realm } = requester.identity
  const nonce = newNonce(ports.random)
  const tillMs = ports.clock.nowMs() + ports.ticketLifetimeMs
  const reqBody = bodyOf(conversation, { nonce, tillMs })
  const inner = [...padata, WANT_PAC, WANT_PROOF]
  const outer = armor
    ? [paFxFast(armor, { covered: reqBody, padata: inner, reqBody }, ports)]
    : inner
  const request = encodeKdcReq({ msgType: MessageType.AS_REQ, padata: outer, reqBody })
  const octets = yield { realm, octets: request }
  const asked = { nonce, exchange: 'AS' }
  if (isKrbError(octets)) return refusalIn(decodeKrbError(octets), armor, asked)
  const reply = decodeKdcRep(octets, MessageType.AS_REP)
  const response = armor && openArmored(armor, reply.padata, asked)
  const granted = { reply, response, nonce, tillMs, request }
  if (!armor || !response) return granted
  return { ...granted, reply: finishedReply(reply, response, { armor, exchange: 'AS' }) }
}

function bodyOf(
  { requester, ports }: AsConversation<Asking>,
  wanted: Pick<AsGranted, 'nonce' | 'tillMs'>,
): Uint8Array {
  const { principal, realm } = requester.identity
  const plainOptions = (AS_OPTIONS & ~KdcOption.CANONICALIZE) >>> 0
  return encodeKdcReqBody({
    kdcOptions: ports.canonicalize === false ? plainOptions : AS_OPTIONS,
    cname: principal,
    realm,
    sname: requester.sname ?? ticketGrantingService(realm),
    ...wanted,
    etype: requester.keys.toAskFor(ports.etypes),
  })
}
