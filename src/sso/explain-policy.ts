/**
 * Explains what the connector's policy makes of a user and an address, step by step, as the pipeline would: for
 * `sallyport policy test`.
 *
 * @module
 */

import { counted, errorCode, errorMend, errorText } from '../platform/index.ts'
import { takesTarget, type AppSettings } from '../tunnel/index.ts'
import { checkPath, rowAt } from './backend-rows.ts'
import { SsoError } from './errors.ts'
import type { BackendRow } from './policy-file.ts'
import { routeApp, type IssuerPolicy, type Policy, type Route } from './policy.ts'
import type { IdentityReport } from './resolve-identity.ts'

/** One step. */
export interface PolicyStep {
  readonly step: 'app' | 'row' | 'path' | 'signIn' | 'account' | 'fields' | 'address' | 'tls'
  readonly outcome: 'allowed' | 'refused' | 'told'
  readonly text: string
  readonly code?: string
  readonly mend?: string
}

/** What is to be explained. */
export interface PolicyQuestion {
  readonly app: AppSettings
  /** Path and query. */
  readonly target: string
  /** The value of the claim that is the login. */
  readonly user: string
}

/** What is looked at on the way. */
export interface PolicyPorts {
  readonly policy: Policy
  /** Whose sign-in it is. */
  readonly issuer: IssuerPolicy | undefined
  /** IP addresses of a name. */
  readonly resolve: (name: string) => Promise<readonly string[]>
  /** Looks the user up; undefined where the connector has no directory. */
  readonly identityOf: ((issuer: IssuerPolicy) => Promise<IdentityReport>) | undefined
}

const told = (step: PolicyStep['step'], text: string): PolicyStep => ({
  step,
  outcome: 'told',
  text,
})
const allowed = (step: PolicyStep['step'], text: string): PolicyStep => ({
  step,
  outcome: 'allowed',
  text,
})

function refused(step: PolicyStep['step'], error: unknown): PolicyStep {
  const mend = errorMend(error)
  const said = { code: errorCode(error), text: errorText(error) }
  return { step, outcome: 'refused', ...said, ...(mend !== undefined && { mend }) }
}

/**
 * The app that an address belongs to: its external URL, or else the internal one.
 *
 * @param apps - As the gateway tells them.
 * @param url - The address.
 * @returns The app, or the part of it with the longest path; undefined when there is none.
 */
export function appAt(apps: readonly AppSettings[], url: URL): AppSettings | undefined {
  const target = `${url.pathname}${url.search}`
  const length = ({ path = '' }: AppSettings): number => path.length
  for (const which of ['externalUrl', 'internalUrl'] as const) {
    const here = apps.filter((app) => URL.parse(app[which])?.origin === url.origin)
    const fit = here.filter((app) => takesTarget(app, target))
    const [found] = fit.sort((one, other) => length(other) - length(one))
    if (found !== undefined) return found
  }
  return undefined
}

function signOnOf(
  row: BackendRow | undefined,
): Pick<AppSettings, 'singleSignOn' | 'servicePrincipalName'> {
  const spn = row?.servicePrincipalName
  if (spn !== undefined) return { singleSignOn: 'kerberos', servicePrincipalName: spn }
  return { singleSignOn: row?.headerSignOn === undefined ? 'none' : 'headers' }
}

/**
 * The app that a policy row allows at an internal address, for a look without a gateway.
 *
 * @param policy - The connector's own.
 * @param url - An internal address.
 * @returns Settings as the row would have them; without a row, of an app that no row allows.
 */
export function appFromRow(policy: Policy, url: URL): AppSettings {
  const found = rowAt(policy.backends, url)
  return {
    ...{ id: '(offline)', externalUrl: `${url.origin}/`, internalUrl: `${url.origin}/` },
    preAuthentication: found?.row.preAuthentication ?? 'oidc',
    ...signOnOf(found?.row),
    ...(found?.path !== undefined && { path: found.path }),
    ...{ delegatedLoginIdentity: 'userPrincipalName', hostHeader: 'internal' },
    timeouts: { connectMs: 10_000, firstOctetMs: 85_000, idleMs: 180_000 },
  }
}

/**
 * Goes through all steps; what does not depend on a refused one is looked at all the same.
 *
 * @param question - Who, where.
 * @param ports - Policy, directory, DNS.
 * @returns The steps in order.
 */
export async function explainPolicy(
  question: PolicyQuestion,
  ports: PolicyPorts,
): Promise<readonly PolicyStep[]> {
  const { app, target } = question
  const steps = [told('app', `${app.id}: ${app.externalUrl} leads to ${app.internalUrl}`)]
  let route: Route
  try {
    route = routeApp(ports.policy, app)
  } catch (error) {
    return [...steps, refused('row', error)]
  }
  steps.push(allowed('row', rowText(route)), pathStep(route, target), ...signInSteps(route, ports))
  steps.push(...(await accountSteps(route, ports)))
  steps.push(...(await addressSteps(route, ports)), told('tls', tlsText(route)))
  return steps
}

function rowText({ backend, servicePrincipalName, headerSignOn }: Route): string {
  const how =
    servicePrincipalName ?? (headerSignOn === undefined ? 'no single sign-on' : 'headerSignOn')
  return `${backend.origin} with ${how}`
}

function pathStep({ backend }: Route, target: string): PolicyStep {
  try {
    checkPath(backend, target)
    return allowed('path', backend.row.paths === undefined ? 'every path' : target)
  } catch (error) {
    return refused('path', error)
  }
}

function strengthText({ acr, maxAgeMinutes }: Route['backend']['row']): string {
  const wants = [
    ...(acr === undefined ? [] : [`acr ${acr.join(' or ')}`]),
    ...(maxAgeMinutes === undefined ? [] : [`at most ${counted(maxAgeMinutes, 'minute')} ago`]),
  ]
  return wants.length === 0 ? '' : `; this backend wants ${wants.join(', ')}`
}

function issuerText(issuer: IssuerPolicy): string {
  const { audience, loginClaim, algorithms, maxAgeMinutes } = issuer
  const where = issuer.keys.from === 'url' ? issuer.keys.url : issuer.keys.path
  return `${issuer.issuer} (audience ${audience}, login claim ${loginClaim}, ${algorithms.join(' or ')} by ${where}), at most ${counted(maxAgeMinutes, 'minute')} old`
}

function signInSteps({ app, backend }: Route, { issuer, policy }: PolicyPorts): PolicyStep[] {
  if (app.preAuthentication === 'passthrough') {
    return [allowed('signIn', 'nobody signs in: anyone may reach it')]
  }
  if (issuer === undefined) {
    const error = new SsoError('ERR_SSO_ISSUER_UNKNOWN', 'the policy believes no issuer', {
      mend: 'Add the provider to issuers of the policy.',
    })
    return [refused('signIn', error)]
  }
  const others = policy.issuers.size - 1
  const more = others === 0 ? '' : `; the policy believes ${counted(others, 'more issuer')}`
  return [told('signIn', `by ${issuerText(issuer)}${strengthText(backend.row)}${more}`)]
}

async function accountSteps(route: Route, ports: PolicyPorts): Promise<PolicyStep[]> {
  const names = route.headerSignOn?.names ?? []
  const fields =
    names.length === 0 ? [] : [told('fields', `the backend is told ${names.join(', ')}`)]
  if (!route.wantsAccount || ports.issuer === undefined) return fields
  if (ports.identityOf === undefined) {
    const error = new SsoError('ERR_SSO_KERBEROS_ABSENT', 'this connector has no directory', {
      mend: 'Fill in kerberos and directory in connector.yaml.',
    })
    return [refused('account', error), ...fields]
  }
  try {
    return [accountStep(await ports.identityOf(ports.issuer)), ...fields]
  } catch (error) {
    return [refused('account', error), ...fields]
  }
}

function accountStep({ refusal, kerberosName, account, key }: IdentityReport): PolicyStep {
  if (refusal !== undefined) {
    const { code, message, mend } = refusal
    const said = { code, text: message, ...(mend !== undefined && { mend }) }
    return { step: 'account', outcome: 'refused', ...said }
  }
  const groups = account?.memberOf.filter((name) => /^S-1-/i.test(name)).length ?? 0
  const text = `${key ?? ''} is ${kerberosName ?? ''} (${account?.distinguishedName ?? ''}, ${counted(groups, 'group')}), who may be acted for`
  return allowed('account', text)
}

async function addressSteps({ target }: Route, { resolve }: PolicyPorts): Promise<PolicyStep[]> {
  const { hostname, allowsAddress } = target
  let addresses: readonly string[]
  try {
    addresses = await resolve(hostname)
  } catch (error) {
    return [refused('address', error)]
  }
  return addresses.map((address) => {
    if (allowsAddress(address)) return allowed('address', `${hostname} is ${address}`)
    const error = new SsoError(
      'ERR_BACKEND_ADDRESS_REFUSED',
      `${hostname} is ${address}, which the row's addresses do not allow`,
      { mend: "Correct the DNS, or list the network under addresses of the backend's row." },
    )
    return refused('address', error)
  })
}

function tlsText({ target, backend }: Route): string {
  if (target.protocol === 'http:') return 'none: http, so that whoever is on the way can read along'
  const { tls } = target
  if (tls.verify === 'off') return 'the certificate is not verified (verify: off)'
  if (tls.verify === 'pin') {
    return tls.pins.length === 1
      ? 'the public key must be the pinned one'
      : `the public key must be one of ${tls.pins.length} pins`
  }
  return `the certificate is verified by ${backend.row.tls?.ca ?? "the system's authorities"}`
}
