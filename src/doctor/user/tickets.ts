/**
 * The user's tickets, and whether the backends have room for them.
 *
 * @module
 */

import type { DirectoryAccount } from '../../directory/index.ts'
import type { ServiceTicket } from '../../kerberos/index.ts'
import { counted, errorCode, errorText } from '../../platform/index.ts'
import { found, mendsOf, type Check, type Finding, type Mend } from '../check.ts'
import { connectorCommands } from '../commands.ts'
import { headerMends } from '../header-room.ts'
import { foreignFinding, isForeign, ownTicketAlone } from './foreign.ts'
import type { UserService, UserWorld } from './world.ts'

/** No ticket is asked for, and none used, where the policy does not act for the user. */
function allowedServices(
  { services }: UserWorld,
  account: DirectoryAccount,
  groupSids: readonly string[] | undefined,
): readonly UserService[] {
  return services.filter((service) => {
    try {
      service.mayImpersonate(account, groupSids)
      return true
    } catch {
      return false
    }
  })
}

/** S4U2Self: a ticket to the connector in the user's name, which can be forwarded. */
export const selfCheck: Check<UserWorld> = {
  id: 'user.s4u2self',
  title: 'a ticket in the user’s name (S4U2Self)',
  needs: ['directory.keytab', 'user.identity', 'user.standing'],
  async run(world, signal) {
    const account = await world.account()
    const { sAMAccountName: name } = account
    if (allowedServices(world, account, undefined).length === 0) {
      return [
        found('DOCTOR_NOT_APPLICABLE', `the policy lets the connector act for ${name} nowhere`),
      ]
    }
    try {
      const evidence = await world.evidence(signal)
      const groups = evidence.groupSids.length
      if (evidence.forwardable) {
        const message = `a forwardable ticket for ${name}, ${counted(groups, 'group')} in its PAC`
        return [found('DOCTOR_S4U2SELF_GOOD', message)]
      }
      const message = `the KDC gives a ticket for ${name}, but it cannot be forwarded: no protocol transition, a sensitive user, or a sensitive krbtgt`
      return [
        found('DOCTOR_S4U2SELF_NOT_FORWARDABLE', message, { mends: [await transition(world)] }),
      ]
    } catch (error) {
      const plain = refused('DOCTOR_S4U2SELF_REFUSED', `no ticket for ${name}`, error)
      return [foreignFinding(world, account, error) ?? plain]
    }
  },
}

async function transition({ connector, connectorSettings }: UserWorld): Promise<Mend> {
  const account = await connectorSettings()
  const text = `Allow ${connector} protocol transition, where it lacks it.`
  return account ? { text, ...connectorCommands.protocolTransition(account, true) } : { text }
}

function refused(
  code: 'DOCTOR_S4U2SELF_REFUSED' | 'DOCTOR_TICKET_REFUSED',
  what: string,
  error: unknown,
): Finding {
  return found(code, `${what}: ${errorCode(error)}: ${errorText(error)}`, {
    mends: mendsOf(error),
  })
}

/** S4U2Proxy to each backend's service. */
export const ticketsCheck: Check<UserWorld> = {
  id: 'user.tickets',
  title: 'tickets to the backends (S4U2Proxy)',
  needs: ['user.s4u2self'],
  async run(world, signal) {
    const findings: Finding[] = []
    if (await isForeign(world, signal)) return [ownTicketAlone(world)]
    for (const service of await servicesNow(world, signal)) {
      findings.push(...(await ticketTo(world, service, signal)))
    }
    return findings.length > 0 ? findings : [nowhere(world)]
  },
}

async function ticketTo(
  world: UserWorld,
  service: UserService,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { spn } = service
  let ticket: ServiceTicket
  try {
    ticket = await world.ticket(spn, signal)
  } catch (error) {
    const plain = refused('DOCTOR_TICKET_REFUSED', `no ticket to ${spn}`, error)
    return [await explained(world, { spn, plain }, signal)]
  }
  // With a channel binding, as https backends get it.
  const { authorization } = (await world.tokens())(ticket, new Uint8Array(32))
  const octets = 'Authorization: '.length + authorization.length
  const message = `a ticket for ${world.login} to ${spn}; the Authorization field has ${octets} octets`
  const { text, finding } = await room(world, service, { octets, signal })
  return [found('DOCTOR_TICKET_GOOD', `${message}, ${text}`), ...finding]
}

/** Whether the backend takes a field of this size, as it was measured. */
async function room(
  world: UserWorld,
  service: UserService,
  { octets, signal }: { readonly octets: number; readonly signal: AbortSignal },
): Promise<{ readonly text: string; readonly finding: readonly Finding[] }> {
  const measured = world.headerRoom(service)
  try {
    if (await measured.takes(octets, signal)) {
      return { text: `for which ${service.origin} has room`, finding: [] }
    }
  } catch (error) {
    signal.throwIfAborted()
    const text = `and what ${service.origin} takes is not known (${errorCode(error)})`
    return { text, finding: [] }
  }
  const { refused: limit, server, taken } = measured
  const most = taken > 0 ? `, and takes one of ${taken}` : ''
  const large = `${service.origin} ${limit?.how ?? 'says no'} to a field of ${limit?.octets ?? octets} octets${most}; ${world.login}’s Authorization field has ${octets}`
  const mends = [...headerMends(server, octets), { text: 'Or take the user out of groups.' }]
  const finding = found('DOCTOR_TOKEN_LARGE', large, { mends })
  return { text: `for which ${service.origin} has no room`, finding: [finding] }
}

/** Asks once more, in the way that makes a KDC tell an empty list from one without the service. */
async function explained(
  world: UserWorld,
  { spn, plain }: { readonly spn: string; readonly plain: Finding },
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const finding = await (
      await world.tickets()
    ).diagnose(await world.evidence(signal), spn, signal)
    const { commands, mend = 'Grant the delegation.' } = finding
    const ready: Mend = commands
      ? { text: mend, powershell: commands.powershell, sambaTool: commands.samba }
      : { text: mend }
    if (finding.finding === 'granted' || finding.finding === 'other') return plain
    return { ...plain, message: `${plain.message}. ${finding.means}`, mends: [ready] }
  } catch {
    return plain
  }
}

/**
 * The services at which the policy acts for the user, by the groups in the PAC too, as for every request.
 *
 * @param world - Whose.
 * @param signal - Gives up.
 * @returns None where it acts for the user nowhere.
 */
export async function servicesNow(
  world: UserWorld,
  signal: AbortSignal,
): Promise<readonly UserService[]> {
  const account = await world.account()
  if (allowedServices(world, account, undefined).length === 0) return []
  return allowedServices(world, account, (await world.evidence(signal)).groupSids)
}

/**
 * What there is to say where the policy acts for the user nowhere.
 *
 * @param world - Whose.
 * @returns That there is nothing to check.
 */
export function nowhere({ login }: UserWorld): Finding {
  return found('DOCTOR_NOT_APPLICABLE', `the policy lets the connector act for ${login} nowhere`)
}
