/**
 * Explains whom a sign-in names, step by step, as the pipeline would find it out: for `sallyport identity resolve`.
 *
 * @module
 */

import {
  describeKey,
  type AccountDirectory,
  type DirectoryAccount,
  type LookupReport,
} from '../directory/index.ts'
import { errorCode, errorMend, errorText } from '../platform/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { checkStanding } from './account-standing.ts'
import { SsoError } from './errors.ts'
import { accountRefusal } from './identity.ts'
import { checkAccountOf, loginBy, loginClaimOf, type Login } from './login.ts'
import { routeApp, type BackendPolicy, type IssuerPolicy, type Policy } from './policy.ts'

/** What is to be explained. */
export interface IdentityQuestion {
  readonly issuer: IssuerPolicy
  /** The value of the claim. */
  readonly value: string
  /** The app's delegated login identity. */
  readonly kind: string
  /** Absent: every backend of the policy that wants Kerberos is judged. */
  readonly app?: AppSettings
}

/** Where accounts are, and what was searched. */
export interface IdentityPorts {
  readonly policy: Policy
  readonly directory: AccountDirectory
  /** Filled by the directory's own reports while it looks. */
  readonly lookups: readonly LookupReport[]
  readonly nowMs: number
}

/** A refusal as it would be met. */
export interface IdentityRefusal {
  readonly code: string
  readonly message: string
  readonly mend?: string
}

/** What the policy says of one backend. */
export interface BackendVerdict {
  readonly origin: string
  readonly servicePrincipalName: string
  readonly refusal?: IdentityRefusal
}

/** Every step that was reached. */
export interface IdentityReport {
  readonly issuer: string
  readonly kind: string
  /** The claim that is taken. */
  readonly claim?: string
  readonly value: string
  /** What is looked for. */
  readonly key?: string
  /** Where it may be: realms of the issuer, suffix of the login. */
  readonly realms: readonly string[]
  readonly suffix?: string
  readonly lookups: readonly LookupReport[]
  readonly account?: DirectoryAccount
  readonly backends: readonly BackendVerdict[]
  /** Whom S4U2Self asks for. */
  readonly kerberosName?: string
  /** What the user would meet. */
  readonly refusal?: IdentityRefusal
}

function refusalOf(error: unknown): IdentityRefusal {
  const mend = errorMend(error)
  return { code: errorCode(error), message: errorText(error), ...(mend !== undefined && { mend }) }
}

function attempt<T>(step: () => T): T | IdentityRefusal {
  try {
    return step()
  } catch (error) {
    return refusalOf(error)
  }
}

function isRefusal(value: object): value is IdentityRefusal {
  return 'code' in value && 'message' in value
}

/**
 * Goes through the steps until one refuses.
 *
 * @param question - Whose sign-in, at which app.
 * @param ports - Policy and directory.
 * @returns Every step that was reached, and the refusal if there was one.
 */
export async function resolveIdentity(
  question: IdentityQuestion,
  ports: IdentityPorts,
): Promise<IdentityReport> {
  const { issuer, kind, value } = question
  const { realms } = issuer
  const about = { issuer: issuer.issuer, kind, value, realms, lookups: ports.lookups, backends: [] }
  const claim = attempt(() => loginClaimOf(issuer, kind))
  if (isRefusal(claim)) return { ...about, refusal: claim }
  const login = attempt(() => loginBy(issuer, kind, () => value))
  if (isRefusal(login)) return { ...about, claim: claim.name, refusal: login }
  const known = {
    ...about,
    claim: claim.name,
    key: describeKey(login.key),
    ...(login.suffix !== undefined && { suffix: login.suffix }),
  }
  const account = await find(login, ports)
  if (isRefusal(account)) return { ...known, refusal: account }
  return { ...known, account, ...judge(account, { question, ports, login }) }
}

async function find(
  login: Login,
  ports: IdentityPorts,
): Promise<DirectoryAccount | IdentityRefusal> {
  try {
    return await ports.directory.findAccount(login.key)
  } catch (error) {
    return refusalOf(accountRefusal(error, login.key))
  }
}

interface Judged {
  readonly question: IdentityQuestion
  readonly ports: IdentityPorts
  readonly login: Login
}

function judge(
  account: DirectoryAccount,
  { question, ports, login }: Judged,
): Pick<IdentityReport, 'backends' | 'kerberosName' | 'refusal'> {
  const standing = attempt(() => {
    checkStanding(account, ports.nowMs)
    checkAccountOf(question.issuer, account, login)
    return {}
  })
  if (isRefusal(standing)) return { backends: [], refusal: standing }
  const rows = attempt(() => backendsFor(ports.policy, question.app))
  if (isRefusal(rows)) return { backends: [], refusal: rows }
  const backends = rows.map((row) => verdictOn(row, account))
  const kerberosName = `${account.sAMAccountName}@${account.realm}`
  const [first] = backends
  const refusal = backends.every((each) => each.refusal) ? first?.refusal : undefined
  return { backends, kerberosName, ...(refusal && { refusal }) }
}

function backendsFor(policy: Policy, app: AppSettings | undefined): readonly BackendPolicy[] {
  if (app === undefined) {
    return policy.backends.filter(({ row }) => row.servicePrincipalName !== undefined)
  }
  const route = routeApp(policy, app)
  if (route.servicePrincipalName !== undefined) return [route.backend]
  throw new SsoError('ERR_SSO_POLICY_DENIED', `app ${app.id} has no Kerberos: nobody is acted for`)
}

function verdictOn(backend: BackendPolicy, account: DirectoryAccount): BackendVerdict {
  const { origin, row, mayImpersonate } = backend
  const judged = attempt(() => {
    mayImpersonate({ account, groupSids: undefined })
    return {}
  })
  const servicePrincipalName = row.servicePrincipalName ?? ''
  return { origin, servicePrincipalName, ...(isRefusal(judged) && { refusal: judged }) }
}
