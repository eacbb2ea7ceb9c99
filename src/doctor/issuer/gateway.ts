/**
 * With whom people sign in at the gateway, against whom the policy believes.
 *
 * @module
 */

import { yamlWord } from '../../platform/index.ts'
import type { IssuerPolicy } from '../../sso/index.ts'
import type { SignInSettings } from '../../tunnel/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import type { IssuerWorld } from './world.ts'

/**
 * The policy's row for the gateway's provider. A final `/` may differ: the gateway does not mind it, and the policy's counts against
 * the tokens themselves, which nobody sees here.
 *
 * @param issuers - What the policy lists.
 * @param issuer - What the gateway has.
 * @returns The row, if any.
 */
export function rowOf(issuers: readonly IssuerPolicy[], issuer: string): IssuerPolicy | undefined {
  const bare = (name: string): string => name.replace(/\/$/, '')
  const exact = issuers.find((row) => row.issuer === issuer)
  return exact ?? issuers.find((row) => bare(row.issuer) === bare(issuer))
}

/** Does the policy believe the gateway's provider, for this gateway? */
export const gatewayCheck: Check<IssuerWorld> = {
  id: 'issuer.gateway',
  title: 'sign-in of the gateway',
  needs: ['tunnel.probe'],
  async run(world) {
    const { apps, signIn } = await world.told()
    if (signIn === undefined) {
      const why = 'the gateway does not tell with whom people sign in: nobody does, or it is older'
      return [found('DOCTOR_NOT_APPLICABLE', why)]
    }
    if (!apps.some(({ preAuthentication }) => preAuthentication === 'oidc')) {
      return [found('DOCTOR_NOT_APPLICABLE', 'no app of this connector wants a sign-in')]
    }
    const { issuers } = world
    const row = rowOf(issuers, signIn.issuer)
    return [row === undefined ? unknown(signIn, issuers) : judge(row, signIn)]
  },
}

function unknown({ issuer, clientId }: SignInSettings, issuers: readonly IssuerPolicy[]): Finding {
  const listed = issuers.map((row) => row.issuer).join(', ') || 'none'
  const message = `people sign in at the gateway with ${issuer}, which the policy does not list; it lists ${listed}`
  const setting = [
    'issuers:   # policy.yaml',
    `  - issuer: ${yamlWord(issuer)}`,
    `    audience: ${yamlWord(clientId)}`,
    '    jwksUrl: <jwks_uri of the provider>',
    '    loginClaim: <the claim that is the login>',
    '    upnSuffixes: [<suffix>]',
  ].join('\n')
  const text =
    'List the issuer, letter by letter as the provider says it, if this connector is to believe it.'
  return found('DOCTOR_ISSUER_UNKNOWN', message, { mends: [{ text, setting }] })
}

/**
 * OpenID Connect Core sections 2 and 3.1.3.7: aud has the client id, and azp, which must be there where aud has more, is it.
 */
function judge(row: IssuerPolicy, { clientId }: SignInSettings): Finding {
  const { issuer, audience, authorizedParty } = row
  if ((authorizedParty ?? audience) === clientId) {
    const message = `the policy believes ${issuer}, for the gateway’s client id ${clientId}`
    return found('DOCTOR_ISSUER_GATEWAY', message)
  }
  const party = authorizedParty === undefined ? '' : ` and authorizedParty ${authorizedParty}`
  const message = `the gateway’s client id at ${issuer} is ${clientId}; the policy has the audience ${audience}${party}`
  const name = authorizedParty === undefined ? 'audience' : 'authorizedParty'
  const setting = `${name}: ${yamlWord(clientId)}   # policy.yaml, the issuer ${issuer}`
  const text = 'Set it to the client id, if this gateway’s sign-ins are to be believed.'
  return found('DOCTOR_ISSUER_AUDIENCE', message, { mends: [{ text, setting }] })
}
