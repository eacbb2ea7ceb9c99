/**
 * Control messages: JSON in CONTROL frames, beside the streams. PROTOCOL.md section 8.
 *
 * A message of an unknown type is passed over, so that a newer peer may send more; one of a known type that breaks
 * its shape, or that comes from the wrong side, is a protocol violation.
 *
 * @module
 */

import { z } from 'zod'
import {
  acceptedSchema,
  acceptSchema,
  MAX_PROOF_LENGTH,
  type AcceptedMessage,
  type AcceptMessage,
} from './control-sign-in.ts'
import {
  cacheFilter,
  flushedSchema,
  inspectedSchema,
  inspectSchema,
  MAX_SPN_LENGTH,
  type FlushedMessage,
  type InspectedMessage,
  type InspectMessage,
} from './control-cache.ts'
import { TunnelError } from './errors.ts'
import { sendingFields, type SendingSettings } from './sending-settings.ts'

/** Which end of the tunnel: only the gateway opens streams, only the connector dials. */
export type TunnelRole = 'gateway' | 'connector'

/** One published app, as the gateway tells it to a connector. */
export interface AppSettings extends SendingSettings {
  readonly id: string
  /** Origin and base path, without a query. */
  readonly externalUrl: string
  /** Origin and base path, without a query. */
  readonly internalUrl: string
  readonly preAuthentication: 'oidc' | 'passthrough'
  /** `headers`: the connector's own policy says which fields name the user. */
  readonly singleSignOn: 'kerberos' | 'headers' | 'none'
  /** Required with `kerberos`. */
  readonly servicePrincipalName?: string
  /** One of Entra's kinds, `sid`, `objectGUID`, or a name that the connector's own policy defines. */
  readonly delegatedLoginIdentity: string
  readonly hostHeader: 'internal' | 'external'
  /** Only requests under this path are the app's: it is one of an app's `paths`. */
  readonly path?: string
  readonly timeouts: {
    readonly connectMs: number
    readonly firstOctetMs: number
    readonly idleMs: number
    /** How long nothing may pass on a connection that has switched protocols. Absent: an hour. */
    readonly upgradedIdleMs?: number
  }
  /** Protocols that a connection may be switched to, lower case. Absent: websocket alone. */
  readonly upgrades?: readonly string[]
}

/** With whom people sign in at the gateway. A connector compares, and believes its own policy alone. */
export interface SignInSettings {
  /** The provider's issuer, as gateway.yaml has it. */
  readonly issuer: string
  /** Who the gateway is at the provider: the audience of its ID tokens. */
  readonly clientId: string
}

/** Gateway to connector: the whole list of apps of its group, at once after HELLO and on every change. */
export interface AppsMessage {
  readonly type: 'apps'
  readonly revision: number
  readonly apps: readonly AppSettings[]
  /** Absent: nobody signs in with a provider, or the gateway is older. */
  readonly signIn?: SignInSettings
}

/** Gateway to connector: a proof of sign-in, before the first OPEN that names it. A refreshed token gets a new id. */
export interface ProofMessage {
  readonly type: 'proof'
  readonly id: string
  /** An ID token; with the kind `assertion` what this very connector gave in `accepted`. */
  readonly idToken: string
  /** Absent: `idToken`. */
  readonly kind?: 'idToken' | 'assertion'
}

/** Gateway to connector: drop these proofs and all that was done in their name (sign-out, revocation). */
export interface ForgetMessage {
  readonly type: 'forget'
  readonly proofs: readonly string[]
}

/** Gateway to connector: drop cached tickets, of one user or service or of all. */
export interface FlushMessage {
  readonly type: 'flush'
  /** Asks for an answer, of a connector that announced `flushed`. */
  readonly id?: string
  readonly user?: string
  readonly servicePrincipalName?: string
}

/** Connector to gateway: what it is and whether its Kerberos works. */
export interface StatusMessage {
  readonly type: 'status'
  readonly version: string
  readonly kerberos: {
    readonly ready: boolean
    readonly principal?: string
    readonly problem?: string
  }
}

/** Gateway to connector: how many registered connectors are the account that it says it is, itself included. */
export interface AccountMessage {
  readonly type: 'account'
  /** As the connector wrote it in its status. */
  readonly principal: string
  readonly connectors: number
}

/** Everything that goes beside the streams. */
export type ControlMessage =
  | AppsMessage
  | ProofMessage
  | ForgetMessage
  | FlushMessage
  | FlushedMessage
  | StatusMessage
  | AccountMessage
  | AcceptMessage
  | AcceptedMessage
  | InspectMessage
  | InspectedMessage

type ControlType = ControlMessage['type']

/** A name of a delegated login identity: 1 to 64 letters, digits, `-` and `_`, a letter first. */
export const LOGIN_IDENTITY: RegExp = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** A path of an app: plain, so that it can be compared. No query, no empty or dot segments, nothing encoded. */
export const APP_PATH: RegExp =
  /^(?!.*(?:\/\/|\/\.{1,2}(?:\/|$)))\/[A-Za-z0-9._~!$&'()*+,=:@/-]{1,1023}$/

/** Longest id of an app, in messages and in OPEN frames, and longest URL of one. */
export const MAX_APP_ID_LENGTH = 128
export const MAX_APP_URL_LENGTH = 2048

const id = z.string().min(1).max(MAX_APP_ID_LENGTH)
/** As long as gateway.yaml lets it be. */
const setting = z.string().min(1).max(4096)
const milliseconds = z.number().int().min(1).max(86_400_000)

const appSchema: z.ZodType<AppSettings> = z.object({
  id,
  externalUrl: z.string().min(1).max(MAX_APP_URL_LENGTH),
  internalUrl: z.string().min(1).max(MAX_APP_URL_LENGTH),
  preAuthentication: z.enum(['oidc', 'passthrough']),
  singleSignOn: z.enum(['kerberos', 'headers', 'none']),
  servicePrincipalName: z.string().min(1).max(MAX_SPN_LENGTH).exactOptional(),
  delegatedLoginIdentity: z.string().regex(LOGIN_IDENTITY),
  hostHeader: z.enum(['internal', 'external']),
  path: z.string().regex(APP_PATH).exactOptional(),
  timeouts: z
    .object({
      connectMs: milliseconds,
      firstOctetMs: milliseconds,
      idleMs: milliseconds,
      upgradedIdleMs: milliseconds.exactOptional(),
    })
    .readonly(),
  ...sendingFields,
  upgrades: z.array(z.string().min(1).max(64)).max(16).readonly().exactOptional(),
})

const schemas: Readonly<Record<ControlType, z.ZodType<ControlMessage>>> = {
  apps: z.object({
    type: z.literal('apps'),
    revision: z.number().int().min(0),
    apps: z.array(appSchema).max(10_000).readonly(),
    signIn: z.object({ issuer: setting, clientId: setting }).readonly().exactOptional(),
  }),
  proof: z.object({
    type: z.literal('proof'),
    id,
    idToken: z.string().min(1).max(MAX_PROOF_LENGTH),
    kind: z.enum(['idToken', 'assertion']).exactOptional(),
  }),
  forget: z.object({
    type: z.literal('forget'),
    proofs: z.array(id).max(10_000).readonly(),
  }),
  flush: z.object({ type: z.literal('flush'), id: id.exactOptional(), ...cacheFilter }),
  flushed: flushedSchema,
  status: z.object({
    type: z.literal('status'),
    version: z.string().max(64),
    kerberos: z
      .object({
        ready: z.boolean(),
        principal: z.string().max(1024).exactOptional(),
        problem: z.string().max(1024).exactOptional(),
      })
      .readonly(),
  }),
  account: z.object({
    type: z.literal('account'),
    principal: z.string().min(1).max(1024),
    connectors: z.number().int().min(1).max(1_000_000),
  }),
  accept: acceptSchema,
  accepted: acceptedSchema,
  inspect: inspectSchema,
  inspected: inspectedSchema,
}

const SENDER: Readonly<Record<ControlType, TunnelRole>> = {
  apps: 'gateway',
  proof: 'gateway',
  forget: 'gateway',
  flush: 'gateway',
  flushed: 'connector',
  status: 'connector',
  account: 'gateway',
  accept: 'gateway',
  accepted: 'connector',
  inspect: 'gateway',
  inspected: 'connector',
}

function typeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined
  return typeof value.type === 'string' ? value.type : undefined
}

function parseJson(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets))
  } catch {
    // The parser's own message quotes the text, which may hold a token: it is not kept as the cause.
    throw new TunnelError('ERR_TUNNEL_CONTROL', 'control message is not JSON in UTF-8')
  }
}

/**
 * Encodes a control message.
 *
 * @param message - What to say.
 * @returns JSON in UTF-8.
 */
export function encodeControl(message: ControlMessage): Uint8Array {
  return Buffer.from(JSON.stringify(message), 'utf8')
}

/**
 * Decodes and checks a control message.
 *
 * @param octets - Payload of a CONTROL frame.
 * @param sender - Which side sent it.
 * @returns The message, or undefined when its type is unknown here.
 * @throws TunnelError ERR_TUNNEL_CONTROL for anything else, naming the field.
 */
export function decodeControl(octets: Uint8Array, sender: TunnelRole): ControlMessage | undefined {
  const value = parseJson(octets)
  const type = typeOf(value)
  if (type === undefined) {
    throw new TunnelError('ERR_TUNNEL_CONTROL', 'control message has no type')
  }
  if (!Object.hasOwn(schemas, type)) return undefined
  const known = type as ControlType
  if (SENDER[known] !== sender) {
    throw new TunnelError('ERR_TUNNEL_CONTROL', `control message '${known}' is not the ${sender}'s`)
  }
  const result = schemas[known].safeParse(value)
  if (result.success) return result.data
  const where = result.error.issues[0]?.path.join('.') ?? ''
  throw new TunnelError(
    'ERR_TUNNEL_CONTROL',
    `control message '${known}' is malformed at '${where}'`,
  )
}
