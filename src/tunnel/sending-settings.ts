/**
 * How an app's requests are signed in at its backend: when the ticket is sent, in which form, and what may be sent twice.
 * All of it is optional on the wire, so that older peers understand each other. PROTOCOL.md section 8.
 *
 * @module
 */

import { z } from 'zod'

/** When a request carries a token. */
export type SendTicket = 'always' | 'on401' | 'oncePerConnection'

/** What a token is: SPNEGO with Kerberos inside (RFC 4178), or the Kerberos token alone (RFC 4121 section 4.1). */
export type TokenFormat = 'spnego' | 'kerberos'

/** The settings. They matter with `singleSignOn: kerberos` alone. */
export interface SendingSettings {
  /** Default `always`. */
  readonly sendTicket?: SendTicket
  /** Default `spnego`. */
  readonly tokenFormat?: TokenFormat
  /** With `on401`: further statuses that ask for a token, besides 401 with a challenge. Default none. */
  readonly ticketStatuses?: readonly number[]
  /** Whether a request with a small body may be sent once more after such an answer. Default true. */
  readonly replayBodies?: boolean
}

/** Statuses that can stand for "sign in first": redirects to a login page and refusals. */
const ticketStatus = z.number().int().min(300).max(499)

/** The fields of the settings in a message or a file. */
export const sendingFields: {
  readonly sendTicket: z.ZodExactOptional<z.ZodType<SendTicket>>
  readonly tokenFormat: z.ZodExactOptional<z.ZodType<TokenFormat>>
  readonly ticketStatuses: z.ZodExactOptional<z.ZodType<readonly number[]>>
  readonly replayBodies: z.ZodExactOptional<z.ZodType<boolean>>
} = {
  sendTicket: z
    .enum(['always', 'on401', 'oncePerConnection'], {
      error: 'expected always, on401 or oncePerConnection',
    })
    .exactOptional(),
  tokenFormat: z
    .enum(['spnego', 'kerberos'], { error: 'expected spnego or kerberos' })
    .exactOptional(),
  ticketStatuses: z
    .array(ticketStatus, { error: 'expected a list of statuses, such as [403]' })
    .min(1)
    .max(16)
    .exactOptional(),
  replayBodies: z.boolean({ error: 'expected true or false' }).exactOptional(),
}

/**
 * The settings of an app, without what is not set.
 *
 * @param settings - Of the app, with whatever else it has.
 * @returns The settings alone.
 */
export function sendingOf(settings: SendingSettings): SendingSettings {
  const { sendTicket, tokenFormat, ticketStatuses, replayBodies } = settings
  return {
    ...(sendTicket !== undefined && { sendTicket }),
    ...(tokenFormat !== undefined && { tokenFormat }),
    ...(ticketStatuses !== undefined && { ticketStatuses }),
    ...(replayBodies !== undefined && { replayBodies }),
  }
}
