/**
 * What the last stages work through.
 *
 * @module
 */

import type { Logger } from '../platform/index.ts'
import type { BackendPool } from './backend.ts'
import type { LargeTokens } from './large-tokens.ts'
import type { SsoLimits } from './limits.ts'
import type { TicketKeeper } from './tickets.ts'

/** How often what happened. */
export interface DeliveryCounts {
  tokens: number
  mutualVerified: number
  mutualAbsent: number
  /** Requests sent once more because an answer to one without a token asked for it. */
  asked: number
  retried: number
}

/** What the last stages work through. */
export interface DeliveryPorts {
  readonly backends: BackendPool
  readonly tickets: TicketKeeper | undefined
  readonly logger: Logger
  readonly limits: SsoLimits
  readonly counts: DeliveryCounts
  readonly largeTokens: LargeTokens
}
