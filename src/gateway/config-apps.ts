/**
 * The `apps` of gateway.yaml: what is published, to whom, and how the user is known inside.
 *
 * @module
 */

import { z } from 'zod'
import { LOGIN_IDENTITY, MAX_APP_ID_LENGTH, sendingFields, sendingOf } from '../tunnel/index.ts'
import {
  identifier,
  originUrl,
  servicePrincipalName,
  text,
  upgradeProtocol,
  wholeNumber,
} from './config-fields.ts'
import type { AllowRule, AppConfig } from './app-config.ts'
import { isOwnTarget } from './browser-request.ts'
import { corsSchema } from './cors.ts'
import { frontEndSchema } from './front-end-config.ts'
import { isAppPath, partOf, whole, type PathOverride } from './path-overrides.ts'

const MAX_TIMEOUT_MS = 86_400_000
const timeoutMs = wholeNumber(1, MAX_TIMEOUT_MS)

const allowSchema: z.ZodType<AllowRule> = z.strictObject({
  everyone: z.literal(true, 'only `everyone: true` has a meaning here').exactOptional(),
  users: z.array(text('a login name')).exactOptional(),
  groups: z.array(text('a group')).exactOptional(),
  claims: z
    .record(z.string(), z.array(text('a claim value')).min(1, 'list at least one value'))
    .exactOptional(),
})

/** An app as it is written, with the parts that differ. */
interface WrittenApp extends AppConfig {
  readonly paths: readonly PathOverride[]
}

const singleSignOn = z.enum(['kerberos', 'headers', 'none'], 'expected kerberos, headers or none')
const preAuthentication = z.enum(['oidc', 'passthrough'], 'expected oidc or passthrough')
const delegatedLoginIdentity = z
  .string('expected the name of a delegated login identity')
  .regex(
    LOGIN_IDENTITY,
    'expected userPrincipalName, onPremisesUserPrincipalName, userPrincipalUsername, ' +
      'onPremisesUserPrincipalUsername, onPremisesSAMAccountName, sid, objectGUID, ' +
      "or a name that the connector's policy defines under loginAttributes",
  )
const timeouts = z.strictObject({
  connectMs: timeoutMs.default(10_000),
  firstOctetMs: timeoutMs.default(85_000),
  idleMs: timeoutMs.default(180_000),
  upgradedIdleMs: timeoutMs.default(3_600_000),
})

const pathSchema: z.ZodType<PathOverride> = z.strictObject({
  path: text('a path')
    .refine(
      isAppPath,
      'expected a path such as /public/, without a query, encoded characters or dot segments',
    )
    .refine((path) => !isOwnTarget(path), "the gateway's own pages are under /.sallyport/"),
  preAuthentication: preAuthentication.exactOptional(),
  singleSignOn: singleSignOn.exactOptional(),
  servicePrincipalName: servicePrincipalName.exactOptional(),
  delegatedLoginIdentity: delegatedLoginIdentity.exactOptional(),
  allow: allowSchema.exactOptional(),
  timeouts: timeouts.exactOptional(),
  ...sendingFields,
})

const appSchema: z.ZodType<WrittenApp> = z.strictObject({
  id: identifier,
  externalUrl: originUrl(['https:']),
  internalUrl: originUrl(['http:', 'https:']),
  preAuthentication: preAuthentication.default('oidc'),
  singleSignOn: singleSignOn.default('none'),
  servicePrincipalName: servicePrincipalName.exactOptional(),
  delegatedLoginIdentity: delegatedLoginIdentity.default('userPrincipalName'),
  connectorGroup: identifier.default('default'),
  hostHeader: z.enum(['internal', 'external'], 'expected internal or external').default('internal'),
  allow: allowSchema.default({}),
  acr: z
    .array(text('an authentication context').regex(/^[\x21-\x7e]+$/, 'must not hold spaces'))
    .min(1, 'list at least one')
    .max(16, 'list at most 16')
    .exactOptional(),
  maxAgeMinutes: wholeNumber(1, 43_200).exactOptional(),
  timeouts: timeouts.prefault({}),
  ...sendingFields,
  upgrades: z.array(upgradeProtocol).max(16, 'at most 16 protocols').default(['websocket']),
  upgradeOrigins: z
    .array(originUrl(['https:', 'http:']).transform((url) => new URL(url).origin))
    .default([]),
  cors: corsSchema.exactOptional(),
  frontEndKerberos: frontEndSchema.exactOptional(),
  paths: z.array(pathSchema).max(100, 'at most 100 paths').default([]),
})

/** A fault in an app: the field, and what is wrong with it. */
interface Fault {
  readonly field: string
  readonly message: string
}

function sendingFaults(app: AppConfig): readonly Fault[] {
  if (app.singleSignOn !== 'kerberos') {
    const message = 'has no effect without singleSignOn: kerberos'
    return Object.keys(sendingOf(app)).map((field) => ({ field, message }))
  }
  if (app.ticketStatuses === undefined || app.sendTicket === 'on401') return []
  return [{ field: 'ticketStatuses', message: 'has no effect without sendTicket: on401' }]
}

/** What says something about users, where nobody signs in. */
function passthroughFaults(app: AppConfig): readonly Fault[] {
  const message = 'has no effect with preAuthentication: passthrough, where nobody signs in'
  const said = [
    { field: 'acr', isSaid: app.acr !== undefined },
    { field: 'maxAgeMinutes', isSaid: app.maxAgeMinutes !== undefined },
    { field: 'cors', isSaid: app.cors !== undefined },
    { field: 'frontEndKerberos', isSaid: app.frontEndKerberos !== undefined },
    { field: 'allow', isSaid: Object.keys(app.allow).length > 0 },
  ]
  return said.filter(({ isSaid }) => isSaid).map(({ field }) => ({ field, message }))
}

function faultsOf(app: AppConfig): readonly Fault[] {
  const faults: Fault[] = []
  const kerberos = app.singleSignOn === 'kerberos'
  const passthrough = app.preAuthentication === 'passthrough'
  if (app.singleSignOn !== 'none' && passthrough) {
    faults.push({
      field: 'singleSignOn',
      message: `${app.singleSignOn} needs a signed-in user: use preAuthentication: oidc, or singleSignOn: none`,
    })
  }
  if (kerberos && app.servicePrincipalName === undefined) {
    faults.push({
      field: 'servicePrincipalName',
      message: 'missing; singleSignOn: kerberos needs the name of the service, e.g. HTTP/host',
    })
  }
  faults.push(...sendingFaults(app))
  if (passthrough) faults.push(...passthroughFaults(app))
  return faults
}

function repeated(apps: readonly AppConfig[], field: 'id' | 'externalUrl'): readonly number[] {
  const seen = new Set<string>()
  return apps.flatMap((app, index) => {
    const known = seen.has(app[field])
    seen.add(app[field])
    return known ? [index] : []
  })
}

/** An open app with closed parts would be open by every spelling of them that is not thought of. */
function pathFaults(app: WrittenApp): readonly (Fault & { readonly at: number })[] {
  return app.paths.flatMap((override, at) => {
    const part = partOf(whole(app), override)
    const faults = [...faultsOf(part)]
    if (part.id.length > MAX_APP_ID_LENGTH) {
      const message = `with the app's id and a colon before it, it has more than ${MAX_APP_ID_LENGTH} characters`
      faults.push({ field: 'path', message })
    }
    if (app.paths.findIndex(({ path }) => path === override.path) !== at) {
      faults.push({ field: 'path', message: 'another part above has this path' })
    }
    if (app.preAuthentication === 'passthrough' && part.preAuthentication !== 'passthrough') {
      faults.push({
        field: 'preAuthentication',
        message:
          'a part of a passthrough app cannot ask for a sign-in: use preAuthentication: oidc for the app, and list what is open under paths',
      })
    }
    return faults.map((fault) => ({ ...fault, at }))
  })
}

function checkApps(apps: readonly WrittenApp[], context: z.RefinementCtx): void {
  const refuse = (path: readonly (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: [...path], message })
  }
  apps.forEach((app, index) => {
    for (const { field, message } of faultsOf(whole(app))) refuse([index, field], message)
    for (const { at, field, message } of pathFaults(app))
      refuse([index, 'paths', at, field], message)
  })
  for (const index of repeated(apps, 'id')) refuse([index, 'id'], 'another app above has this id')
  for (const index of repeated(apps, 'externalUrl')) {
    refuse([index, 'externalUrl'], 'another app above has this external URL')
  }
}

/** The list of apps, with the rules that span fields and apps; the parts of an app follow it. */
export const appsSchema: z.ZodType<readonly AppConfig[]> = z
  .array(appSchema)
  .min(1, 'list at least one app')
  .max(10_000, 'at most 10000 apps')
  .superRefine(checkApps)
  .transform((apps) =>
    apps.flatMap((app) => [whole(app), ...app.paths.map((part) => partOf(whole(app), part))]),
  )
