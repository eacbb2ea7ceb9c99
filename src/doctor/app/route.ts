/**
 * The app at the gateway against the row of the policy.
 *
 * @module
 */

import { errorText, SallyportError, yamlWord } from '../../platform/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import type { AppWorld } from './world.ts'

/** Is there a row for it? */
export const routeCheck: Check<AppWorld> = {
  id: 'app.policy',
  title: 'row of the policy',
  needs: [],
  run(world) {
    try {
      const { target, servicePrincipalName } = world.route()
      const spn = servicePrincipalName ?? 'no single sign-on'
      const message = `${target.protocol}//${target.hostname}:${target.port} with ${spn}`
      return Promise.resolve([found('DOCTOR_APP_ROUTE', message)])
    } catch (error) {
      if (!(error instanceof SallyportError)) throw error
      return Promise.resolve([refused(error, world)])
    }
  },
}

function refused(error: SallyportError, { app, rows }: AppWorld): Finding {
  const origin = URL.parse(app.internalUrl)?.origin ?? app.internalUrl
  const spn = app.singleSignOn === 'kerberos' ? app.servicePrincipalName : undefined
  const same = rows.filter((row) => URL.parse(row.origin)?.origin === origin)
  const listed = same.map((row) => row.servicePrincipalName ?? 'no single sign-on')
  const message = errorText(error)
  const fits = same.some((row) => row.servicePrincipalName?.toLowerCase() === spn?.toLowerCase())
  if (same.length === 0) {
    const setting = `backends:   # policy.yaml\n  - ${rowText(origin, spn)}`
    const text = 'Add a row for it, if the app is to be reached.'
    return found('DOCTOR_APP_NOT_IN_POLICY', message, { mends: [{ text, setting }] })
  }
  if (!fits) {
    const text = `The policy has it with ${listed.join(', ')}. Make policy.yaml and gateway.yaml equal.`
    const setting = `servicePrincipalName: ${spn === undefined ? '(none)' : yamlWord(spn)}   # policy.yaml, the row of ${origin}`
    const mends = [{ text, setting }]
    return found('DOCTOR_APP_SPN_MISMATCH', message, { mends })
  }
  const setting = `preAuthentication: passthrough   # policy.yaml, the row of ${origin}`
  const text =
    'Allow it in the policy, if anyone may reach it; else set preAuthentication: oidc at the gateway.'
  return found('DOCTOR_APP_PASSTHROUGH', message, { mends: [{ text, setting }] })
}

function rowText(origin: string, spn: string | undefined): string {
  return spn === undefined
    ? `{ origin: ${origin} }`
    : `{ origin: ${origin}, servicePrincipalName: ${yamlWord(spn)} }`
}
