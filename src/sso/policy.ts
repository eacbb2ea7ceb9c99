/**
 * The connector's own policy, ready for use: default deny, and origin and SPN bound together (design, invariant 4).
 *
 * Pure: a checked file and the texts it names in, decisions out.
 *
 * @module
 */

import type { AppSettings } from '../tunnel/index.ts'
import { addressRule } from './addresses.ts'
import { findBackend, rowKey } from './backend-rows.ts'
import type { BackendTarget, BackendTls } from './backend.ts'
import { SsoError } from './errors.ts'
import { signOnNames, type SignOnNames } from './header-sign-on/fields.ts'
import { HeaderSignOn } from './header-sign-on/sign-on.ts'
import type { FrontEndKerberosRow } from './front-end-policy.ts'
import type { BackendRow, IssuerRow, PolicyFile } from './policy-file.ts'
import { sendingFor, type Sending } from './sending.ts'
import { impersonationRule, type ImpersonationRule } from './privileged.ts'

/** Where an issuer's public keys come from. */
export type IssuerKeys =
  | {
      readonly from: 'url'
      readonly url: string
      /** PEM; undefined: the system's roots. */ readonly ca: string | undefined
    }
  | {
      readonly from: 'file'
      /** A JSON Web Key Set. */ readonly json: string
      readonly path: string
    }

/** An issuer row, with its keys' source. */
export interface IssuerPolicy extends IssuerRow {
  readonly keys: IssuerKeys
}

/** A backend row, with what was derived from it. */
export interface BackendPolicy {
  readonly row: BackendRow
  readonly origin: string
  readonly tls: BackendTls
  readonly allowsAddress: (address: string) => boolean
  readonly mayImpersonate: ImpersonationRule
  /** With header-based single sign-on. */
  readonly headerSignOn: HeaderSignOn | undefined
  /** The row has acr or maxAgeMinutes. */
  readonly wantsStrength: boolean
}

/** The whole policy. */
export interface Policy {
  readonly issuers: ReadonlyMap<string, IssuerPolicy>
  readonly backends: readonly BackendPolicy[]
  /** Undefined: nobody signs in with Kerberos at the gateway. */
  readonly frontEnd?: FrontEndKerberosRow | undefined
}

/** What the policy makes of an app: where its requests go, and with which SPN. */
export interface Route {
  readonly app: AppSettings
  readonly backend: BackendPolicy
  readonly target: BackendTarget
  /** With Kerberos: the SPN as the policy row spells it. */
  readonly servicePrincipalName: string | undefined
  /** With header fields: who makes them. */
  readonly headerSignOn: HeaderSignOn | undefined
  /** Fields that name users at this origin, whichever row says so; undefined where there are none. */
  readonly signOnNames: SignOnNames | undefined
  /** Whether the user's account must be known. */
  readonly wantsAccount: boolean
  /** What the Host header says. */
  readonly host: string
  /** How requests are signed in. */
  readonly sending: Sending
}

/** Reads a text file that the policy names. */
export type ReadText = (path: string) => string

function compileKeys(row: IssuerRow, readText: ReadText): IssuerKeys {
  if (row.keysFile !== undefined)
    return { from: 'file', json: readText(row.keysFile), path: row.keysFile }
  const ca = row.ca === undefined ? undefined : readText(row.ca)
  return { from: 'url', url: row.jwksUrl ?? '', ca }
}

function compileTls(row: BackendRow, readText: ReadText): BackendTls {
  const { tls } = row
  if (tls?.verify !== undefined) return { verify: 'off' }
  if (tls?.pin !== undefined)
    return { verify: 'pin', pins: tls.pin.map((pin) => pin.toLowerCase()) }
  return { verify: 'ca', ca: tls?.ca === undefined ? undefined : readText(tls.ca) }
}

function compileHeaderSignOn(
  { headerSignOn: row }: BackendRow,
  origin: string,
  readText: ReadText,
): HeaderSignOn | undefined {
  const keyPem = row?.assertion && readText(row.assertion.keyFile)
  return row && new HeaderSignOn(row, origin, keyPem)
}

function compileBackend(row: BackendRow, file: PolicyFile, readText: ReadText): BackendPolicy {
  const users = [...file.neverImpersonate.users, ...row.neverImpersonate.users]
  const groups = [...file.neverImpersonate.groups, ...row.neverImpersonate.groups]
  const { origin } = new URL(row.origin)
  return {
    row,
    origin,
    tls: compileTls(row, readText),
    allowsAddress: addressRule(row.addresses),
    wantsStrength: row.acr !== undefined || row.maxAgeMinutes !== undefined,
    mayImpersonate: impersonationRule({ users, groups, allowPrivileged: row.allowPrivileged }),
    headerSignOn: compileHeaderSignOn(row, origin, readText),
  }
}

/**
 * Makes a checked policy file ready for use.
 *
 * @param file - What `policySchema` made of policy.yaml.
 * @param readText - Reads the files it names (`ca`, `keysFile`, `keyFile`).
 * @returns The policy.
 * @throws What readText throws; SsoError ERR_SSO_POLICY_DENIED when two rows say the same origin, sign-on and paths, or two
 *   issuers have the same name; ERR_SSO_SIGNING_KEY.
 */
export function compilePolicy(file: PolicyFile, readText: ReadText): Policy {
  const issuers = new Map<string, IssuerPolicy>()
  for (const row of file.issuers) {
    if (issuers.has(row.issuer)) throw duplicate(`issuer ${row.issuer}`)
    issuers.set(row.issuer, { ...row, keys: compileKeys(row, readText) })
  }
  const seen = new Set<string>()
  const backends = file.backends.map((row) => {
    const backend = compileBackend(row, file, readText)
    const key = rowKey(backend.origin, row)
    if (seen.has(key)) throw duplicate(`backend ${key}`)
    seen.add(key)
    return backend
  })
  return { issuers, backends, frontEnd: file.frontEndKerberos }
}

function duplicate(what: string): SsoError {
  return new SsoError('ERR_SSO_POLICY_DENIED', `the policy lists ${what} twice`, {
    mend: 'Keep one of the two rows.',
  })
}

function denied(app: AppSettings, reason: string, mend: string): SsoError {
  return new SsoError('ERR_SSO_POLICY_DENIED', `app ${app.id}: ${reason}`, { mend })
}

/** RFC 9110 section 7.2: the host with the port, unless it is the scheme's own. */
function hostHeaderOf(app: AppSettings): string {
  return new URL(app.hostHeader === 'external' ? app.externalUrl : app.internalUrl).host
}

function checkSignIn(app: AppSettings, backend: BackendPolicy): void {
  if (app.preAuthentication !== 'passthrough') return
  if (app.singleSignOn !== 'none') {
    throw denied(
      app,
      `passthrough and ${app.singleSignOn} exclude each other`,
      'Set preAuthentication to oidc.',
    )
  }
  if (backend.row.preAuthentication !== 'passthrough') {
    throw denied(
      app,
      `the connector's policy wants a sign-in for ${backend.origin}`,
      'Set preAuthentication: passthrough in the row of this backend, if anyone may reach it.',
    )
  }
}

/**
 * Where the requests of a row go.
 *
 * @param url - An address at the row's origin.
 * @param backend - The row: address rule and TLS are its own.
 * @param timeouts - How long is waited.
 * @returns The target.
 */
export function backendTarget(
  url: URL,
  backend: Pick<BackendPolicy, 'tls' | 'allowsAddress'>,
  timeouts: BackendTarget['timeouts'],
): BackendTarget {
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:'
  const port = url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port)
  const { tls, allowsAddress } = backend
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return { protocol, hostname, port, tls, allowsAddress, timeouts }
}

function namesAt(policy: Policy, origin: string): readonly string[] {
  const here = policy.backends.filter((backend) => backend.origin === origin)
  return here.flatMap(({ headerSignOn }) => headerSignOn?.names ?? [])
}

/**
 * Asks the policy about an app.
 *
 * @param policy - The connector's own.
 * @param app - What the gateway says about the app.
 * @returns Where its requests go.
 * @throws SsoError ERR_SSO_POLICY_DENIED, saying which row is missing.
 */
export function routeApp(policy: Policy, app: AppSettings): Route {
  const url = URL.parse(app.internalUrl)
  if (url === null || URL.parse(app.externalUrl) === null) {
    throw denied(app, 'internalUrl or externalUrl is not a URL', 'Mend the app in the gateway.')
  }
  const backend = findBackend(policy.backends, app, url.origin)
  checkSignIn(app, backend)
  const { headerSignOn } = backend
  return {
    app,
    backend,
    target: backendTarget(url, backend, app.timeouts),
    servicePrincipalName:
      app.singleSignOn === 'kerberos' ? backend.row.servicePrincipalName : undefined,
    headerSignOn,
    signOnNames: signOnNames(namesAt(policy, backend.origin)),
    wantsAccount: app.singleSignOn === 'kerberos' || headerSignOn?.wantsAccount === true,
    host: hostHeaderOf(app),
    sending: sendingFor(app),
  }
}

/**
 * Asks the policy whether a connection may be switched to another protocol.
 *
 * @param route - Where it leads.
 * @param protocol - Lower case.
 * @throws SsoError ERR_SSO_POLICY_DENIED when the app or the row of the backend does not list it.
 */
export function checkUpgrade({ app, backend }: Route, protocol: string): void {
  const mend = `List ${protocol} under upgrades, in the app and in the row of this backend, if that is what you want.`
  if (app.upgrades !== undefined && !app.upgrades.includes(protocol)) {
    throw denied(app, `the app may not switch to ${protocol}`, mend)
  }
  if (backend.row.upgrades.includes(protocol)) return
  throw denied(app, `the connector's policy does not let it switch to ${protocol}`, mend)
}
