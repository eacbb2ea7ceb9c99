/**
 * The way to a backend: name, address, TCP.
 *
 * @module
 */

import { errorCode, powershellWord, shellWord } from '../../platform/index.ts'
import { nameFault } from '../name-fault.ts'
import { found, type Check, type Finding } from '../check.ts'
import { isAddress } from '../tls-facts.ts'
import type { AppWorld } from './world.ts'

async function alias(
  host: string,
  spn: string | undefined,
  world: AppWorld,
): Promise<readonly Finding[]> {
  if (isAddress(host)) return []
  const target = await world.aliasOf(host).catch(() => undefined)
  if (target === undefined) return []
  const message = `${host} is an alias (CNAME) of ${target}: browsers and many Kerberos clients ask for a ticket of ${target}, the policy names ${spn ?? 'no SPN'}`
  const [service = 'HTTP'] = (spn ?? 'HTTP/').split('/')
  const text =
    'Give the name an A record of its own, or register the SPN of both names at the service’s account.'
  const mends = [
    {
      text,
      powershell: `setspn -S ${powershellWord(`${service}/${host}`)} <account of the service>`,
      sambaTool: `samba-tool spn add ${shellWord(`${service}/${host}`)} <account of the service>`,
    },
  ]
  return [found('DOCTOR_APP_CNAME', message, { mends })]
}

/** DNS, and the policy's addresses. */
export const addressCheck: Check<AppWorld> = {
  id: 'app.address',
  title: 'name and addresses of the backend',
  needs: ['app.policy'],
  async run(world) {
    const { target, servicePrincipalName, backend } = world.route()
    const { hostname } = target
    let addresses: readonly string[]
    try {
      addresses = await world.addresses(hostname)
    } catch (error) {
      const text = 'Correct internalUrl of the app, or the name servers.'
      const { message, mends } = nameFault(hostname, error, text)
      return [found('DOCTOR_APP_NAME', message, { mends })]
    }
    const aliases = await alias(hostname, servicePrincipalName, world)
    const where = `${hostname} is at ${addresses.join(', ')}`
    if (addresses.some(target.allowsAddress)) {
      return [found('DOCTOR_APP_ADDRESS', where), ...aliases]
    }
    const [first = ''] = addresses
    const wide = first.includes(':') ? '128' : '32'
    const allowed =
      backend.row.addresses?.join(', ') ??
      'no loopback, link-local, multicast or metadata addresses'
    const setting = `addresses: [${first}/${wide}]   # policy.yaml, the row of ${backend.origin}`
    const text = 'List the address, if it is right; else correct the DNS.'
    const message = `${where}; the policy allows ${allowed}`
    return [
      found('DOCTOR_APP_ADDRESS_REFUSED', message, { mends: [{ text, setting }] }),
      ...aliases,
    ]
  },
}

/** The addresses that the policy allows, those first that answered last. */
export async function allowedAddresses(world: AppWorld): Promise<readonly string[]> {
  const { target } = world.route()
  return (await world.addresses(target.hostname)).filter(target.allowsAddress)
}

/** Does it take connections? */
export const tcpCheck: Check<AppWorld> = {
  id: 'app.tcp',
  title: 'TCP to the backend',
  needs: ['app.address'],
  async run(world, signal) {
    const { port } = world.route().target
    const addresses = await allowedAddresses(world)
    const faults: string[] = []
    for (const address of addresses) {
      try {
        const ms = await world.connect(address, port, signal)
        const down = faults.length === 0 ? '' : `; not so ${faults.join(', ')}`
        return [
          found(
            'DOCTOR_APP_TCP',
            `${address} port ${port} takes connections (${Math.round(ms)} ms)${down}`,
          ),
        ]
      } catch (error) {
        signal.throwIfAborted()
        faults.push(`${address}: ${errorCode(error)}`)
      }
    }
    const message = `nothing takes connections at port ${port} of ${faults.join(', ')}`
    const text = 'See that the backend runs and that this host may reach it.'
    const mends = [{ text, shell: `nc -vz ${shellWord(addresses[0] ?? '')} ${port}` }]
    return [found('DOCTOR_APP_UNREACHABLE', message, { mends })]
  },
}
