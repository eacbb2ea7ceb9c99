/**
 * A published app, as gateway.yaml says it.
 *
 * @module
 */

import type { AppSettings } from '../tunnel/index.ts'
import type { CorsConfig } from './cors.ts'
import type { FrontEndConfig } from './front-end-config.ts'

/** Who may use an app. Nothing listed: nobody. */
export interface AllowRule {
  /** Any signed-in user. */
  readonly everyone?: true
  /** Login names, compared without regard to case. */
  readonly users?: readonly string[]
  /** Groups of the groups claim, compared exactly. */
  readonly groups?: readonly string[]
  /** Claims that must all be there, each with one of the listed values. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

/** A published app: what its connectors are told, and what only the gateway needs to know. */
export interface AppConfig extends AppSettings {
  readonly connectorGroup: string
  readonly allow: AllowRule
  /** Protocols that a connection may be switched to, lower case. */
  readonly upgrades: readonly string[]
  /** Other origins whose pages may switch protocols in the user's name. The app's own always may. */
  readonly upgradeOrigins: readonly string[]
  /** Other origins whose scripts may call the app. Absent: none, as far as the gateway is asked. */
  readonly cors?: CorsConfig
  /** Authentication contexts, one of which a sign-in must have reached. Absent: any. */
  readonly acr?: readonly string[]
  /** Longest time since the user typed a password, minutes. Absent: `oidc.maxAgeSeconds` alone. */
  readonly maxAgeMinutes?: number
  /** Browsers inside are offered sign-in with Kerberos. Absent: none is. */
  readonly frontEndKerberos?: FrontEndConfig
}
