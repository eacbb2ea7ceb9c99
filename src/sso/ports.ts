/**
 * What goes into the pipeline, what comes out, and the ports it works through.
 *
 * @module
 */

import type { JWTVerifyGetKey } from 'jose'
import type { AccountDirectory, DirectoryAccount } from '../directory/index.ts'
import type { KerberosClient } from '../kerberos/index.ts'
import type { Clock, Logger, Random, SallyportError, SecurityLog } from '../platform/index.ts'
import type { AppSettings, CacheContents, DroppedFigures } from '../tunnel/index.ts'
import type { BackendPool } from './backend.ts'
import type { BodySource, RequestBody } from './body-source.ts'
import type { HopOptions } from './hop-options.ts'
import type { IdentityCounters } from './identity-counts.ts'
import type { SsoLimits } from './limits.ts'
import type { Policy } from './policy.ts'
import type { TokenSizes } from './token-sizes.ts'
import type { TicketCounters } from './ticket-counts.ts'

/** The ID token that a user's session stands on, and the id that requests name it by. */
export interface Proof {
  readonly id: string
  /** With the kind `assertion`: what `signIn` gave. */
  readonly idToken: string
  /** Absent: `idToken`. */
  readonly kind?: 'idToken' | 'assertion'
}

/** A browser's sign-in with Kerberos. */
export interface SignInRequest {
  /** What the browser wants. */
  readonly app: AppSettings
  /** Its parts, or what it is a part of, with settings of their own: the sign-in counts there too. Default none. */
  readonly beside?: readonly AppSettings[]
  /** What stood behind `Negotiate`. */
  readonly token: Uint8Array
  /** Application data of the browser's TLS channel, as the gateway tells it. */
  readonly channelBinding: Uint8Array | undefined
}

/** Somebody has signed in. */
export interface SignInAnswer {
  /** Proof of it, for later requests to the same app. */
  readonly assertion: string
  /** What goes back to the browser; undefined: nothing is owed. */
  readonly reply: Uint8Array | undefined
  readonly user: Pick<DirectoryAccount, 'sAMAccountName' | 'realm'>
}

/** What the host's own GSS-API library makes of a token. */
export interface Judgement {
  /** `alice@CORP.EXAMPLE` */
  readonly client: string
  readonly reply: Uint8Array | undefined
}

/** The host's own GSS-API library, where it is at hand. Rejects for a token that it does not accept. */
export type TokenJudge = (token: Uint8Array) => Promise<Judgement>

/** One request on its way to a backend. */
export interface SsoRequest {
  readonly requestId: string
  /** The same object for all requests of one revision of the app: what is derived from it is kept beside it. */
  readonly app: AppSettings
  readonly proof: Proof | undefined
  readonly method: string
  /** Origin-form. */
  readonly target: string
  /** Flat: name, value, name, value and so on. */
  readonly headers: readonly string[]
  readonly body: RequestBody
  /** Absent in nearly every request. */
  readonly hop?: HopOptions | undefined
  /** Octets of the client after a switch of protocols; present exactly when hop.upgrade is. */
  readonly afterSwitch?: BodySource | undefined
}

/** Takes the response. Exactly one of onEnd and onError is last, and nothing follows it. */
export interface ResponseSink {
  /** A head before the response's own: 103 Early Hints and the like. */
  onInterim?(status: number, headers: readonly string[]): void
  onHead(status: number, headers: readonly string[]): void
  /**
   * Takes a chunk, which may be kept.
   *
   * @returns False when the backend should pause until the call's `resume()`.
   */
  onData(chunk: Uint8Array): boolean
  /** Trailer fields, flat, right before onEnd. */
  onTrailers?(fields: readonly string[]): void
  /** After a switch of protocols: the backend sends no more, the client may. */
  onHalfEnd?(): void
  onEnd(): void
  onError(error: SallyportError): void
}

/** A request under way. */
export interface SsoCall {
  /** Goes on after `onData` returned false. */
  resume(): void
  /** The client went away: stops at once, the sink hears nothing more. */
  abort(): void
}

/** Which cached tickets are meant; without a field, all. */
export interface FlushFilter {
  /** A login as the issuer asserted it, a sAMAccountName, a UPN or a SID. */
  readonly user?: string
  readonly servicePrincipalName?: string
}

/** What the pipeline has done since it was made. */
export interface SsoCounters {
  readonly requests: number
  readonly refused: number
  /** Refusals that an honest gateway, backend and network do not bring about. */
  readonly securityEvents: number
  readonly proofsVerified: number
  /** S4U2Self exchanges asked for. */
  readonly impersonations: number
  /** S4U2Proxy exchanges asked for. */
  readonly delegations: number
  readonly tokens: number
  /** Replies whose AP-REP proved the backend's identity. */
  readonly mutualVerified: number
  /** Kerberos replies that carried no AP-REP. */
  readonly mutualAbsent: number
  /** Requests sent once more with a ticket, because the answer to the one without asked for it. */
  readonly asked: number
  /** Requests sent once more after a 401 with a Negotiate challenge to a ticket. */
  readonly retried: number
  /** The accounts; undefined without a directory. */
  readonly accounts: IdentityCounters | undefined
  /** The ticket cache and the queue before the KDCs; undefined without Kerberos. */
  readonly tickets: TicketCounters | undefined
  /** Authorization fields by app, octets: the last and the largest that was sent, the largest that a backend has read. */
  readonly tokenSizes: readonly Readonly<TokenSizes>[]
}

/** The pipeline: proof, policy, login identity, ticket, token, backend. */
export interface SsoPipeline {
  /**
   * Sends a request to its backend in the user's name.
   *
   * @param request - What the client asked.
   * @param sink - Takes the response, or the error; may be called before this returns.
   * @returns The call, to pause and abort it.
   */
  handle(request: SsoRequest, sink: ResponseSink): SsoCall
  /**
   * Says whose Negotiate token it is, and gives proof of that for later requests.
   *
   * @throws SsoError where the token, the policy or the account does not allow it; ERR_SSO_POLICY_DENIED where nobody may.
   */
  signIn(request: SignInRequest): Promise<SignInAnswer>
  /** Takes a proof that has just come: where calls are under way it is checked at once, for it may prolong one of them. */
  offer(proof: Proof): void
  /** Drops these proofs, the tickets and sockets of their users, and cuts the calls made on these proofs. */
  forget(proofIds: readonly string[]): void
  /** Drops cached identities, evidence, tickets and idle sockets; busy sockets close after their call. Says how much. */
  flush(filter: FlushFilter): DroppedFigures
  /** What the caches hold; the filter says which tickets are listed, `cacheShowEntries` how many. Nothing is used by that. */
  inspect(filter: FlushFilter): CacheContents
  readonly counters: SsoCounters
  /**
   * Ends the endless calls (connections that have switched protocols, streams of server-sent events) of apps that have
   * changed or gone; other requests end by themselves.
   *
   * @param isCurrent - Whether an app is still published as it was.
   */
  appsChanged(isCurrent: (app: AppSettings) => boolean): void
  /** From now on endless calls end as soon as no other one is under way. New calls are still taken. */
  drain(): void
  /** Cuts what is under way and closes every socket. */
  close(): Promise<void>
}

/** The part of the Kerberos client that the pipeline uses. */
export type KerberosPort = Pick<KerberosClient, 'name' | 'impersonate' | 'delegate'> &
  Partial<Pick<KerberosClient, 'tokenClock' | 'keyVersion' | 'evidenceFrom' | 'serviceKeys'>>

/** The keys of the issuers in the policy. The real one (JWKS by https, or a file) is in io/. */
export interface KeySource {
  /**
   * The function that finds the key for a token's header.
   *
   * @param issuer - An issuer of the policy.
   * @returns What jose wants; it may reject with ERR_SSO_KEYS_UNREACHABLE.
   */
  keysOf(issuer: string): JWTVerifyGetKey
  /**
   * Fetches the keys of an issuer anew; absent where they never change.
   *
   * @param issuer - An issuer of the policy.
   * @throws SsoError ERR_SSO_KEYS_UNREACHABLE; those at hand stay in use.
   */
  refresh?(issuer: string): Promise<void>
  /**
   * Takes the one who is told that an issuer has withdrawn a key, after it has gone.
   *
   * @param listener - Told of the issuer.
   */
  onKeyGone?(listener: (issuer: string) => void): void
}

/** Everything the pipeline works through. */
export interface PipelinePorts {
  readonly policy: Policy
  readonly keys: KeySource
  /** Undefined: apps without Kerberos only. */
  readonly kerberos: KerberosPort | undefined
  /** Undefined: apps without Kerberos only. */
  readonly directory: AccountDirectory | undefined
  readonly backends: BackendPool
  /** Looks at browsers' tokens too; both must agree. */
  readonly judge?: TokenJudge | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Where lies are written down. Default: lines of the logger. */
  readonly security?: Pick<SecurityLog, 'report' | 'count' | 'close'> | undefined
  readonly limits?: Partial<SsoLimits>
}
