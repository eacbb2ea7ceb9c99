/**
 * The AS exchange (RFC 4120 section 3.1): a ticket-granting ticket for our long-term key.
 *
 * The first request carries no proof: the KDC's refusal tells encryption types and salt, so that keytab and password
 * go the same way. The second carries the proof. With a ticket to armour it, all of that goes under FAST.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import { KdcReplyError, KerberosError } from '../errors.ts'
import { KrbErrorCode, NameType } from '../iana/index.ts'
import { decodeMethodData, formatPrincipal, type PaData } from '../messages/index.ts'
import { checkTakesOpenProof, etypeInfo, proofOf } from './as-proof.ts'
import { ticketOfReply } from './as-reply.ts'
import { asRoundTrip, type AsAnswer, type AsConversation, type AsRequester } from './as-request.ts'
import { correctedBy, portsOf } from './clock-ports.ts'
import type { Refusal } from './fast-error.ts'
import { armorBy, fastError } from './fast.ts'
import { refusalOf, type ExchangeStep } from './kdc-error.ts'
import { tgsRealm } from './realm-names.ts'
import { limitOf, Way } from './referral.ts'
import type { Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/**
 * Gets a ticket-granting ticket. Where the KDC says that an enterprise name is another realm's, it is asked for there.
 *
 * @param requester - Who we are.
 * @param ports - Time, chance and settings.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The ticket; its realm may then be another than the requester's.
 * @throws KerberosError as the KDC refuses, or for a reply that does not fit; ERR_KRB_REFERRAL; ERR_KRB_FAST.
 */
export function* asExchange(requester: AsRequester, ports: ExchangePorts): Exchange<ServiceTicket> {
  const way = new Way(requester.identity.realm, limitOf(ports))
  for (let asked = requester; ;) {
    const { realm } = asked.identity
    try {
      const ticket = yield* exchangeIn(asked, portsOf(ports, realm))
      ports.clocks?.confirm(realm, ticket.startTimeMs)
      return ticket
    } catch (error) {
      const home = realmOfEnterprise(asked, error, ports)
      if (home === undefined) throw error
      way.goTo(home)
      asked = { ...asked, identity: { ...asked.identity, realm: home } }
    }
  }
}

/** RFC 6806 section 7: KDC_ERR_WRONG_REALM names the client's realm, if the request let the KDC canonicalise. */
function realmOfEnterprise(
  { identity }: AsRequester,
  error: unknown,
  ports: ExchangePorts,
): string | undefined {
  const follows =
    ports.canonicalize !== false && identity.principal.nameType === NameType.NT_ENTERPRISE
  if (!follows || !(error instanceof KdcReplyError)) return undefined
  return error.krbErrorCode === KrbErrorCode.KDC_ERR_WRONG_REALM ? error.clientRealm : undefined
}

function* exchangeIn(requester: AsRequester, ports: ExchangePorts): Exchange<ServiceTicket> {
  const armored = { requester, ports, armor: armorFor(requester, ports) }
  const { conversation, answer } = yield* firstAnswer(armored)
  if (!('refused' in answer)) {
    const { padata, encPart } = answer.reply
    const keys = requester.keys.forProof(etypeInfo(padata), [encPart.etype], ports.stringToKey)
    return ticketOfReply(answer, keys, conversation)
  }
  if (!isDemand(answer)) throw refusalOf(answer, stepOf(conversation))
  return yield* withProof(answer, conversation)
}

/** Armour where there is a ticket for it and the setting and the KDC want it. */
function armorFor({ armor, identity }: AsRequester, ports: ExchangePorts): AsConversation['armor'] {
  const { fast = 'whenOffered' } = ports
  if (armor === undefined || fast === 'off') return undefined
  const realm = tgsRealm(armor)
  if (fast === 'required' && realm !== identity.realm) {
    throw fastError(
      `the ticket to armour the exchange with is for the KDC of ${realm}, not of ${identity.realm}`,
      'Give the client an armour of the realm of its own principal.',
    )
  }
  const fits = realm === identity.realm && (fast === 'required' || armor.fastAvailable !== false)
  return fits ? armorBy(armor, ports) : undefined
}

/** The first request, without proof; in the open where the KDC does not armour and need not. */
function* firstAnswer(
  first: AsConversation,
): Exchange<{ readonly conversation: AsConversation; readonly answer: AsAnswer }> {
  const { conversation, answer } = yield* inTime(first)
  if (conversation.armor === undefined || isArmored(answer)) return { conversation, answer }
  if (conversation.ports.fast === 'required') throw withoutArmor(answer, conversation)
  // An error besides may be about the armour's ticket; it offers nothing and denies nothing.
  const denied = !('refused' in answer) || isDemand(answer)
  const open = { ...conversation, armor: undefined, armorDenied: denied }
  return { conversation: open, answer: denied ? answer : yield* asRoundTrip(open, []) }
}

/** An armour is an AP-REQ: our time in it may be refused, and is put right once. */
function* inTime(
  conversation: AsConversation,
): Exchange<{ readonly conversation: AsConversation; readonly answer: AsAnswer }> {
  const { armor, ports, requester } = conversation
  const answer = yield* asRoundTrip(conversation, [])
  const late =
    armor !== undefined &&
    'refused' in answer &&
    correctedBy(answer.refused, requester.identity.realm, ports)
  if (!late) return { conversation, answer }
  const renewed = { ...conversation, armor: armorFor(requester, ports) }
  return { conversation: renewed, answer: yield* asRoundTrip(renewed, []) }
}

function isDemand({ refused }: Refusal): boolean {
  return refused.errorCode === KrbErrorCode.KDC_ERR_PREAUTH_REQUIRED
}

function isArmored(answer: AsAnswer): boolean {
  return 'refused' in answer ? answer.armored : answer.response !== undefined
}

/** What an answer in the open to an armoured request means where armour is required. */
function withoutArmor(answer: AsAnswer, conversation: AsConversation): KerberosError {
  const says = 'refused' in answer ? `: ${refusalOf(answer, stepOf(conversation)).message}` : ''
  return fastError(
    `the KDC of ${conversation.requester.identity.realm} answers without armour${says}`,
    'Let the KDC offer FAST (Windows: "KDC support for claims, compound authentication and Kerberos armoring"), or set fast to whenOffered.',
  )
}

/** Proves ourselves, with the key version before the newest too if the KDC does not know that one yet. */
function* withProof(demand: Refusal, conversation: AsConversation): Exchange<ServiceTicket> {
  const { requester, ports, armor } = conversation
  const methods = methodsIn(demand)
  const step = stepOf(conversation)
  if (armor === undefined) checkTakesOpenProof(methods, step.subject)
  const keys = requester.keys.forProof(etypeInfo(methods), ports.etypes, ports.stringToKey)
  let refusal: KdcReplyError | undefined
  for (const key of keys) {
    const answer = yield* provenRoundTrip(key, methods, conversation)
    if (!('refused' in answer)) return ticketOfReply(answer, [key], conversation)
    refusal ??= refusalOf(answer, step)
    if (answer.refused.errorCode !== KrbErrorCode.KDC_ERR_PREAUTH_FAILED) {
      throw refusalOf(answer, step)
    }
  }
  throw refusal ?? new KerberosError('ERR_KRB_NO_KEY', `${step.subject} has no key`)
}

/** A demand for proof must be readable: an empty one would have us prove ourselves by a guess. */
function methodsIn({ refused, methods }: Refusal): readonly PaData[] {
  return methods.length === 0 && refused.eData !== undefined
    ? decodeMethodData(refused.eData)
    : methods
}

/** Sends the proof; once more where our time was put right. */
function* provenRoundTrip(
  key: EncryptionKey,
  methods: readonly PaData[],
  conversation: AsConversation,
): Exchange<AsAnswer> {
  const { requester, ports, armor } = conversation
  const proof = (): readonly PaData[] => proofOf(key, { methods, armor }, ports)
  const answer = yield* asRoundTrip(conversation, proof())
  const again = 'refused' in answer && correctedBy(answer.refused, requester.identity.realm, ports)
  return again ? yield* asRoundTrip(conversation, proof()) : answer
}

function stepOf({ requester, ports }: AsConversation): ExchangeStep {
  const { principal, realm } = requester.identity
  const subject = formatPrincipal(principal, realm)
  return { exchange: 'AS', realm, subject, nowMs: ports.clock.nowMs() }
}
