/**
 * A real token of the connector's own account: does the backend take it, and does it look at channel bindings?
 *
 * @module
 */

import { tlsServerEndPoint } from '../../kerberos/index.ts'
import { errorCode, errorText, powershellWord, shellWord } from '../../platform/index.ts'
import { faultOf, refusalOf, replyOf, type BackendAnswer, type ProbeToken } from '../backend.ts'
import { found, mendsOf, type Check, type Finding, type Mend } from '../check.ts'
import type { AppWorld } from './world.ts'

/** Which channel binding a token has. */
type Binding = 'right' | 'none' | 'wrong'

interface Tried {
  readonly answer: BackendAnswer
  readonly token: ProbeToken
}

function spnOf(world: AppWorld): string | undefined {
  return world.route().servicePrincipalName
}

function noTicket(spn: string | undefined): readonly Finding[] {
  const why =
    spn === undefined
      ? 'the app has no single sign-on by Kerberos'
      : 'connector.yaml has no kerberos section'
  return [found('DOCTOR_NOT_APPLICABLE', why)]
}

/** Does the KDC know the service? */
export const ticketCheck: Check<AppWorld> = {
  id: 'app.ticket',
  title: 'ticket of our own for the service',
  needs: ['app.policy'],
  async run(world, signal) {
    const spn = spnOf(world)
    if (spn === undefined) return noTicket(spn)
    try {
      const ticket = await world.ticket(spn, signal)
      if (ticket === undefined) return noTicket(spn)
      return [found('DOCTOR_APP_TICKET', `the KDC gives a ticket for ${spn}`)]
    } catch (error) {
      signal.throwIfAborted()
      const message = `no ticket for ${spn}: ${errorCode(error)}: ${errorText(error)}`
      return [found('DOCTOR_APP_TICKET_REFUSED', message, { mends: mendsOf(error) })]
    }
  },
}

function bindingOf(binding: Binding, certificate: Uint8Array | undefined): Uint8Array | undefined {
  if (binding === 'none' || certificate === undefined) return undefined
  const right = tlsServerEndPoint(certificate)
  if (binding === 'right') return right
  const wrong = right.slice()
  wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1
  return wrong
}

async function attempt(
  world: AppWorld,
  binding: Binding,
  signal: AbortSignal,
): Promise<Tried | undefined> {
  const spn = spnOf(world)
  const ticket = spn === undefined ? undefined : await world.ticket(spn, signal)
  if (ticket === undefined) return undefined
  let token: ProbeToken | undefined
  const authorize = (certificate: Uint8Array | undefined): string => {
    token = world.token(ticket, bindingOf(binding, certificate))
    return token.authorization
  }
  const answer = await world.ask(world.route(), { authorize }, signal)
  if (token === undefined) throw new TypeError('the backend was asked without a token')
  return { answer, token }
}

/** Does the backend take it? */
export const tokenCheck: Check<AppWorld> = {
  id: 'app.token',
  title: 'token of our own at the backend',
  needs: ['app.ticket', 'app.schemes'],
  async run(world, signal) {
    const tried = await attempt(world, 'right', signal)
    if (tried === undefined) return noTicket(spnOf(world))
    if (tried.answer.status !== 401) return [accepted(tried, world)]
    const known = refusal(tried.answer, world)
    if (known !== undefined) return [known]
    return refusedWithoutReason(world, signal)
  },
}

function accepted({ answer, token }: Tried, world: AppWorld): Finding {
  const { backend } = world.route()
  try {
    token.verify(replyOf(answer))
    const message = `the backend took a token of our own account (${answer.status}) and proved itself`
    return found('DOCTOR_APP_TOKEN', message)
  } catch (error) {
    const policy = `policy.yaml says mutualAuthentication: ${backend.row.mutualAuthentication}`
    const message = `the backend took our token (${answer.status}) and did not prove itself: ${errorText(error)}; ${policy}`
    const setting = `mutualAuthentication: wanted   # policy.yaml, the row of ${backend.origin}`
    const mends = [{ text: 'Let the backend send its last token, or do without.', setting }]
    return found('DOCTOR_APP_NO_MUTUAL', message, { mends })
  }
}

/** What the backend itself says, if anything. */
function refusal(answer: BackendAnswer, world: AppWorld): Finding | undefined {
  const said = refusalOf(answer)
  if (said === undefined) return undefined
  const mends = mendsOf(said)
  const fault = faultOf(said)
  if (fault === 'clock') return found('DOCTOR_APP_CLOCK', said.message, { mends })
  const code = fault === 'key' ? 'DOCTOR_APP_KEY' : 'DOCTOR_APP_401'
  return found(code, said.message, { mends: [...mends, ...keyMends(world)] })
}

function keyMends(world: AppWorld): readonly Mend[] {
  const spn = spnOf(world) ?? ''
  return [
    {
      text: 'See which account has the SPN; it has to be the one that the service runs as, or whose keytab it has.',
      powershell: `setspn -Q ${powershellWord(spn)}`,
      sambaTool: `samba-tool domain exportkeytab service.keytab --principal=${shellWord(spn)}`,
    },
  ]
}

async function refusedWithoutReason(
  world: AppWorld,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { target, backend } = world.route()
  const silent = 'the backend answers 401 to a token of our own account, and says no reason'
  const mends = keyMends(world)
  if (target.protocol === 'http:') {
    const why = `${silent}. If it has Extended Protection set to Required, it wants TLS`
    return [found('DOCTOR_APP_401', why, { mends })]
  }
  const without = await attempt(world, 'none', signal)
  if (without !== undefined && without.answer.status !== 401) {
    const message = `the backend refuses a token that is bound to the certificate it shows, and takes one without (${without.answer.status}): TLS ends before it, and it looks at channel bindings`
    const text =
      'Publish the backend’s own https origin, without the TLS of another host before it, or switch Extended Protection off.'
    const powershell =
      "Set-WebConfigurationProperty -Filter system.webServer/security/authentication/windowsAuthentication/extendedProtection -Name tokenChecking -Value None -PSPath IIS:\\ -Location '<site>'"
    return [found('DOCTOR_APP_EPA', message, { mends: [{ text, powershell }] })]
  }
  const why = `${silent}, with channel bindings or without. If TLS ends before ${backend.origin} and Extended Protection is Required behind it, that is why`
  return [found('DOCTOR_APP_401', why, { mends })]
}

/** Required, allowed or off? */
export const epaCheck: Check<AppWorld> = {
  id: 'app.epa',
  title: 'Extended Protection (channel bindings)',
  needs: ['app.token'],
  async run(world, signal) {
    if (world.route().target.protocol === 'http:') {
      return [found('DOCTOR_NOT_APPLICABLE', 'without TLS there are no channel bindings')]
    }
    const without = await attempt(world, 'none', signal)
    if (without === undefined) return noTicket(spnOf(world))
    if (without.answer.status === 401) {
      return [
        found(
          'DOCTOR_APP_EPA_REQUIRED',
          'a token with the right channel binding is taken, one without is refused',
        ),
      ]
    }
    const wrong = await attempt(world, 'wrong', signal)
    if (wrong?.answer.status === 401) {
      return [
        found(
          'DOCTOR_APP_EPA_ALLOWED',
          'a token without channel binding is taken, one with a wrong one is refused',
        ),
      ]
    }
    return [found('DOCTOR_APP_EPA_OFF', 'even a token with a wrong channel binding is taken')]
  },
}
