/**
 * The AS exchange (RFC 4120 section 3.1): a ticket-granting ticket for our long-term key.
 *
 * The first request carries no proof: the KDC's refusal tells encryption types and salt, so that keytab and password
 * go the same way. The second carries PA-ENC-TIMESTAMP.
 *
 * @module
 */

import { encrypt, type EncryptionKey } from '../crypto/index.ts'
import { KdcReplyError, KerberosError } from '../errors.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { KdcOption, KeyUsage, KrbErrorCode, MessageType, NameType, PaType } from '../iana/index.ts'
import {
  decodeEtypeInfo2,
  decodeKdcRep,
  decodeKrbError,
  decodeMethodData,
  encodeEncryptedData,
  encodeKdcReq,
  encodeKdcReqBody,
  encodePaEncTsEnc,
  encodePaPacRequest,
  findPaData,
  formatPrincipal,
  isKrbError,
  type EtypeInfo2Entry,
  type KrbError,
  type PaData,
} from '../messages/index.ts'
import { correctedBy, portsOf } from './clock-ports.ts'
import { refusalOf, type ExchangeStep } from './kdc-error.ts'
import { newNonce } from './nonce.ts'
import type { ClientIdentity, OwnKeys } from './own-keys.ts'
import { ticketGrantingService } from './realm-names.ts'
import { checkReply, openReply } from './reply-checks.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/** RFC 6113 and Windows: forwardable, canonicalize, renewable-ok. S4U needs a forwardable TGT. */
const AS_OPTIONS = KdcOption.FORWARDABLE | KdcOption.CANONICALIZE | KdcOption.RENEWABLE_OK

/** Who asks, and with which keys. */
export interface AsRequester {
  /** Our name and realm. */
  readonly identity: ClientIdentity
  /** Our keys. */
  readonly keys: OwnKeys
}

/**
 * Gets a ticket-granting ticket.
 *
 * @param requester - Who we are.
 * @param ports - Time, chance and settings.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The ticket.
 * @throws KerberosError as the KDC refuses, or for a reply that does not fit.
 */
export function* asExchange(requester: AsRequester, ports: ExchangePorts): Exchange<ServiceTicket> {
  const { realm } = requester.identity
  const ticket = yield* timedAsExchange(requester, portsOf(ports, realm))
  ports.clocks?.confirm(realm, ticket.startTimeMs)
  return ticket
}

function* timedAsExchange(requester: AsRequester, ports: ExchangePorts): Exchange<ServiceTicket> {
  const { identity, keys } = requester
  const first = yield* asRoundTrip({ requester, ports, padata: [] })
  if (!('refused' in first)) {
    const key = keys.forProof(etypeInfo(first.reply.padata), [first.reply.encPart.etype])[0]
    return finish(first, [key], { requester, ports })
  }
  const step = stepOf(identity, ports)
  const { refused } = first
  if (refused.errorCode !== KrbErrorCode.KDC_ERR_PREAUTH_REQUIRED) throw refusalOf(refused, step)
  return yield* withProof(offeredBy(refused), { requester, ports, step })
}

interface Asking {
  readonly requester: AsRequester
  readonly ports: ExchangePorts
}

/** Proves ourselves, with the key version before the newest too if the KDC does not know that one yet. */
function* withProof(
  offered: readonly EtypeInfo2Entry[],
  { requester, ports, step }: Asking & { readonly step: ExchangeStep },
): Exchange<ServiceTicket> {
  const keys = requester.keys.forProof(offered, ports.etypes)
  let refusal: KdcReplyError | undefined
  for (const key of keys) {
    const answer = yield* provenRoundTrip(key, { requester, ports })
    if (!('refused' in answer)) return finish(answer, [key], { requester, ports })
    refusal ??= refusalOf(answer.refused, step)
    if (answer.refused.errorCode !== KrbErrorCode.KDC_ERR_PREAUTH_FAILED) {
      throw refusalOf(answer.refused, step)
    }
  }
  throw refusal ?? new KerberosError('ERR_KRB_NO_KEY', `${step.subject} has no key`)
}

/** Sends the proof; once more where our time was put right. */
function* provenRoundTrip(key: EncryptionKey, asking: Asking): Exchange<AsAnswer> {
  const { requester, ports } = asking
  const answer = yield* asRoundTrip({ ...asking, padata: [timestamp(key, ports)] })
  const again = 'refused' in answer && correctedBy(answer.refused, requester.identity.realm, ports)
  return again ? yield* asRoundTrip({ ...asking, padata: [timestamp(key, ports)] }) : answer
}

type AsAnswer =
  | { readonly refused: KrbError }
  | { readonly reply: ReturnType<typeof decodeKdcRep>; readonly nonce: number }

function* asRoundTrip(asking: Asking & { readonly padata: readonly PaData[] }): Exchange<AsAnswer> {
  const { requester, ports, padata } = asking
  const { principal, realm } = requester.identity
  const nonce = newNonce(ports.random)
  const reqBody = encodeKdcReqBody({
    kdcOptions: AS_OPTIONS,
    cname: principal,
    realm,
    sname: ticketGrantingService(realm),
    tillMs: ports.clock.nowMs() + ports.ticketLifetimeMs,
    nonce,
    etype: requester.keys.toAskFor(ports.etypes),
  })
  const pac = { padataType: PaType.PA_PAC_REQUEST, padataValue: encodePaPacRequest(true) }
  const request = { msgType: MessageType.AS_REQ, padata: [...padata, pac], reqBody }
  const octets = yield { realm, octets: encodeKdcReq(request) }
  if (isKrbError(octets)) return { refused: decodeKrbError(octets) }
  return { reply: decodeKdcRep(octets, MessageType.AS_REP), nonce }
}

function timestamp(key: EncryptionKey, ports: ExchangePorts): PaData {
  const now = nextMicrosecond(ports.clock)
  const pausec = now % 1_000_000
  const plain = encodePaEncTsEnc({ patimestampMs: (now - pausec) / 1000, pausec })
  const cipher = encrypt(key, KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, plain, ports.random)
  const padataValue = encodeEncryptedData({ etype: key.etype, cipher })
  return { padataType: PaType.PA_ENC_TIMESTAMP, padataValue }
}

function finish(
  answer: Extract<AsAnswer, { reply: unknown }>,
  [key]: readonly [EncryptionKey],
  { requester, ports }: Asking,
): ServiceTicket {
  const { principal, realm } = requester.identity
  const part = openReply(answer.reply, key, KeyUsage.AS_REP_ENC_PART)
  const expected = {
    exchange: 'AS',
    nonce: answer.nonce,
    sname: ticketGrantingService(realm),
    srealm: realm,
    // RFC 6806 section 5: an enterprise name is answered with the account's own.
    cname: principal.nameType === NameType.NT_ENTERPRISE ? undefined : principal,
    crealm: realm,
  }
  return checkReply({ reply: answer.reply, part }, expected, ports).ticket
}

function offeredBy(refused: KrbError): readonly EtypeInfo2Entry[] {
  return refused.eData === undefined ? [] : etypeInfo(decodeMethodData(refused.eData))
}

function etypeInfo(padata: readonly PaData[] | undefined): readonly EtypeInfo2Entry[] {
  const value = findPaData(padata, PaType.PA_ETYPE_INFO2)
  return value === undefined ? [] : decodeEtypeInfo2(value)
}

function stepOf(identity: ClientIdentity, ports: ExchangePorts): ExchangeStep {
  return {
    exchange: 'AS',
    realm: identity.realm,
    subject: formatPrincipal(identity.principal, identity.realm),
    nowMs: ports.clock.nowMs(),
  }
}
