/**
 * S4U2Proxy (MS-SFU 3.1.5.2): a ticket to a service in the name of the user of an evidence ticket.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { KdcOption, PacOption, PaType } from '../iana/index.ts'
import { encodePaPacOptions, formatPrincipal, type PrincipalName } from '../messages/index.ts'
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
  const checked = yield* tgsExchange(
    {
      exchange: 'S4U2Proxy',
      tgt,
      sname,
      client: { cname: evidence.client, crealm: evidence.clientRealm },
      kdcOptions: KdcOption.CNAME_IN_ADDL_TKT,
      padata: () => [RBCD],
      additionalTickets: [evidence.ticket],
    },
    ports,
  )
  return checked.ticket
}

/** A KDC would answer 13, which looks like a missing right on the service. */
function notForwardable(evidence: Evidence): KerberosError {
  const user = formatPrincipal(evidence.client, evidence.clientRealm)
  return new KerberosError(
    'ERR_KRB_NOT_FORWARDABLE',
    `the KDC does not let ${user} be delegated: the S4U2Self ticket is not forwardable`,
    {
      mend: 'Allow the connector protocol transition (samba-tool delegation for-any-protocol, or "use any authentication protocol"), and check that the user is neither sensitive nor in Protected Users.',
    },
  )
}
