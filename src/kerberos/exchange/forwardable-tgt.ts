/**
 * Delegation wants a forwardable ticket-granting ticket of ours; a KDC's refusal does not say so.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { TicketFlag } from '../iana/index.ts'
import { formatPrincipal } from '../messages/index.ts'
import type { ServiceTicket } from './types.ts'

/**
 * Makes sure that a ticket-granting ticket may be used for delegation.
 *
 * @param tgt - Ours.
 * @throws KerberosError ERR_KRB_NOT_FORWARDABLE when it may not.
 */
export function checkForwardable({ flags, client, clientRealm }: ServiceTicket): void {
  if ((flags & TicketFlag.FORWARDABLE) !== 0) return
  const name = formatPrincipal(client, clientRealm)
  throw new KerberosError(
    'ERR_KRB_NOT_FORWARDABLE',
    `the ticket-granting ticket of ${name} itself is not forwardable, so nothing can be delegated with it`,
    {
      mend: `For a credential cache run kinit -f ${name} (or forwardable = true in krb5.conf); else the KDC withholds it from the account, as from Protected Users.`,
    },
  )
}
