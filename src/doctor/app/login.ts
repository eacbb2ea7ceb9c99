/**
 * The app's delegated login identity against what the policy takes from its issuers.
 *
 * @module
 */

import {
  LOGIN_IDENTITIES,
  loginClaimOf,
  SsoError,
  type IssuerPolicy,
  type LoginIdentity,
} from '../../sso/index.ts'
import { found, type Check, type Finding, type Mend } from '../check.ts'
import type { AppWorld } from './world.ts'

const CLAIM_SETTINGS: Readonly<Partial<Record<LoginIdentity, string>>> = {
  sid: 'sidClaim',
  objectGUID: 'objectGUIDClaim',
}

/** Does the policy take the kind from an issuer? */
export const loginCheck: Check<AppWorld> = {
  id: 'app.login',
  title: 'delegated login identity',
  needs: ['app.policy'],
  run: (world) => Promise.resolve([judge(world)]),
}

function judge(world: AppWorld): Finding {
  const { app, issuers } = world
  const { delegatedLoginIdentity: kind } = app
  if (!world.route().wantsAccount || app.preAuthentication !== 'oidc') {
    return found('DOCTOR_NOT_APPLICABLE', 'no account is looked up by what a provider asserts')
  }
  const [first] = issuers
  if (first === undefined) return found('DOCTOR_NOT_APPLICABLE', 'the policy lists no issuer')
  const taken = issuers.flatMap((issuer) => claimOf(issuer, kind))
  if (taken.length > 0) return found('DOCTOR_APP_LOGIN', `${kind} is ${taken.join(', ')}`)
  const names = issuers.map(({ issuer }) => issuer).join(', ')
  const message = `the app’s delegatedLoginIdentity is ${kind}, which the policy takes from no issuer (${names})`
  return found('DOCTOR_APP_LOGIN_KIND', message, { mends: [mendFor(first, kind)] })
}

function claimOf(issuer: IssuerPolicy, kind: string): readonly string[] {
  try {
    return [`the claim ${loginClaimOf(issuer, kind).name} of ${issuer.issuer}`]
  } catch (error) {
    if (error instanceof SsoError) return []
    throw error
  }
}

function mendFor({ issuer, loginIdentities }: IssuerPolicy, kind: string): Mend {
  const head = `issuers:   # policy.yaml\n  - issuer: ${issuer}`
  const known = LOGIN_IDENTITIES.find((each) => each === kind)
  if (known === undefined) {
    const row = `{ name: ${kind}, claim: <claim>, attribute: <LDAP attribute> }`
    const text =
      'Define the kind, if no two people can share such a name; or correct it at the app.'
    return { text, setting: `${head}\n    loginAttributes:\n      - ${row}` }
  }
  const claim = CLAIM_SETTINGS[known]
  const claimLine = claim === undefined ? '' : `\n    ${claim}: <claim>`
  const kinds = [...new Set([...loginIdentities, known])].join(', ')
  const text =
    'Take the kind from the issuer, if no two people can share such a name; or choose another at the app.'
  return { text, setting: `${head}${claimLine}\n    loginIdentities: [${kinds}]` }
}
