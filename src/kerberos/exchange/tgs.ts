/**
 * The TGS exchange (RFC 4120 section 3.3): a service ticket for a ticket-granting ticket.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import type { KerberosError } from '../errors.ts'
import { KrbErrorCode as Krb, MessageType, NameType, TicketFlag } from '../iana/index.ts'
import {
  decodeKdcRep,
  decodeKrbError,
  formatPrincipal,
  isKrbError,
  type KdcRep,
} from '../messages/index.ts'
import { correctedBy, portsOf } from './clock-ports.ts'
import { refusalIn, type Refusal } from './fast-error.ts'
import { fastError, finishedReply, openArmored, strengthened } from './fast.ts'
import { refusalOf, type ExchangeStep } from './kdc-error.ts'
import { newNonce } from './nonce.ts'
import { tgsRealm } from './realm-names.ts'
import type { RefusalContext } from './refusal-catalogue.ts'
import { checkReply, openReply, type CheckedReply, type ExpectedReply } from './reply-checks.ts'
import { encodeTgsReq, tgsKeys, type TgsKeys, type TgsQuestion } from './tgs-request.ts'
import type { Exchange, ExchangePorts } from './types.ts'

export type { TgsClient, TgsQuestion } from './tgs-request.ts'

/** A reply that was checked, and the key that only its KDC and we know. */
export interface TgsReply extends CheckedReply {
  /** The authenticator's subkey where there was one, else the ticket-granting ticket's session key. */
  readonly key: EncryptionKey
}

/**
 * Gets a service ticket.
 *
 * @param question - What is asked.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The checked reply, which may be a referral.
 * @throws KerberosError as the KDC refuses, or for a reply that does not fit; ERR_KRB_FAST.
 */
export function* tgsExchange(question: TgsQuestion, ports: ExchangePorts): Exchange<TgsReply> {
  const { tgt, sname, exchange } = question
  const realm = tgsRealm(tgt)
  const realmPorts = portsOf(ports, realm)
  const keys = tgsKeys(tgt, realmPorts)
  const answer = yield* answerTo(question, keys, realmPorts)
  const { reply, replyKey } = unarmored(answer, keys, exchange)
  const part = openReply(reply, replyKey, keys.replyUsage)
  const expected = {
    exchange,
    nonce: answer.nonce,
    sname,
    srealm: realm,
    ...expectedClient(question),
    tillMs: tgt.endTimeMs,
    renewTillMs: question.rtimeMs,
  }
  const checked = checkReply({ reply, part }, expected, realmPorts)
  // RFC 4120 section 3.3.3: what is not postdated starts at the KDC's present time.
  const { startTimeMs, flags } = part
  const startsNow = startTimeMs !== undefined && (flags & TicketFlag.POSTDATED) === 0
  if (startsNow) ports.clocks?.confirm(realm, startTimeMs)
  return { ...checked, key: keys.replyKey }
}

interface Answer {
  readonly reply: KdcRep
  /** Of the request it answers. */
  readonly nonce: number
}

/** The KDC's reply; asked once more where our time was put right. */
function* answerTo(question: TgsQuestion, keys: TgsKeys, ports: ExchangePorts): Exchange<Answer> {
  const realm = tgsRealm(question.tgt)
  for (let last = false; ; last = true) {
    const nonce = newNonce(ports.random)
    const step = stepOf(question, ports)
    const octets = yield { realm, octets: encodeTgsReq(question, { nonce, keys }, ports) }
    if (!isKrbError(octets)) return { reply: decodeKdcRep(octets, MessageType.TGS_REP), nonce }
    const asked = { nonce, exchange: step.exchange }
    const refusal = refusalIn(decodeKrbError(octets), keys.armor, asked)
    if (last || !correctedBy(refusal.refused, realm, ports)) {
      checkBelievable(refusal, { keys, step }, ports)
      throw refusalOf(refusal, step)
    }
  }
}

/** What a KDC says of the AP-REQ that the armour is made of: it has no key yet to armour it with. */
const ABOUT_ARMOR: readonly number[] = [
  Krb.KRB_AP_ERR_BAD_INTEGRITY,
  Krb.KRB_AP_ERR_TKT_EXPIRED,
  Krb.KRB_AP_ERR_TKT_NYV,
  Krb.KRB_AP_ERR_NOT_US,
  Krb.KRB_AP_ERR_SKEW,
  Krb.KRB_AP_ERR_MODIFIED,
  Krb.KRB_AP_ERR_NOKEY,
  Krb.KDC_ERR_SVC_UNAVAILABLE,
]

/** Where armour is required, an error in the open is nobody's word: of the user, of rights, of names. */
function checkBelievable(
  refusal: Refusal,
  { keys, step }: { readonly keys: TgsKeys; readonly step: ExchangeStep },
  ports: ExchangePorts,
): void {
  const demanded = ports.fast === 'required' && keys.armor !== undefined
  if (!demanded || refusal.armored || ABOUT_ARMOR.includes(refusal.refused.errorCode)) return
  throw fastError(
    `${step.exchange}: the KDC refused an armoured request in the open: ${refusalOf(refusal, step).message}`,
    'Someone on the way may have written this; where the KDC itself does not armour what it refuses, set fast to whenOffered.',
  )
}

/** The reply as the KDC armoured it, with the key of its encrypted part. */
function unarmored(
  { reply, nonce }: Answer,
  { armor, replyKey }: TgsKeys,
  exchange: string,
): { readonly reply: KdcRep; readonly replyKey: EncryptionKey } {
  if (armor === undefined) return { reply, replyKey }
  const response = openArmored(armor, reply.padata, { nonce, exchange })
  if (response === undefined) throw notArmored(exchange)
  return {
    reply: finishedReply(reply, response, { armor, exchange }),
    replyKey: strengthened(response, replyKey),
  }
}

function notArmored(exchange: string): KerberosError {
  return fastError(
    `${exchange}: the KDC answered an armoured request without armour`,
    'Set fast to whenOffered or off where the KDC does not offer FAST; where it does, someone on the way changes messages.',
  )
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
  const nowMs = ports.clock.nowMs()
  const context = contextOf(question)
  return { exchange, realm, subject: user + service, account: service, nowMs, context }
}

function contextOf({ exchange, tgt, sname, client }: TgsQuestion): RefusalContext | undefined {
  if (exchange === 'TGS' && sname.nameString[0] === 'krbtgt') return 'way-to-realm'
  const foreign = exchange === 'S4U2Self' && client?.crealm !== tgt.clientRealm
  if (!foreign) return undefined
  return tgsRealm(tgt) === tgt.clientRealm ? 'foreign-user-at-home' : 'foreign-user-abroad'
}
