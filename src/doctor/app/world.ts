/**
 * What the checks of an app may ask.
 *
 * @module
 */

import type { ServiceTicket } from '../../kerberos/index.ts'
import type { IssuerPolicy, Route } from '../../sso/index.ts'
import type { AppSettings } from '../../tunnel/index.ts'
import type { BackendAnswer, BackendQuestion, ProbeToken } from '../backend.ts'
import type { HeaderRoom } from '../header-room.ts'
import type { PeerFacts } from '../tls-facts.ts'

/** What the checks of one app may ask. */
export interface AppWorld {
  readonly app: AppSettings
  readonly nowMs: number
  /** Where the app leads by the policy. Throws SsoError. */
  route(): Route
  /** Origins with SPNs that the policy has rows for. */
  readonly rows: readonly {
    readonly origin: string
    readonly servicePrincipalName?: string | undefined
  }[]
  /** Issuers that the policy lists. */
  readonly issuers: readonly IssuerPolicy[]
  /** By the resolver that the connector uses. Rejects. */
  addresses(host: string): Promise<readonly string[]>
  /** The name that a CNAME leads to. */
  aliasOf(host: string): Promise<string | undefined>
  /** Opens and closes a TCP connection to an address that the policy allows; the milliseconds it took. */
  connect(address: string, port: number, signal: AbortSignal): Promise<number>
  /** TLS without verification; nothing is sent. */
  peek(
    place: {
      host: string
      port: number
      name: string
      ca?: string | undefined
      alpn?: readonly string[]
    },
    signal: AbortSignal,
  ): Promise<PeerFacts>
  /** Opens a verified connection as the connector does, asks for the app's first page, and closes. Rejects with SsoError or an error of node. */
  ask(route: Route, question: BackendQuestion, signal: AbortSignal): Promise<BackendAnswer>
  /** What is known of the header fields that the app's backend takes. */
  headerRoom(): HeaderRoom
  /** A ticket of the connector's own account; undefined without Kerberos. */
  ticket(spn: string, signal: AbortSignal): Promise<ServiceTicket | undefined>
  /** A fresh token. */
  token(ticket: ServiceTicket, channelBinding: Uint8Array | undefined): ProbeToken
}
