/**
 * Which sign-in the backend asks for.
 *
 * @module
 */

import { errorCode, errorText, shellWord, yamlWord } from '../../platform/index.ts'
import { schemesIn } from '../../tunnel/index.ts'
import { found, type Check, type Finding, type Mend } from '../check.ts'
import type { BackendAnswer } from '../backend.ts'
import type { AppWorld } from './world.ts'

const IIS: Mend = {
  text: 'On IIS: switch Windows Authentication on, with Negotiate above NTLM.',
  powershell: [
    "Set-WebConfigurationProperty -Filter system.webServer/security/authentication/windowsAuthentication -Name enabled -Value true -PSPath IIS:\\ -Location '<site>'",
    "Add-WebConfiguration -Filter system.webServer/security/authentication/windowsAuthentication/providers -Value Negotiate -AtIndex 0 -PSPath IIS:\\ -Location '<site>'",
  ].join('\n'),
}
const APACHE: Mend = {
  text: 'On Apache: mod_auth_gssapi.',
  setting: 'AuthType GSSAPI\nGssapiCredStore keytab:<keytab of the service>\nRequire valid-user',
}

/** Schemes of the challenges, lower case, in the order offered. */
export function schemesOf(answer: BackendAnswer): readonly string[] {
  return [...new Set(answer.field('www-authenticate').flatMap(schemesIn))]
}

function server(answer: BackendAnswer): string {
  const [name] = answer.field('server')
  return name === undefined ? '' : ` (${name})`
}

/** What does the first page ask for? */
export const schemesCheck: Check<AppWorld> = {
  id: 'app.schemes',
  title: 'sign-in that the backend offers',
  needs: ['app.tls', 'app.http2'],
  async run(world, signal) {
    try {
      return [judge(await world.ask(world.route(), {}, signal), world)]
    } catch (error) {
      signal.throwIfAborted()
      const message = `no HTTP answer: ${errorCode(error)}: ${errorText(error)}`
      const mends = [
        {
          text: 'See that internalUrl has the right scheme and port.',
          shell: `curl -sSI --http1.1 ${shellWord(world.app.internalUrl)}`,
        },
      ]
      return [found('DOCTOR_APP_BROKEN_HTTP', message, { mends })]
    }
  },
}

function judge(answer: BackendAnswer, { app }: AppWorld): Finding {
  const { status } = answer
  const schemes = schemesOf(answer)
  const offers = `the backend${server(answer)} answers ${status} and offers ${schemes.join(', ') || 'nothing'}`
  const windows = schemes.includes('negotiate') || schemes.includes('ntlm')
  if (status >= 500) {
    return found('DOCTOR_APP_ERROR', offers, {
      mends: [{ text: 'Look at the backend’s own log.' }],
    })
  }
  if (app.singleSignOn !== 'kerberos') {
    if (status !== 401 || !windows) return found('DOCTOR_APP_NO_SIGN_IN', offers)
    const setting = `singleSignOn: kerberos   # gateway.yaml, app ${yamlWord(app.id)}; servicePrincipalName there and in policy.yaml`
    const mends = [{ text: 'Sign people in by Kerberos.', setting }]
    return found('DOCTOR_APP_WANTS_SIGN_IN', offers, { mends })
  }
  return judgeKerberos({ status, schemes, offers })
}

function judgeKerberos(seen: {
  status: number
  schemes: readonly string[]
  offers: string
}): Finding {
  const { status, schemes, offers } = seen
  if (schemes.includes('negotiate')) return found('DOCTOR_APP_NEGOTIATE', offers)
  if (schemes.includes('ntlm')) {
    const message = `${offers}: NTLM without Negotiate`
    return found('DOCTOR_APP_NTLM', message, { mends: [IIS] })
  }
  if (status === 401) {
    return found('DOCTOR_APP_NO_NEGOTIATE', `${offers}: no Negotiate`, { mends: [IIS, APACHE] })
  }
  const text = 'If this page is not meant to be open, switch anonymous access off.'
  const powershell =
    "Set-WebConfigurationProperty -Filter system.webServer/security/authentication/anonymousAuthentication -Name enabled -Value false -PSPath IIS:\\ -Location '<site>'"
  return found('DOCTOR_APP_OPEN', offers, { mends: [{ text, powershell }] })
}
