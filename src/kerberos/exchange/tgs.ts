/**
 * The TGS exchange (RFC 4120 section 3.3): a service ticket for a ticket-granting ticket.
 *
 * The authenticator carries no subkey, so that the reply and PA-S4U-X509-USER are under the TGT's session key on every
 * KDC; the nonce, inside the reply's encrypted part, ties the reply to this request.
 *
 * @module
 */

import { checksum, checksumTypeOf, encrypt } from '../crypto/index.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { KdcOption, KeyUsage, MessageType, NameType, PaType, TicketFlag } from '../iana/index.ts'
import {
  decodeKdcRep,
  decodeKrbError,
  encodeApReq,
  encodeAuthenticator,
  encodeKdcReq,
  encodeKdcReqBody,
  formatPrincipal,
  isKrbError,
  type PaData,
  type PrincipalName,
} from '../messages/index.ts'
import { correctedBy, portsOf } from './clock-ports.ts'
import { refusalOf, type ExchangeStep } from './kdc-error.ts'
import { newNonce } from './nonce.ts'
import { tgsRealm } from './realm-names.ts'
import { checkReply, openReply, type CheckedReply, type ExpectedReply } from './reply-checks.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/** Whom a ticket is to name. */
export interface TgsClient {
  /** The name; for NT-ENTERPRISE the KDC may answer with another, which the caller checks. */
  readonly cname: PrincipalName
  /** The realm. */
  readonly crealm: string
}

/** What is asked of a ticket-granting service. */
export interface TgsQuestion {
  /** Name of the exchange, for messages. */
  readonly exchange: ExchangeStep['exchange']
  /** The ticket-granting ticket. */
  readonly tgt: ServiceTicket
  /** The service, of the realm whose KDC takes the ticket-granting ticket. */
  readonly sname: PrincipalName
  /** Whom the ticket must name; the TGT's client when absent. */
  readonly client?: TgsClient | undefined
  /** Added to forwardable and canonicalize. */
  readonly kdcOptions?: number | undefined
  /** Padata besides PA-TGS-REQ; may depend on the request's nonce. */
  readonly padata?: ((nonce: number) => readonly PaData[]) | undefined
  /** DER of additional tickets. */
  readonly additionalTickets?: readonly Uint8Array[] | undefined
}

/**
 * Gets a service ticket.
 *
 * @param question - What is asked.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The checked reply, which may be a referral.
 * @throws KerberosError as the KDC refuses, or for a reply that does not fit.
 */
export function* tgsExchange(question: TgsQuestion, ports: ExchangePorts): Exchange<CheckedReply> {
  const { tgt, sname, exchange } = question
  const realm = tgsRealm(tgt)
  const realmPorts = portsOf(ports, realm)
  const { octets, nonce } = yield* answerTo(question, realmPorts)
  const reply = decodeKdcRep(octets, MessageType.TGS_REP)
  const part = openReply(reply, tgt.sessionKey, KeyUsage.TGS_REP_ENC_PART_SESSION_KEY)
  const expected = { exchange, nonce, sname, srealm: realm, ...expectedClient(question) }
  const checked = checkReply({ reply, part }, expected, realmPorts)
  // RFC 4120 section 3.3.3: what is not postdated starts at the KDC's present time.
  const { startTimeMs, flags } = part
  const startsNow = startTimeMs !== undefined && (flags & TicketFlag.POSTDATED) === 0
  if (startsNow) ports.clocks?.confirm(realm, startTimeMs)
  return checked
}

/** The KDC's reply, with the nonce of the request it answers; asked once more where our time was put right. */
function* answerTo(
  question: TgsQuestion,
  ports: ExchangePorts,
): Exchange<{ readonly octets: Uint8Array; readonly nonce: number }> {
  const realm = tgsRealm(question.tgt)
  for (let last = false; ; last = true) {
    const nonce = newNonce(ports.random)
    const step = stepOf(question, ports)
    const octets = yield { realm, octets: encodeQuestion(question, nonce, ports) }
    if (!isKrbError(octets)) return { octets, nonce }
    const refused = decodeKrbError(octets)
    if (last || !correctedBy(refused, realm, ports)) throw refusalOf(refused, step)
  }
}

function expectedClient({
  tgt,
  client,
}: TgsQuestion): Pick<ExpectedReply, 'cname' | 'crealm' | 'referred'> {
  const own = { cname: tgt.client, crealm: tgt.clientRealm }
  if (client === undefined) return own
  const enterprise = client.cname.nameType === NameType.NT_ENTERPRISE
  return { ...client, cname: enterprise ? undefined : client.cname, referred: own }
}

function stepOf(question: TgsQuestion, ports: ExchangePorts): ExchangeStep {
  const { exchange, tgt, sname, client } = question
  const realm = tgsRealm(tgt)
  const service = formatPrincipal(sname, realm)
  const user = client === undefined ? '' : `${formatPrincipal(client.cname, client.crealm)} to `
  return { exchange, realm, subject: user + service, nowMs: ports.clock.nowMs() }
}

function encodeQuestion(question: TgsQuestion, nonce: number, ports: ExchangePorts): Uint8Array {
  const { tgt, sname, kdcOptions = 0, padata, additionalTickets } = question
  const reqBody = encodeKdcReqBody({
    kdcOptions: kdcOptions | KdcOption.FORWARDABLE | KdcOption.CANONICALIZE,
    realm: tgsRealm(tgt),
    sname,
    tillMs: tgt.endTimeMs,
    nonce,
    etype: ports.etypes,
    additionalTickets,
  })
  return encodeKdcReq({
    msgType: MessageType.TGS_REQ,
    padata: [paTgsReq(tgt, reqBody, ports), ...(padata?.(nonce) ?? [])],
    reqBody,
  })
}

/** PA-TGS-REQ (RFC 4120 section 5.2.7.1): an AP-REQ whose authenticator covers the body. */
function paTgsReq(tgt: ServiceTicket, reqBody: Uint8Array, ports: ExchangePorts): PaData {
  const key = tgt.sessionKey
  const now = nextMicrosecond(ports.clock)
  const cusec = now % 1_000_000
  const authenticator = encodeAuthenticator({
    crealm: tgt.clientRealm,
    cname: tgt.client,
    cksum: {
      cksumtype: checksumTypeOf(key.etype),
      checksum: checksum(key, KeyUsage.TGS_REQ_AUTHENTICATOR_CHECKSUM, reqBody),
    },
    cusec,
    ctimeMs: (now - cusec) / 1000,
  })
  const cipher = encrypt(key, KeyUsage.TGS_REQ_AUTHENTICATOR, authenticator, ports.random)
  const padataValue = encodeApReq({
    apOptions: 0,
    ticket: tgt.ticket,
    authenticator: { etype: key.etype, cipher },
  })
  return { padataType: PaType.PA_TGS_REQ, padataValue }
}
