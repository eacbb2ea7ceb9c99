/**
 * What connectors are told of the apps of their group. All of it is one message (PROTOCOL.md section 8): what it cannot hold is
 * refused with the configuration, since every connector of the group would end its tunnel over it.
 *
 * @module
 */

import {
  DEFAULT_LIMITS,
  encodeControl,
  sendingOf,
  type AppSettings,
  type SignInSettings,
} from '../tunnel/index.ts'
import type { AppConfig } from './app-config.ts'

function settingsOf(app: AppConfig): AppSettings {
  const { id, externalUrl, internalUrl, preAuthentication, singleSignOn, path } = app
  const { servicePrincipalName, delegatedLoginIdentity, hostHeader, timeouts, upgrades } = app
  return {
    ...{ id, externalUrl, internalUrl, preAuthentication, singleSignOn },
    ...(servicePrincipalName !== undefined && { servicePrincipalName }),
    ...{ delegatedLoginIdentity, hostHeader, timeouts, upgrades },
    ...(path !== undefined && { path }),
    ...sendingOf(app),
  }
}

/**
 * The settings of a group's apps, without who may use them.
 *
 * @param apps - All that are published.
 * @param group - The connector group.
 * @returns What its connectors are told.
 */
export function settingsFor(apps: readonly AppConfig[], group: string): readonly AppSettings[] {
  return apps.filter((app) => app.connectorGroup === group).map(settingsOf)
}

/**
 * Why the apps of some group cannot be told to its connectors.
 *
 * @param apps - All that are published.
 * @param signIn - With whom people sign in, where they do.
 * @returns Words for who configures them; undefined where all is well.
 */
export function tellingFault(
  apps: readonly AppConfig[],
  signIn: SignInSettings | undefined,
): string | undefined {
  const most = DEFAULT_LIMITS.maxControlOctets
  for (const group of new Set(apps.map((app) => app.connectorGroup))) {
    const told = { apps: settingsFor(apps, group), ...(signIn && { signIn }) }
    const { length } = encodeControl({ type: 'apps', revision: 1, ...told })
    if (length > most) {
      return `what connectors of the group '${group}' are told has ${length} octets, and a message holds ${most}: spread the apps over more connector groups`
    }
  }
  return undefined
}
