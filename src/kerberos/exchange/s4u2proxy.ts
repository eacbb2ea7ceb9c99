/**
 * S4U2Proxy (MS-SFU 3.1.5.2): a ticket to a service in the name of the user of an evidence ticket.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { KdcOption, PacOption, PaType } from '../iana/index.ts'
import {
  decodePaPacOptions,
  encodePaPacOptions,
  findPaData,
  formatPrincipal,
  type PrincipalName,
} from '../messages/index.ts'
import { tgsRealm } from './realm-names.ts'
import { realmTgtExchange, serviceTicketExchange } from './referral.ts'
import { NOT_FORWARDABLE } from './refusal-catalogue.ts'
import type { CheckedReply } from './reply-checks.ts'
import { tgsExchange } from './tgs.ts'
import type { Evidence, Exchange, ExchangePorts, ServiceTicket } from './types.ts'

/** What is asked. */
export interface S4u2ProxyQuestion {
  /** Our ticket-granting ticket. */
  readonly tgt: ServiceTicket
  /** The user's ticket to us. */
  readonly evidence: Evidence
  /** The service. */
  readonly sname: PrincipalName
  /** Leave out the bit that has the KDC look at the service's own list: for diagnosis alone. */
  readonly withoutRbcd?: boolean | undefined
}

const RBCD = {
  padataType: PaType.PA_PAC_OPTIONS,
  padataValue: encodePaPacOptions(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION),
}

/**
 * Gets a service ticket in the user's name.
 *
 * @param question - What is asked.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The ticket.
 * @throws KerberosError ERR_KRB_NOT_FORWARDABLE before anything is sent, or as the KDC refuses.
 */
export function* s4u2proxyExchange(
  question: S4u2ProxyQuestion,
  ports: ExchangePorts,
): Exchange<ServiceTicket> {
  const { tgt, evidence, sname } = question
  if (!evidence.forwardable) throw notForwardable(evidence)
  const first = yield* ask(question, ports)
  if (first.referral === undefined) return first.ticket
  checkProxyReferral(first)
  // MS-SFU 3.1.5.2.2: the KDC of the service wants our own ticket-granting ticket of its realm, and the user's as evidence.
  const { tgt: ours } = yield* serviceTicketExchange(tgt, sname, ports)
  const users = yield* realmTgtExchange(first.ticket, tgsRealm(ours), ports)
  const last = yield* ask({ ...question, tgt: ours, additionalTicket: users.ticket }, ports)
  if (last.referral !== undefined) throw refusedAcross(last.referral)
  return last.ticket
}

function ask(
  question: S4u2ProxyQuestion & { readonly additionalTicket?: Uint8Array },
  ports: ExchangePorts,
): Exchange<CheckedReply> {
  const { tgt, evidence, sname, additionalTicket = evidence.ticket, withoutRbcd } = question
  return tgsExchange(
    {
      exchange: 'S4U2Proxy',
      tgt,
      sname,
      client: { cname: evidence.client, crealm: evidence.clientRealm },
      kdcOptions: KdcOption.CNAME_IN_ADDL_TKT,
      padata: () => (withoutRbcd === true ? [] : [RBCD]),
      additionalTickets: [additionalTicket],
    },
    ports,
  )
}

/** A KDC that does not know this answers with an ordinary referral, which is of no use: it is ours, not the user's. */
function checkProxyReferral({ part, referral }: CheckedReply): void {
  const value = findPaData(part.encryptedPaData, PaType.PA_PAC_OPTIONS)
  const options = value === undefined ? 0 : decodePaPacOptions(value)
  if ((options & PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION) !== 0) return
  throw refusedAcross(referral ?? '')
}

function refusedAcross(realm: string): KerberosError {
  return new KerberosError(
    'ERR_KRB_DELEGATION_REFUSED',
    `S4U2Proxy: the KDC refers us to ${realm}, but cannot delegate to services there`,
    {
      mend: 'Across realms only the service’s own list counts (PrincipalsAllowedToDelegateToAccount), and both realms need Windows Server 2012 or later, or MIT krb5 1.18 or later.',
    },
  )
}

/** A KDC would answer 13, which looks like a missing right on the service. */
function notForwardable(evidence: Evidence): KerberosError {
  const user = formatPrincipal(evidence.client, evidence.clientRealm)
  return new KerberosError(
    'ERR_KRB_NOT_FORWARDABLE',
    `the KDC does not let ${user} be delegated: the ticket to us is not forwardable`,
    NOT_FORWARDABLE.mend === undefined ? {} : { mend: NOT_FORWARDABLE.mend },
  )
}
