/**
 * The part of an app in gateway.yaml that offers sign-in with Kerberos to browsers inside.
 *
 * @module
 */

import { z } from 'zod'
import { isNetwork } from './client-networks.ts'
import { text, wholeNumber } from './config-fields.ts'

/** To whom sign-in with Kerberos is offered. */
export interface FrontEndConfig {
  /** Networks of clients, as the gateway sees their addresses. */
  readonly networks: readonly string[]
  /** How long it is not offered again to a browser that could not. */
  readonly retryMinutes: number
  /** Longest wait for the connector's answer. */
  readonly acceptMs: number
  /** Tell connectors the gateway's own certificate, so that tokens that are bound to another channel are refused. */
  readonly channelBinding: boolean
}

/** frontEndKerberos of an app. */
export const frontEndSchema: z.ZodType<FrontEndConfig> = z.strictObject({
  networks: z
    .array(text('a network').refine(isNetwork, 'expected a network, such as 10.0.0.0/8'))
    .min(1, 'list at least one network')
    .max(1000, 'at most 1000 networks'),
  retryMinutes: wholeNumber(1, 1440).default(30),
  acceptMs: wholeNumber(100, 60_000).default(10_000),
  channelBinding: z.boolean('expected true or false').default(true),
})
