/**
 * What the ticket caches hold, are asked for and work through.
 *
 * @module
 */

import type { Evidence, Initiator } from '../kerberos/index.ts'
import type { Clock, Logger, Random } from '../platform/index.ts'
import type { AcceptedSignIn } from './accepted-sign-ins.ts'
import type { Identity, RefusalListener } from './identity.ts'
import type { BackendPolicy } from './policy.ts'
import type { KerberosPort } from './ports.ts'

/** What an evidence ticket and a service ticket have in common here. */
export interface Kept {
  readonly identity: Identity
  /** The newest sign-in that it serves. */
  signedInMs: number
  readonly fetchedMs: number
  /** Whoever uses it from then on has it renewed, and waits for nothing. Infinity while that is under way. */
  refreshFromMs: number
  /** Not used from then on, whatever happens. */
  readonly endMs: number
}

/** An evidence ticket (S4U2Self). */
export interface KeptEvidence extends Kept {
  readonly evidence: Evidence
  /** Policy rows that were asked about the PAC's groups and did not object. */
  readonly cleared: WeakSet<BackendPolicy>
}

/** A service ticket (S4U2Proxy), with all that tokens made from it share. */
export interface PreparedTicket extends Kept {
  readonly spn: string
  readonly initiator: Initiator
  readonly evidence: KeptEvidence
  readonly octets: number
  /** When a request last went on with it. */
  usedMs: number
}

/** For whom, to where, and since when the user is signed in. */
export interface TicketWish {
  readonly identity: Identity
  readonly backend: BackendPolicy
  readonly spn: string
  readonly signedInMs: number
  /** The user has signed in with Kerberos: that very ticket is the evidence, where it is forwardable. */
  readonly accepted?: AcceptedSignIn | undefined
}

/** What the caches work through. */
export interface TicketPorts {
  readonly kerberos: KerberosPort
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A KDC said no: the user's other tickets and sockets end too. */
  readonly onRefused: RefusalListener
}
