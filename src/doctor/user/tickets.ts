/**
 * The user's tickets, and a request to each backend with one.
 *
 * @module
 */

import type { DirectoryAccount } from '../../directory/index.ts'
import { errorCode, errorText } from '../../platform/index.ts'
import { found, type Check, type Finding, type Mend } from '../check.ts'
import { connectorCommands } from '../commands.ts'
import type { BackendAnswer, UserService, UserWorld } from './world.ts'

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
        const message = `a forwardable ticket for ${name}, ${groups} groups in its PAC`
        return [found('DOCTOR_S4U2SELF_GOOD', message)]
      }
      const message = `the KDC gives a ticket for ${name}, but it cannot be forwarded: no protocol transition, a sensitive user, or a sensitive krbtgt`
      return [
        found('DOCTOR_S4U2SELF_NOT_FORWARDABLE', message, { mends: [await transition(world)] }),
      ]
    } catch (error) {
      return [refused('DOCTOR_S4U2SELF_REFUSED', `no ticket for ${name}`, error)]
    }
  },
}

async function transition({ connector, settings }: UserWorld): Promise<Mend> {
  const account = await settings(connector)
  const text = `Allow ${connector} protocol transition, where it lacks it.`
  return account ? { text, ...connectorCommands.protocolTransition(account, true) } : { text }
}

function refused(
  code: 'DOCTOR_S4U2SELF_REFUSED' | 'DOCTOR_TICKET_REFUSED',
  what: string,
  error: unknown,
): Finding {
  const { mend } = error as { readonly mend?: unknown }
  const mends = typeof mend === 'string' ? [{ text: mend }] : []
  return found(code, `${what}: ${errorCode(error)}: ${errorText(error)}`, { mends })
}

/** IIS allows 16 KiB for all fields of a request, Apache and nginx 8 KiB for one. */
const LARGE_FIELD_OCTETS = 7500

const SIZE_MENDS: readonly Mend[] = [
  { text: 'Apache: raise the limit of one field.', setting: 'LimitRequestFieldSize 65536' },
  { text: 'nginx: raise the room for fields.', setting: 'large_client_header_buffers 4 64k;' },
  {
    text: 'IIS: raise the limits of http.sys and restart it.',
    powershell:
      "Set-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters' -Name MaxFieldLength -Type DWord -Value 65534; Set-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters' -Name MaxRequestBytes -Type DWord -Value 1048576",
  },
]

/** S4U2Proxy to each backend's service. */
export const ticketsCheck: Check<UserWorld> = {
  id: 'user.tickets',
  title: 'tickets to the backends (S4U2Proxy)',
  needs: ['user.s4u2self'],
  async run(world, signal) {
    const findings: Finding[] = []
    for (const service of await servicesNow(world, signal)) {
      findings.push(...(await ticketTo(world, service, signal)))
    }
    return findings.length > 0 ? findings : [nowhere(world)]
  },
}

async function ticketTo(
  world: UserWorld,
  { spn }: UserService,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    const ticket = await world.ticket(spn, signal)
    const octets = world.fieldOctets(ticket)
    const message = `a ticket for ${world.login} to ${spn}; the Authorization field has ${octets} octets`
    const good = found('DOCTOR_TICKET_GOOD', message)
    if (octets <= LARGE_FIELD_OCTETS) return [good]
    const large = `the Authorization field has ${octets} octets, more than servers take by default`
    return [good, found('DOCTOR_TOKEN_LARGE', large, { mends: SIZE_MENDS })]
  } catch (error) {
    const plain = refused('DOCTOR_TICKET_REFUSED', `no ticket to ${spn}`, error)
    return [await explained(world, { spn, plain }, signal)]
  }
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

/** A real GET with the user's token. */
export const requestCheck: Check<UserWorld> = {
  id: 'user.request',
  title: 'a request to the backends in the user’s name',
  needs: ['user.tickets'],
  async run(world, signal) {
    const findings: Finding[] = []
    for (const service of await servicesNow(world, signal)) {
      findings.push(await requestTo(world, service, signal))
    }
    return findings.length > 0 ? findings : [nowhere(world)]
  },
}

/** By the groups in the PAC too, as for every request. */
async function servicesNow(world: UserWorld, signal: AbortSignal): Promise<readonly UserService[]> {
  const account = await world.account()
  if (allowedServices(world, account, undefined).length === 0) return []
  return allowedServices(world, account, (await world.evidence(signal)).groupSids)
}

function nowhere({ login }: UserWorld): Finding {
  return found('DOCTOR_NOT_APPLICABLE', `the policy lets the connector act for ${login} nowhere`)
}

async function requestTo(
  world: UserWorld,
  service: UserService,
  signal: AbortSignal,
): Promise<Finding> {
  const { origin } = service
  try {
    const answer = await world.request(service, await world.ticket(service.spn, signal), signal)
    return judge(world, service, answer)
  } catch (error) {
    const { mend } = error as { readonly mend?: unknown }
    const mends = typeof mend === 'string' ? [{ text: mend }] : []
    const message = `${origin}: ${errorCode(error)}: ${errorText(error)}`
    return found('DOCTOR_BACKEND_UNREACHABLE', message, { mends })
  }
}

function judge({ login }: UserWorld, { origin, spn }: UserService, answer: BackendAnswer): Finding {
  const { status, proof, refusal, schemes } = answer
  if (status === 401) {
    const told =
      refusal?.text ?? `it offers ${schemes.join(', ') || 'nothing'} and does not say why`
    const message = `${origin} answers 401 to the ticket for ${spn}: ${told}`
    const mends = refusal?.mend === undefined ? [] : [{ text: refusal.mend }]
    return found(CODE_OF_REFUSAL[refusal?.krbErrorCode ?? 0] ?? 'DOCTOR_BACKEND_REFUSES', message, {
      mends,
    })
  }
  if (proof === 'wrong') {
    const message = `${origin} answers ${status}, but cannot prove that it is ${spn}`
    return found('DOCTOR_BACKEND_UNPROVED', message)
  }
  const proved = proof === 'proved' ? 'it proved itself' : 'without a proof of its own'
  return found('DOCTOR_BACKEND_ANSWERS', `${origin} answers ${status} to ${login}, ${proved}`)
}

/** Error codes of KRB-ERROR, RFC 4120 section 7.5.9. */
const CODE_OF_REFUSAL: Readonly<Record<number, 'DOCTOR_BACKEND_KEY' | 'DOCTOR_BACKEND_CLOCK'>> = {
  31: 'DOCTOR_BACKEND_KEY',
  41: 'DOCTOR_BACKEND_KEY',
  44: 'DOCTOR_BACKEND_KEY',
  45: 'DOCTOR_BACKEND_KEY',
  37: 'DOCTOR_BACKEND_CLOCK',
}
