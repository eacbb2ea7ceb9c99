/**
 * What the requests under way share, and what one of them is made of.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Logger } from '../../platform/index.ts'
import type { ActiveExchanges } from '../active-exchanges.ts'
import type { AppRoute } from '../apps.ts'
import type { BrowserLimits } from '../config.ts'
import type { LiveConnectors } from '../live-connectors.ts'
import type { StepUp } from '../oidc.ts'
import type { OpenSession } from '../open-session.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** What all exchanges share. */
export interface ExchangePorts {
  readonly connectors: LiveConnectors
  readonly active: ActiveExchanges
  readonly limits: BrowserLimits
  /** Told once a second of a session whose request still moves octets: it is in use, and its token is kept fresh. */
  readonly stillUsed: (session: OpenSession) => void
  /** Told once a second of a session whose request waits, or whose connection is silent: its token is kept fresh. */
  readonly stillOpen: (session: OpenSession) => void
  /**
   * A session by Kerberos is of no use at its connector any more: ends it, and answers with the sign-in.
   */
  readonly signInAgain: (admitted: AdmittedRequest, code: string) => void
  /** The policy inside wants a stronger or fresher sign-in than gateway.yaml says: answers with that sign-in. */
  readonly stepUp: (admitted: AdmittedRequest, wish: StepUp) => void
  readonly clock: Clock
  readonly logger: Logger
}

/** An admitted request. */
export interface AdmittedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly route: AppRoute
  /** Absent in passthrough apps. */
  readonly session: OpenSession | undefined
  readonly requestId: string
  readonly clientAddress: string
  /** Present when the browser asks to switch protocols. */
  readonly upgrade: UpgradeRequest | undefined
  /** Further fields of the answer, flat: a session that has just begun. */
  readonly fields?: readonly string[] | undefined
  /** Fields of the answer that let a page of another origin read it, flat. */
  readonly crossOrigin?: readonly string[] | undefined
}
