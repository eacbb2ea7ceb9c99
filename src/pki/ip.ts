/**
 * IP addresses as octets, for iPAddress names (RFC 5280 section 4.2.1.6).
 *
 * @module
 */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:[.](?!$)|$)){4}$/
const GROUP = /^[0-9a-f]{1,4}$/i

function ipv4Octets(text: string): Uint8Array | undefined {
  return IPV4.test(text) ? Uint8Array.from(text.split('.').map(Number)) : undefined
}

/** A dotted tail, as in ::ffff:192.0.2.1, becomes two groups. */
function foldDottedTail(text: string): string {
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const octets = ipv4Octets(tail)
  if (octets === undefined) return text
  const hex = Buffer.from(octets).toString('hex')
  return `${text.slice(0, -tail.length)}${hex.slice(0, 4)}:${hex.slice(4)}`
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'))

function ipv6Octets(text: string): Uint8Array | undefined {
  const halves = foldDottedTail(text).split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '')
  const tail = groupsOf(halves[1] ?? '')
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => GROUP.test(group))) return undefined
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/**
 * Reads an IP address.
 *
 * @param text - IPv4 dotted or IPv6 without brackets or zone.
 * @returns 4 or 16 octets, or undefined when it is no address.
 */
export function ipOctets(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6Octets(text) : ipv4Octets(text)
}
