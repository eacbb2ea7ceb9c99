/**
 * The delegated login identity: which account in the directory the signed-in user is. Five kinds are those of Microsoft
 * Entra application proxy, two ask for the account's identifiers, and the policy may define more for each issuer.
 *
 * @module
 */

import { encodeSid, parseGuid, type AccountKey, type DirectoryAccount } from '../directory/index.ts'
import { sameName } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import { LOGIN_IDENTITIES, type LoginIdentity } from './login-identities.ts'
import type { IssuerPolicy } from './policy.ts'
import type { Verdict } from './proof.ts'

/** A login as the issuer asserted it, and the account it names. */
export interface Login {
  readonly login: string
  /** Suffix of a user principal name as it was written; undefined for logins of another kind. */
  readonly suffix: string | undefined
  readonly key: AccountKey
}

/** Which claim of an issuer's tokens names the account. */
export interface LoginClaim {
  readonly name: string
  /** Makes a key of its value. */
  readonly keyOf: (value: string) => Omit<Login, 'login'>
}

/** Active Directory's own limit for a userPrincipalName. */
const MAX_LOGIN_LENGTH = 1024

function refused(reason: string, mend: string): SsoError {
  return new SsoError('ERR_SSO_LOGIN_REFUSED', reason, { mend })
}

/** The one value of a claim. Only an array of one text is as good as the text: which of several is meant, nobody knows. */
function onlyValue(issuer: IssuerPolicy, claim: unknown, name: string): string {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  const [value] = values
  if (claim === undefined || values.length === 0 || value === '') {
    throw refused(
      `the ID token has no claim ${name}, which the policy takes as the login`,
      `Have ${issuer.issuer} put ${name} into ID tokens, or name another claim in the policy.`,
    )
  }
  if (values.length > 1) {
    throw refused(
      `claim ${name} has ${values.length} values, and any of them could be the login`,
      `Have ${issuer.issuer} send one value, or name another claim in the policy.`,
    )
  }
  if (typeof value === 'string') return value
  throw refused(
    `claim ${name} is not a text`,
    `Have ${issuer.issuer} send it as a text: a number loses its leading zeros, and nested claims are not looked into.`,
  )
}

function loginOf(issuer: IssuerPolicy, claim: unknown, name: string): string {
  const value = onlyValue(issuer, claim, name)
  // Control characters, half a character and an over-long value are nobody's name.
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  const strange = /[\u0000-\u001f\u007f]/.test(value) || !value.isWellFormed()
  if (!strange && value.length <= MAX_LOGIN_LENGTH) return value
  throw refused(
    `claim ${name} is not a login name`,
    'Look at the account in the identity provider.',
  )
}

/** The part after the last '@'; undefined without one. */
function suffixOf(login: string): string | undefined {
  const at = login.lastIndexOf('@')
  return at > 0 && at < login.length - 1 ? login.slice(at + 1) : undefined
}

function mayAssertSuffix(issuer: IssuerPolicy, suffix: string): boolean {
  return issuer.upnSuffixes.some((allowed) => sameName(allowed, suffix))
}

function checkedSuffix(issuer: IssuerPolicy, login: string): string {
  const suffix = suffixOf(login)
  if (suffix === undefined) {
    throw refused(
      `the login '${login}' is not a user principal name`,
      'Choose another delegatedLoginIdentity for the app.',
    )
  }
  if (issuer.upnSuffixes.length === 0 || mayAssertSuffix(issuer, suffix)) return suffix
  throw refused(
    `the issuer ${issuer.issuer} may not assert logins of @${suffix}`,
    `Add ${suffix} to upnSuffixes of this issuer in the connector's policy, if that is what you want.`,
  )
}

type KeyOf = (issuer: IssuerPolicy, value: string) => Omit<Login, 'login'>

const byUserPrincipalName: KeyOf = (issuer, value) => {
  const suffix = checkedSuffix(issuer, value)
  return { suffix, key: { by: 'userPrincipalName', value, realms: issuer.realms } }
}

const byNamePart: KeyOf = (issuer, login) => {
  const suffix = checkedSuffix(issuer, login)
  const value = login.slice(0, login.lastIndexOf('@'))
  return { suffix, key: { by: 'sAMAccountName', value, realms: issuer.realms, suffix } }
}

const byAccountName: KeyOf = ({ realms }, value) => {
  if (suffixOf(value) === undefined) {
    return { suffix: undefined, key: { by: 'sAMAccountName', value, realms } }
  }
  throw refused(
    `the login '${value}' is not a sAMAccountName`,
    'Name the claim that holds it as onPremisesSAMAccountNameClaim in the policy.',
  )
}

const bySid: KeyOf = ({ realms }, value) => {
  try {
    encodeSid(value)
  } catch {
    throw refused(
      `the login '${value}' is not a SID`,
      'Name the claim that holds S-1-5-21-… as sidClaim.',
    )
  }
  return { suffix: undefined, key: { by: 'sid', value: value.toUpperCase(), realms } }
}

const byGuid: KeyOf = ({ realms }, login) => {
  const value = parseGuid(login)
  if (value !== undefined) return { suffix: undefined, key: { by: 'objectGUID', value, realms } }
  throw refused(
    `the login '${login}' is not an objectGUID, neither as text nor as base64 (ImmutableID)`,
    'Name the claim that holds it as objectGUIDClaim in the policy.',
  )
}

/** Each kind: the field of the issuer's row that names its claim, and what is made of the value. */
const KINDS: Readonly<
  Record<LoginIdentity, { claim: (issuer: IssuerPolicy) => string | undefined; keyOf: KeyOf }>
> = {
  userPrincipalName: { claim: (issuer) => issuer.loginClaim, keyOf: byUserPrincipalName },
  userPrincipalUsername: { claim: (issuer) => issuer.loginClaim, keyOf: byNamePart },
  onPremisesUserPrincipalName: {
    claim: (issuer) => issuer.onPremisesUserPrincipalNameClaim ?? issuer.loginClaim,
    keyOf: byUserPrincipalName,
  },
  onPremisesUserPrincipalUsername: {
    claim: (issuer) => issuer.onPremisesUserPrincipalNameClaim ?? issuer.loginClaim,
    keyOf: byNamePart,
  },
  onPremisesSAMAccountName: {
    claim: (issuer) => issuer.onPremisesSAMAccountNameClaim ?? issuer.loginClaim,
    keyOf: byAccountName,
  },
  sid: { claim: (issuer) => issuer.sidClaim, keyOf: bySid },
  objectGUID: { claim: (issuer) => issuer.objectGUIDClaim, keyOf: byGuid },
}

/**
 * What an issuer's tokens name an account by. That is the policy's choice: the gateway only picks among what it lists.
 *
 * @param issuer - Who asserts.
 * @param kind - The app's delegated login identity.
 * @returns The claim, and what its value means.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED for a kind that the policy does not take from this issuer.
 */
export function loginClaimOf(issuer: IssuerPolicy, kind: string): LoginClaim {
  const custom = issuer.loginAttributes.find(({ name }) => name === kind)
  if (custom !== undefined) {
    const { claim, template, inGlobalCatalog } = custom
    const { realms } = issuer
    const keyOf = (value: string): Omit<Login, 'login'> => {
      return { suffix: undefined, key: { by: 'filter', value, template, inGlobalCatalog, realms } }
    }
    return { name: claim, keyOf }
  }
  const listed = issuer.loginIdentities.find((each) => each === kind)
  const claim = listed && KINDS[listed].claim(issuer)
  if (listed !== undefined && claim !== undefined) {
    return { name: claim, keyOf: (value) => KINDS[listed].keyOf(issuer, value) }
  }
  throw refused(
    `the policy does not take ${kind} from the issuer ${issuer.issuer}`,
    !Object.hasOwn(KINDS, kind)
      ? `Define ${kind} under loginAttributes of this issuer in the connector's policy, or choose one of ${LOGIN_IDENTITIES.join(', ')}.`
      : `Add ${kind} to loginIdentities of this issuer in the connector's policy, if no two people can share such a name; ` +
          'where its claim is another than the login, name that too.',
  )
}

/**
 * Finds out whom the value of a claim names.
 *
 * @param issuer - Who asserts.
 * @param kind - The app's delegated login identity.
 * @param valueOf - The value of the claim with this name.
 * @returns The login and the account's key in the directory.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED without the claim, or when the issuer may not assert it in this way.
 */
export function loginBy(
  issuer: IssuerPolicy,
  kind: string,
  valueOf: (claim: string) => unknown,
): Login {
  const claim = loginClaimOf(issuer, kind)
  const login = loginOf(issuer, valueOf(claim.name), claim.name)
  return { login, ...claim.keyOf(login) }
}

/** Logins by proof and kind: a proof's claims do not change. */
const known = new WeakMap<Verdict, Map<string, Login>>()

/** Who signed in with Kerberos is known by the SID in the ticket, whatever the app would make of a provider's claims. */
function acceptedLogin(verdict: Verdict): Login {
  let logins = known.get(verdict)
  if (logins === undefined) known.set(verdict, (logins = new Map<string, Login>()))
  let login = logins.get('')
  if (login === undefined) {
    const { subject, issuer, claims } = verdict
    const { realm } = claims
    // That of the ticket: other domains need not be asked, nor be up.
    const realms = typeof realm === 'string' ? [realm] : issuer.realms
    login = { login: subject, ...bySid({ ...issuer, realms }, subject) }
    logins.set('', login)
  }
  return login
}

/**
 * Finds out whom a proof names. Worked out once for each kind.
 *
 * @param verdict - A proof that was found good.
 * @param kind - The app's delegated login identity.
 * @returns The login and the account's key in the directory.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED without the claim, or when the issuer may not assert it in this way.
 */
export function loginFrom(verdict: Verdict, kind: string): Login {
  if (verdict.accepted !== undefined) return acceptedLogin(verdict)
  let logins = known.get(verdict)
  if (logins === undefined) known.set(verdict, (logins = new Map<string, Login>()))
  let login = logins.get(kind)
  if (login === undefined) {
    const { claims, issuer } = verdict
    login = loginBy(issuer, kind, (claim) =>
      Object.hasOwn(claims, claim) ? claims[claim] : undefined,
    )
    logins.set(kind, login)
  }
  return login
}

/**
 * Checks that the issuer may assert the account which was found, not just its name.
 *
 * @param issuer - Who asserts.
 * @param account - What the directory has.
 * @param login - The login as asserted.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED.
 */
export function checkAccountOf(
  issuer: IssuerPolicy,
  account: DirectoryAccount,
  login: Pick<Login, 'suffix'>,
): void {
  if (issuer.realms.length > 0) {
    if (issuer.realms.some((realm) => sameName(realm, account.realm))) return
    throw refused(
      `the issuer ${issuer.issuer} may not assert accounts of realm ${account.realm}`,
      "Add the realm to realms of this issuer in the connector's policy, if that is what you want.",
    )
  }
  // Without realms the suffix is the limit: of the login itself, or of the account when the login has none.
  const suffix = login.suffix ?? suffixOf(account.userPrincipalName ?? '')
  if (suffix !== undefined && mayAssertSuffix(issuer, suffix)) return
  throw refused(
    `the issuer ${issuer.issuer} may not assert ${account.sAMAccountName}: its UPN suffix is not listed`,
    "List the realm under realms of this issuer in the connector's policy, if that is what you want.",
  )
}
