/**
 * A token for one request on one socket: in the form and under the scheme that the backend takes, bound to the socket's
 * certificate.
 *
 * @module
 */

import type { InitiatorToken } from '../kerberos/index.ts'
import type { Channel } from './backend.ts'
import { bindingOf } from './channel-binding.ts'
import type { Route } from './policy.ts'
import type { PreparedTicket } from './ticket-types.ts'

/**
 * Makes a token. The channel remembers by whom.
 *
 * @param ticket - For this user and service.
 * @param channel - The socket that the request will travel on.
 * @param route - Where it goes.
 * @returns The token, for one request alone.
 * @throws KerberosError ERR_KRB_CHANNEL_BINDING.
 */
export function createBackendToken(
  ticket: PreparedTicket,
  channel: Channel,
  route: Route,
): InitiatorToken {
  const { sending, backend } = route
  const raw = sending.format === 'kerberos' || sending.learned.scheme === 'kerberos'
  const mechanism = raw ? 'krb5' : 'spnego'
  const mutual = backend.row.mutualAuthentication !== 'off'
  const channelBinding = bindingOf(channel)
  channel.signer = ticket.initiator
  return ticket.initiator.createToken(
    channelBinding === undefined ? { mutual, mechanism } : { mutual, mechanism, channelBinding },
  )
}
