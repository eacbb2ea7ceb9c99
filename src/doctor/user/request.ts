/**
 * A request to each backend in the user's name.
 *
 * @module
 */

import { KerberosError, tlsServerEndPoint } from '../../kerberos/index.ts'
import { errorCode, errorText } from '../../platform/index.ts'
import { schemesOf } from '../app/schemes.ts'
import { faultOf, refusalOf, replyOf, type BackendAnswer, type ProbeToken } from '../backend.ts'
import { found, mendsOf, type Check, type Finding } from '../check.ts'
import { isForeign, ownTicketAlone } from './foreign.ts'
import { nowhere, servicesNow } from './tickets.ts'
import type { UserService, UserWorld } from './world.ts'

/** A real GET with the user's token. */
export const requestCheck: Check<UserWorld> = {
  id: 'user.request',
  title: 'a request to the backends in the user’s name',
  needs: ['user.tickets'],
  async run(world, signal) {
    const findings: Finding[] = []
    if (await isForeign(world, signal)) return [ownTicketAlone(world)]
    for (const service of await servicesNow(world, signal)) {
      findings.push(await requestTo(world, service, signal))
    }
    return findings.length > 0 ? findings : [nowhere(world)]
  },
}

async function requestTo(
  world: UserWorld,
  service: UserService,
  signal: AbortSignal,
): Promise<Finding> {
  const { origin, spn, place } = service
  try {
    const ticket = await world.ticket(spn, signal)
    const makeToken = await world.tokens()
    let token: ProbeToken | undefined
    const authorize = (certificate: Uint8Array | undefined): string => {
      token = makeToken(ticket, certificate && tlsServerEndPoint(certificate))
      return token.authorization
    }
    const answer = await world.ask(place, { authorize }, signal)
    return answer.status === 401
      ? refusedBy(service, answer)
      : judge(world, service, { answer, token })
  } catch (error) {
    const message = `${origin}: ${errorCode(error)}: ${errorText(error)}`
    return found('DOCTOR_BACKEND_UNREACHABLE', message, { mends: mendsOf(error) })
  }
}

function refusedBy({ origin, spn }: UserService, answer: BackendAnswer): Finding {
  const said = refusalOf(answer)
  const offered = schemesOf(answer).join(', ') || 'nothing'
  const told = said?.message ?? `it offers ${offered} and does not say why`
  const message = `${origin} answers 401 to the ticket for ${spn}: ${told}`
  const mends = mendsOf(said)
  return found(CODE_OF_FAULT[said === undefined ? 'other' : faultOf(said)], message, { mends })
}

const CODE_OF_FAULT = {
  key: 'DOCTOR_BACKEND_KEY',
  clock: 'DOCTOR_BACKEND_CLOCK',
  other: 'DOCTOR_BACKEND_REFUSES',
} as const

interface Answered {
  readonly answer: BackendAnswer
  readonly token: ProbeToken | undefined
}

function judge(
  { login }: UserWorld,
  { origin, spn }: UserService,
  { answer, token }: Answered,
): Finding {
  const { status } = answer
  const reply = replyOf(answer)
  if (reply.length > 0 && !proves(token, reply)) {
    const message = `${origin} answers ${status}, but cannot prove that it is ${spn}`
    return found('DOCTOR_BACKEND_UNPROVED', message)
  }
  const proved = reply.length > 0 ? 'it proved itself' : 'without a proof of its own'
  return found('DOCTOR_BACKEND_ANSWERS', `${origin} answers ${status} to ${login}, ${proved}`)
}

function proves(token: ProbeToken | undefined, reply: Uint8Array): boolean {
  try {
    token?.verify(reply)
    return token !== undefined
  } catch (error) {
    if (error instanceof KerberosError) return false
    throw error
  }
}
