/**
 * Is there a domain controller, does it give us a ticket, and does it let us in?
 *
 * @module
 */

import { counted, errorCode, errorText, powershellWord, shellWord } from '../../platform/index.ts'
import { found, mendsOf, type Check, type Finding, type Mend } from '../check.ts'
import { accountCommands, type Target } from '../commands.ts'
import type { DirectoryWorld } from './world.ts'

/** What is used at a host; the other ports are told, but may be closed. */
const PORTS = [
  { port: 88, use: 'kdc', what: 'Kerberos', needed: true },
  { port: 464, use: 'kdc', what: 'password changes (rotate-password)', needed: false },
  { port: 636, use: 'directory', what: 'LDAPS', needed: true },
  {
    port: 3269,
    use: 'directory',
    what: 'the global catalog over TLS (names in other domains)',
    needed: false,
  },
] as const

/** TCP to every host that connector.yaml names. */
export const portsCheck: Check<DirectoryWorld> = {
  id: 'directory.ports',
  title: 'ports of the domain controllers',
  needs: [],
  async run(world, signal) {
    const wanted = world.hosts.flatMap(({ host, use }) =>
      PORTS.filter((port) => port.use === use).map((port) => ({ ...port, host })),
    )
    if (wanted.length === 0) return [found('DOCTOR_NOT_APPLICABLE', 'connector.yaml names no host')]
    return Promise.all(
      wanted.map(async ({ host, port, what, needed }): Promise<Finding> => {
        const subject = `${host}:${port}`
        try {
          await world.connect(host, port, signal)
          return found('DOCTOR_PORT_OPEN', `${subject} answers: ${what}`, { subject })
        } catch (error) {
          const code = needed ? 'DOCTOR_PORT_CLOSED' : 'DOCTOR_PORT_OPTIONAL_CLOSED'
          return found(code, `${subject} does not answer: ${what}: ${errorText(error)}`, {
            subject,
          })
        }
      }),
    )
  },
}

/** Our own ticket-granting ticket. */
export const ticketCheck: Check<DirectoryWorld> = {
  id: 'directory.ticket',
  title: "the account's own ticket",
  needs: [],
  async run(world, signal) {
    try {
      await world.ownTicket(signal)
      return [found('DOCTOR_OWN_TICKET_GOOD', `a KDC gave ${world.account} a ticket`)]
    } catch (error) {
      const message = `no ticket for ${world.account}: ${errorCode(error)}: ${errorText(error)}`
      return [found('DOCTOR_OWN_TICKET_REFUSED', message, { mends: ticketMends(world, error) })]
    }
  },
}

/** The keytab can be read, and its keys are of no use. */
const WRONG_KEYS = new Set(['ERR_KRB_PREAUTH_FAILED', 'ERR_KRB_ETYPE'])

/** What is in the keytab is none; where the file itself cannot be read, the error says what to do. */
function isSpoilt(error: unknown): boolean {
  const isOfFile =
    error instanceof Error && error.cause instanceof Error && 'syscall' in error.cause
  return errorCode(error) === 'ERR_KRB_KEYTAB' && !isOfFile
}

/** By name alone: without a ticket the directory cannot be asked where the account is. */
function ticketMends({ account, keytab }: DirectoryWorld, error: unknown): readonly Mend[] {
  const target: Target = { sAMAccountName: account, distinguishedName: account, kind: 'computer' }
  const code = errorCode(error)
  if (code === 'ERR_KRB_CLIENT_REVOKED') {
    return [
      { text: `Enable ${account}, where it is disabled.`, ...accountCommands.enable(target) },
      { text: `Unlock ${account}, where it is locked.`, ...accountCommands.unlock(target) },
      {
        text: `Let ${account} not end, where it has expired.`,
        powershell: `Clear-ADAccountExpiration -Identity ${powershellWord(account)}`,
        sambaTool: `samba-tool user setexpiry ${shellWord(account)} --noexpiry`,
      },
    ]
  }
  if (keytab !== undefined && (WRONG_KEYS.has(code) || isSpoilt(error))) {
    return [exportMend(account, keytab)]
  }
  return mendsOf(error)
}

/** The keytab written anew from the controller's own keys. */
export function exportMend(account: string, keytab: string): Mend {
  const [path, name] = [shellWord(keytab), shellWord(account)]
  return {
    text: `Write ${keytab} anew: on a Samba domain controller, then copy it to this host; with Windows controllers by adcli here.`,
    sambaTool: `rm -f ${path} && samba-tool domain exportkeytab ${path} --principal=${name}`,
    shell: `adcli update --host-keytab=${path} --computer-password-lifetime=0`,
  }
}

/** LDAPS with our ticket, and what the server says of itself. */
export const bindCheck: Check<DirectoryWorld> = {
  id: 'directory.bind',
  title: 'sign-in to the directory',
  needs: ['directory.ticket'],
  async run(world) {
    try {
      const { root } = await world.picture()
      const { server = 'a domain controller', namingContext } = root
      return [found('DOCTOR_BIND_GOOD', `${server} lets ${world.account} in: ${namingContext}`)]
    } catch (error) {
      const message = `the directory cannot be asked: ${errorCode(error)}: ${errorText(error)}`
      return [found('DOCTOR_BIND_FAILED', message, { mends: mendsOf(error) })]
    }
  },
}

/** DS_BEHAVIOR of domains, MS-ADTS 6.1.4.2. */
const LEVELS: Readonly<Record<number, string>> = {
  2: 'Windows Server 2003',
  3: 'Windows Server 2008',
  4: 'Windows Server 2008 R2',
  5: 'Windows Server 2012',
  6: 'Windows Server 2012 R2',
  7: 'Windows Server 2016',
  10: 'Windows Server 2025',
}

/** Controllers, sites, level. */
export const controllersCheck: Check<DirectoryWorld> = {
  id: 'directory.controllers',
  title: 'domain controllers, sites, functional level',
  needs: ['directory.bind'],
  async run(world) {
    const { facts, root, sites } = await world.picture()
    const { controllers } = facts
    const told = controllers.map(({ name, readOnly, site = 'no site', operatingSystem = '' }) =>
      [`${name} in ${site}`, readOnly ? 'read-only' : '', operatingSystem]
        .filter(Boolean)
        .join(', '),
    )
    const level = LEVELS[root.domainLevel ?? 0] ?? `level ${root.domainLevel ?? 'unknown'}`
    const message = `${counted(controllers.length, 'domain controller')} (${told.slice(0, 10).join('; ')}); sites: ${sites.slice(0, 10).join(', ')}; functional level ${level}`
    const findings = [found('DOCTOR_CONTROLLERS', message)]
    const asked = new Set(world.hosts.map(({ host }) => host.toLowerCase()))
    const readOnly = controllers.filter(
      ({ readOnly: only, host = '' }) => only && asked.has(host.toLowerCase()),
    )
    if (readOnly.length > 0 && readOnly.length === asked.size) {
      const names = readOnly.map(({ name }) => name).join(', ')
      findings.push(
        found(
          'DOCTOR_ONLY_READ_ONLY',
          `connector.yaml names read-only controllers alone: ${names}`,
        ),
      )
    }
    return findings
  },
}
