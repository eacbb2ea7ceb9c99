/**
 * How an app's requests are signed in at its backend: the gateway's settings with their defaults, and what the backend's
 * answers have taught.
 *
 * The policy has no say here: none of the settings lets a token go anywhere else, or lasts longer than the ticket.
 *
 * @module
 */

import type { AppSettings, SendTicket, TicketScheme, TokenFormat } from '../tunnel/index.ts'

/** Learned from answers of the backend, for all requests of one revision of the app. */
export interface Learned {
  /** Under which name the backend takes tickets. */
  scheme: TicketScheme
  /** It has answered something else than 401 to a token. */
  accepted: boolean
}

/** How an app's requests are signed in. */
export interface Sending {
  readonly when: SendTicket
  readonly format: TokenFormat
  /** Statuses that ask for a token besides 401. */
  readonly statuses: readonly number[]
  readonly replayBodies: boolean
  readonly learned: Learned
}

/**
 * Fills in the defaults.
 *
 * @param app - What the gateway says.
 * @returns All of it, with nothing learned yet.
 */
export function sendingFor(app: AppSettings): Sending {
  return {
    when: app.sendTicket ?? 'always',
    format: app.tokenFormat ?? 'spnego',
    statuses: app.ticketStatuses ?? [],
    replayBodies: app.replayBodies ?? true,
    learned: { scheme: 'negotiate', accepted: false },
  }
}
