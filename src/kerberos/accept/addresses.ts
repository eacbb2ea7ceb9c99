/**
 * Tickets that are bound to addresses (RFC 4120 sections 3.2.3 and 7.5.3).
 *
 * @module
 */

import { KrbErrorCode } from '../iana/index.ts'
import type { HostAddress } from '../messages/index.ts'
import { Refusal } from './refusal.ts'

const IPV4 = 2
const IPV6 = 24
/** Windows puts the name of the client's computer there; it binds nothing. */
const NETBIOS = 20

/** Octets of an address in text form, IPv4 inside IPv6 as IPv4; undefined where it is none. */
function octetsOf(address: string): Uint8Array | undefined {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) {
    const numbers = address.split('.').map(Number)
    return numbers.every((number) => number < 256) ? Uint8Array.from(numbers) : undefined
  }
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return octetsOf(mapped)
  const groups = ipv6Groups(address.split('%', 1)[0] ?? '')
  if (groups === undefined) return undefined
  const octets = Buffer.alloc(16)
  for (const [i, group] of groups.entries()) octets.writeUInt16BE(group, i * 2)
  return octets
}

/** The eight groups of an IPv6 address. */
function ipv6Groups(text: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const missing = 8 - left.length - right.length
  const fits = tail === undefined ? missing === 0 : missing > 0
  if (more.length > 0 || !fits) return undefined
  const all = [...left, ...Array<string>(missing).fill('0'), ...right]
  return all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? all.map((group) => parseInt(group, 16))
    : undefined
}

/**
 * Refuses a ticket that is bound to other addresses than the client's.
 *
 * @param addresses - Of the ticket; NetBIOS names do not count.
 * @param client - The client's address, where it is known.
 * @throws Refusal ERR_KRB_NOT_ACCEPTED, also where the ticket is bound and the client's address is not known.
 */
export function checkAddress(
  addresses: readonly HostAddress[] | undefined,
  client: string | undefined,
): void {
  const bound = addresses?.filter(({ addrType }) => addrType !== NETBIOS) ?? []
  if (bound.length === 0) return
  const own = client === undefined ? undefined : octetsOf(client)
  if (own !== undefined) {
    const type = own.length === 4 ? IPV4 : IPV6
    const same = ({ addrType, address }: HostAddress): boolean =>
      addrType === type && Buffer.from(own).equals(address)
    if (bound.some(same)) return
  }
  const what = own === undefined ? 'the client’s is not known' : 'the client’s is not among them'
  throw new Refusal('ERR_KRB_NOT_ACCEPTED', `the ticket is bound to addresses, and ${what}`, {
    krb: KrbErrorCode.KRB_AP_ERR_BADADDR,
    mend: 'Have the KDC issue tickets without addresses (noaddresses = true).',
  })
}
