/**
 * The two control messages of a sign-in with Kerberos at the gateway: a browser's token in, a word for the user out.
 * PROTOCOL.md section 8.1.
 *
 * @module
 */

import { z } from 'zod'

/** Gateway to connector: who is the user of this Negotiate token? Only to a connector that announced `negotiate`. */
export interface AcceptMessage {
  readonly type: 'accept'
  /** Names the question; free again once it is answered. */
  readonly id: string
  /** The app that the browser wants. */
  readonly app: string
  /** What stood behind `Negotiate`, base64, at most 65 536 octets. */
  readonly token: string
  /** The application data of the browser's TLS channel (`tls-server-end-point:` and the hash), base64. */
  readonly channelBinding?: string
}

/** Connector to gateway: the answer to `accept`. Either the assertion is there, or code and message are. */
export interface AcceptedMessage {
  readonly type: 'accepted'
  readonly id: string
  /** For later `proof` messages of kind `assertion`: a compact JWS whose payload the gateway may read. */
  readonly assertion?: string
  /** What goes back to the browser behind `Negotiate`, base64. */
  readonly reply?: string
  /** Why not, as in a reset. */
  readonly code?: string
  readonly message?: string
}

/** Longest proof: an assertion, or a provider's ID token. A longer one would end the tunnel, and everybody's requests with it. */
export const MAX_PROOF_LENGTH = 65_536

const id = z.string().min(1).max(128)
const base64 = (octets: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(Math.ceil(octets / 3) * 4)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/)

/** The shape of `accept`. */
export const acceptSchema: z.ZodType<AcceptMessage> = z.object({
  type: z.literal('accept'),
  id,
  app: id,
  token: base64(65_536),
  channelBinding: base64(256).exactOptional(),
})

/** The shape of `accepted`. */
export const acceptedSchema: z.ZodType<AcceptedMessage> = z
  .object({
    type: z.literal('accepted'),
    id,
    assertion: z.string().min(1).max(MAX_PROOF_LENGTH).exactOptional(),
    reply: base64(65_536).exactOptional(),
    code: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
      .exactOptional(),
    message: z.string().max(1024).exactOptional(),
  })
  .refine((value) => (value.assertion === undefined) !== (value.code === undefined), {
    path: ['assertion'],
  })
