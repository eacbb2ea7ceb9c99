/**
 * A ticket with what it takes to use it: what exchanges get, credential caches hold, tokens are made of and acceptors find.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import type { PrincipalName } from '../messages/index.ts'

/** A ticket and all that is needed to use it. Its octets are its own copies. */
export interface ServiceTicket {
  /** Whom the ticket names. */
  readonly client: PrincipalName
  /** The client's realm. */
  readonly clientRealm: string
  /** For which service. */
  readonly server: PrincipalName
  /** The service's realm. */
  readonly serverRealm: string
  /** DER of the Ticket. */
  readonly ticket: Uint8Array
  /** Key that client and service share. */
  readonly sessionKey: EncryptionKey
  /** TicketFlags as an unsigned 32-bit number, bit 0 the highest. */
  readonly flags: number
  /** When the client authenticated, milliseconds since the epoch. */
  readonly authTimeMs: number
  /** From when on it is valid. */
  readonly startTimeMs: number
  /** Until when it is valid. */
  readonly endTimeMs: number
  /** Until when it can be renewed. */
  readonly renewTillMs?: number | undefined
  /** Of a ticket-granting ticket: whether its KDC armours requests (FAST), as the KDC said under encryption; undefined: it did not say. */
  readonly fastAvailable?: boolean | undefined
}
