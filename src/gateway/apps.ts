/**
 * The published apps, found by the Host of a request.
 *
 * @module
 */

import { sendingOf, type AppSettings } from '../tunnel/index.ts'
import type { AppConfig } from './config-apps.ts'
import { originsOf, UrlTranslator } from './url-translation.ts'

/** An app with everything that can be known before its first request. */
export interface AppRoute {
  readonly app: AppConfig
  readonly translator: UrlTranslator
  /** `https://host[:port]` */
  readonly externalOrigin: string
  /** `host[:port]`, lower case, without :443. */
  readonly externalHost: string
  /** Without the port. */
  readonly externalHostname: string
  /** What the backend gets as Host. */
  readonly backendHost: string
  readonly kerberos: boolean
  readonly signIn: boolean
  /** Protocols that a connection may be switched to, lower case. */
  readonly upgrades: ReadonlySet<string>
  /** Origins whose pages may switch protocols in the user's name. */
  readonly upgradeOrigins: ReadonlySet<string>
}

function routeOf(app: AppConfig, all: readonly AppConfig[]): AppRoute {
  const external = new URL(app.externalUrl)
  const externalOrigin = originsOf(app).external
  return {
    app,
    translator: new UrlTranslator(app, all),
    externalOrigin,
    externalHost: external.host,
    externalHostname: external.hostname,
    backendHost: app.hostHeader === 'external' ? external.host : new URL(app.internalUrl).host,
    kerberos: app.singleSignOn === 'kerberos',
    signIn: app.preAuthentication === 'oidc',
    upgrades: new Set(app.upgrades),
    upgradeOrigins: new Set([externalOrigin, ...app.upgradeOrigins]),
  }
}

/** All published apps. */
export class Apps {
  readonly #byHost = new Map<string, AppRoute>()
  readonly #all: readonly AppConfig[]

  constructor(apps: readonly AppConfig[]) {
    this.#all = apps
    for (const app of apps) {
      const route = routeOf(app, apps)
      this.#byHost.set(route.externalHost, route)
    }
  }

  /**
   * The app that a request is for.
   *
   * @param host - The Host field.
   * @returns Its route, or undefined when no app is published there.
   */
  find(host: string): AppRoute | undefined {
    return this.#byHost.get(host) ?? this.#byHost.get(host.toLowerCase().replace(/\.?(:443)?$/, ''))
  }

  /** The connector groups that apps name. */
  groups(): ReadonlySet<string> {
    return new Set(this.#all.map((app) => app.connectorGroup))
  }

  /**
   * What connectors of a group are told.
   *
   * @param group - The connector group.
   * @returns The settings of the group's apps, without who may use them.
   */
  settingsFor(group: string): readonly AppSettings[] {
    return this.#all.filter((app) => app.connectorGroup === group).map(settingsOf)
  }
}

function settingsOf(app: AppConfig): AppSettings {
  const { id, externalUrl, internalUrl, preAuthentication, singleSignOn } = app
  const { servicePrincipalName, delegatedLoginIdentity, hostHeader, timeouts, upgrades } = app
  return {
    ...{ id, externalUrl, internalUrl, preAuthentication, singleSignOn },
    ...(servicePrincipalName !== undefined && { servicePrincipalName }),
    ...{ delegatedLoginIdentity, hostHeader, timeouts, upgrades },
    ...sendingOf(app),
  }
}
