/**
 * The published apps, found by the Host of a request.
 *
 * @module
 */

import { TargetPath, targetRule, type AppSettings } from '../tunnel/index.ts'
import type { AppConfig } from './app-config.ts'
import { networkRule } from './client-networks.ts'
import type { StepUp } from './oidc.ts'
import { stepUpOf } from './step-up.ts'
import { settingsFor } from './told-apps.ts'
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
  /** Whether a client's address is one to which sign-in with Kerberos is offered. */
  readonly isInside: (address: string) => boolean
  /** Protocols that a connection may be switched to, lower case. */
  readonly upgrades: ReadonlySet<string>
  /** Origins whose pages may switch protocols in the user's name. */
  readonly upgradeOrigins: ReadonlySet<string>
  /** What it wants of a sign-in; undefined: nothing more than the others. */
  readonly stepUp: StepUp | undefined
  /** Whether a request to its host is its, by the path. */
  readonly takes: (target: TargetPath) => boolean
  /** Parts of the app with settings of their own, the longest path first; undefined where there are none. */
  readonly parts: readonly AppRoute[] | undefined
}

function partsOf(app: AppConfig, all: readonly AppConfig[]): readonly AppRoute[] | undefined {
  if (app.path !== undefined) return undefined
  const length = ({ path = '' }: AppConfig): number => path.length
  const parts = all
    .filter((other) => other.path !== undefined && other.externalUrl === app.externalUrl)
    .sort((one, other) => length(other) - length(one))
  return parts.length === 0 ? undefined : parts.map((part) => routeOf(part, all))
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
    isInside: networkRule(app.frontEndKerberos?.networks ?? []),
    upgrades: new Set(app.upgrades),
    upgradeOrigins: new Set([externalOrigin, ...app.upgradeOrigins]),
    takes: targetRule(app),
    parts: partsOf(app, all),
    stepUp: stepUpOf(app),
  }
}

/** All published apps. */
export class Apps {
  readonly #byHost = new Map<string, AppRoute>()
  readonly #all: readonly AppConfig[]

  constructor(apps: readonly AppConfig[]) {
    this.#all = apps
    for (const app of apps.filter(({ path }) => path === undefined)) {
      const route = routeOf(app, apps)
      this.#byHost.set(route.externalHost, route)
    }
  }

  /**
   * The app that a request is for.
   *
   * @param host - The Host field.
   * @param target - The request's target.
   * @returns Its route, or that of a part of it; undefined when no app is published there.
   */
  find(host: string, target = '/'): AppRoute | undefined {
    const route =
      this.#byHost.get(host) ?? this.#byHost.get(host.toLowerCase().replace(/\.?(:443)?$/, ''))
    if (route?.parts === undefined) return route
    const path = new TargetPath(target)
    return route.parts.find(({ takes }) => takes(path)) ?? route
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
    return settingsFor(this.#all, group)
  }
}
