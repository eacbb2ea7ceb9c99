/**
 * Tokens that doctor shows to backends.
 *
 * @module
 */

import type { ProbeToken } from '../doctor/index.ts'
import {
  formatNegotiate,
  Initiator,
  type KerberosClient,
  type ServiceTicket,
} from '../kerberos/index.ts'
import { systemRandom } from '../platform/io/index.ts'

/**
 * Makes a token.
 *
 * @param client - By whose clock: corrected for the KDC's.
 * @param ticket - For the backend.
 * @param channelBinding - Of the connection; undefined: none.
 * @returns The token.
 */
export function probeToken(
  client: KerberosClient,
  ticket: ServiceTicket,
  channelBinding: Uint8Array | undefined,
): ProbeToken {
  const ports = { clock: client.tokenClock(ticket.serverRealm), random: systemRandom }
  const options = channelBinding === undefined ? {} : { channelBinding }
  const made = new Initiator(ticket, ports).createToken(options)
  return {
    authorization: formatNegotiate(made.token),
    verify: (reply) => {
      made.verifyReply(reply)
    },
  }
}
