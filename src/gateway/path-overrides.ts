/**
 * `paths` of an app in gateway.yaml: parts of it that are signed in otherwise, or not at all.
 *
 * Each becomes an app of its own, for the connector's policy too: what opens a path to everybody is open nowhere else.
 *
 * @module
 */

import { APP_PATH, sendingFields } from '../tunnel/index.ts'
import type { AppConfig } from './app-config.ts'

/** A part of an app, and what differs there. */
export type PathOverride = { readonly path: string } & Partial<
  Omit<AppConfig, 'id' | 'externalUrl' | 'internalUrl' | 'hostHeader' | 'connectorGroup' | 'path'>
>

const SIGN_IN_ONLY = ['acr', 'maxAgeMinutes', 'cors', 'frontEndKerberos']
const KERBEROS_ONLY = ['servicePrincipalName', ...Object.keys(sendingFields)]

function without<T extends object>(object: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))) as T
}

/**
 * An app without its parts.
 *
 * @param app - As written.
 * @returns Its own settings.
 */
export function whole(app: AppConfig & { readonly paths: readonly PathOverride[] }): AppConfig {
  return without<AppConfig>(app, ['paths'])
}

/**
 * The app that a part of an app is.
 *
 * @param app - The whole one.
 * @param override - What differs.
 * @returns Its settings; its id is the app's with the path behind a colon.
 */
export function partOf(app: AppConfig, override: PathOverride): AppConfig {
  const open = override.preAuthentication === 'passthrough'
  const part: AppConfig = {
    ...(open ? without(app, SIGN_IN_ONLY) : app),
    ...(open ? { singleSignOn: 'none', allow: {} } : {}),
    ...override,
    id: `${app.id}:${override.path}`,
  }
  // What the whole app says of Kerberos means nothing where a part signs in otherwise.
  const inherited = KERBEROS_ONLY.filter((name) => !Object.hasOwn(override, name))
  return part.singleSignOn === 'kerberos' ? part : without(part, inherited)
}

/** Whether a path may be given: what it cannot hold could not be compared. */
export function isAppPath(path: string): boolean {
  return APP_PATH.test(path)
}
