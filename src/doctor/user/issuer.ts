/**
 * Whether the policy lets the issuer assert this user: suffix of the login, realm of the account.
 *
 * @module
 */

import { errorText, sameName, yamlWord } from '../../platform/index.ts'
import {
  checkAssertable,
  expectedLogin,
  loginClaimOf,
  SsoError,
  type IssuerPolicy,
  type Person,
} from '../../sso/index.ts'
import { found, type Check, type Finding, type Mend } from '../check.ts'
import { rowOf } from '../issuer/gateway.ts'
import { takesOwnTicket } from './foreign.ts'
import type { UserWorld } from './world.ts'

/** By the gateway's provider; where that is not known, by any issuer of the policy. */
export const issuerCheck: Check<UserWorld> = {
  id: 'user.issuer',
  title: 'the login and the issuers of the policy',
  needs: ['user.identity'],
  async run(world) {
    const person = { account: await world.account(), login: world.login }
    const findings = (await issuersOf(world)).flatMap((issuer) => judge(world, issuer, person))
    const good = findings.filter(({ outcome }) => outcome === 'pass')
    if (good.length > 0 && good.length < findings.length) return good
    if (findings.length > 0) return findings.map((each) => withOwnTicket(world, person, each))
    return [
      found('DOCTOR_NOT_APPLICABLE', 'the policy takes no login of these apps from an issuer'),
    ]
  },
}

/** Who comes with a ticket of their own needs no issuer. */
function withOwnTicket(world: UserWorld, { account }: Person, finding: Finding): Finding {
  if (finding.outcome === 'pass' || !takesOwnTicket(world, account)) return finding
  return found('DOCTOR_USER_NOT_BY_PROVIDER', finding.message, { mends: finding.mends })
}

async function issuersOf({ issuers, signIn }: UserWorld): Promise<readonly IssuerPolicy[]> {
  const settings = await signIn()
  const row = settings && rowOf(issuers, settings.issuer)
  return row === undefined ? issuers : [row]
}

/** Kinds that the policy does not take are what app.login tells. */
function takes(issuer: IssuerPolicy, kind: string): boolean {
  try {
    loginClaimOf(issuer, kind)
    return true
  } catch (error) {
    if (error instanceof SsoError) return false
    throw error
  }
}

function judge(world: UserWorld, issuer: IssuerPolicy, person: Person): readonly Finding[] {
  const { loginKinds } = world
  const kinds = loginKinds.length > 0 ? loginKinds : issuer.loginIdentities.slice(0, 1)
  const taken = kinds.filter((kind) => takes(issuer, kind))
  const refused = taken.flatMap((kind) => refusal(issuer, kind, person))
  const [first] = refused
  if (first !== undefined) return [first]
  const message = `the policy lets ${issuer.issuer} assert ${person.login} (${taken.join(', ')})`
  return taken.length === 0 ? [] : [found('DOCTOR_USER_ASSERTABLE', message)]
}

function refusal(issuer: IssuerPolicy, kind: string, person: Person): readonly Finding[] {
  try {
    checkAssertable(issuer, kind, person)
    return []
  } catch (error) {
    if (!(error instanceof SsoError)) throw error
    const message = `${person.login} as ${kind}: ${errorText(error)}`
    const mends = [mendFor(issuer, expectedLogin(kind, person), person)]
    return [found('DOCTOR_USER_NOT_ASSERTABLE', message, { mends })]
  }
}

function mendFor(issuer: IssuerPolicy, login: string | undefined, { account }: Person): Mend {
  const { upnSuffixes, realms, issuer: name } = issuer
  const suffix = login?.includes('@') === true ? login.split('@').at(-1) : undefined
  const missing =
    suffix !== undefined &&
    upnSuffixes.length > 0 &&
    !upnSuffixes.some((each) => sameName(each, suffix))
  const list = missing
    ? `upnSuffixes: [${[...upnSuffixes, suffix].map(yamlWord).join(', ')}]`
    : `realms: [${[...realms, account.realm].join(', ')}]`
  const setting = `${list}   # policy.yaml, the issuer ${name}`
  return { text: 'Let the issuer assert such users, if it may know who they are.', setting }
}
