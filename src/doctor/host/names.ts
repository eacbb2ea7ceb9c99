/**
 * Names of KDCs and domain controllers: A, PTR and SRV records.
 *
 * @module
 */

import { errorText, powershellWord, shellWord } from '../../platform/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import { nameFault } from '../name-fault.ts'
import { isAddress } from '../tls-facts.ts'
import type { HostWorld, KerberosWorld } from './world.ts'

const NO_KERBEROS = 'connector.yaml has no kerberos section'

function withoutAddress(name: string, error: unknown): Finding {
  const text = 'Correct the name, or the name servers that are asked.'
  const { message, mends } = nameFault(name, error, text)
  return found('DOCTOR_NAME_NO_ADDRESS', message, { subject: name, mends })
}

async function lookAtName(name: string, world: KerberosWorld): Promise<Finding> {
  let addresses: readonly string[]
  try {
    addresses = await world.addresses(name)
  } catch (error) {
    return withoutAddress(name, error)
  }
  const [first = ''] = addresses
  const names = await world.namesOf(first).catch(() => [])
  const at = `${name} is at ${addresses.join(', ')}`
  if (names.some((each) => each.toLowerCase() === name.toLowerCase())) {
    return found('DOCTOR_NAME_RESOLVES', `${at}, which leads back to it`)
  }
  const back = names.length === 0 ? 'has no PTR record' : `leads back to ${names.join(', ')}`
  const text = 'Add a PTR record; Sallyport itself does without.'
  const octets = first.split('.')
  const word = shellWord(name)
  const zone = octets.slice(0, 3).toReversed().join('.')
  const mends = [
    octets.length === 4
      ? {
          text,
          powershell: `Add-DnsServerResourceRecordPtr -ZoneName '${zone}.in-addr.arpa' -Name '${octets[3] ?? ''}' -PtrDomainName ${powershellWord(name)}`,
          sambaTool: `samba-tool dns add ${word} ${zone}.in-addr.arpa ${octets[3] ?? ''} PTR ${word}`,
        }
      : { text },
  ]
  return found('DOCTOR_NAME_NO_PTR', `${at}, which ${back}`, { subject: name, mends })
}

/** A and PTR. */
export const namesCheck: Check<HostWorld> = {
  id: 'host.names',
  title: 'names of KDCs and domain controllers',
  needs: [],
  async run({ kerberos }) {
    if (kerberos === undefined) return [found('DOCTOR_NOT_APPLICABLE', NO_KERBEROS)]
    const names = kerberos.hosts.filter((host) => !isAddress(host))
    if (names.length === 0) {
      return [found('DOCTOR_NOT_APPLICABLE', 'connector.yaml lists no names of KDCs')]
    }
    return Promise.all(names.map((name) => lookAtName(name, kerberos)))
  },
}

/** SRV. */
export const servicesCheck: Check<HostWorld> = {
  id: 'host.srv',
  title: 'SRV records of the realm',
  needs: [],
  async run({ kerberos }) {
    if (kerberos === undefined) return [found('DOCTOR_NOT_APPLICABLE', NO_KERBEROS)]
    const { realm, dnsLookup, kdcsListed } = kerberos
    if (!dnsLookup) return [found('DOCTOR_NOT_APPLICABLE', 'kerberos.dnsLookup is false')]
    const name = `_kerberos._tcp.${realm.toLowerCase()}`
    let why = 'there is none'
    try {
      const targets = await kerberos.services(name)
      if (targets.length > 0) {
        return [found('DOCTOR_SRV_FOUND', `${name} names ${targets.join(', ')}`)]
      }
    } catch (error) {
      why = errorText(error)
    }
    const code = kdcsListed ? 'DOCTOR_SRV_MISSING_BUT_LISTED' : 'DOCTOR_SRV_MISSING'
    const text = 'Ask the domain’s own name servers.'
    const setting = 'dns: { servers: [<address of a domain controller>] }   # connector.yaml'
    return [found(code, `no SRV records of ${name}: ${why}`, { mends: [{ text, setting }] })]
  },
}
