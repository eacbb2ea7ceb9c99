/**
 * IP addresses: which ones a backend may have. RFC 4291 section 2.2 for IPv6 text, RFC 4632 for prefixes.
 *
 * @module
 */

/** An IPv6 address with an embedded IPv4 one has 45 characters; a zone or a prefix length may follow. */
const MAX_TEXT = 128

/** An address or network: octets (4 or 16) and how many leading bits count. */
interface Network {
  readonly octets: Uint8Array
  readonly bits: number
}

/** Says whether an address, as text, is allowed. */
export type AddressRule = (address: string) => boolean

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = IPV4.exec(text)?.slice(1)
  if (parts?.every((part) => Number(part) <= 255 && String(Number(part)) === part) !== true) {
    return undefined
  }
  return Uint8Array.from(parts, Number)
}

/** Turns a last part in dotted form into two groups of hex digits. */
function foldIpv4Tail(text: string): string | undefined {
  const at = text.lastIndexOf(':')
  if (!text.includes('.')) return text
  const tail = parseIpv4(text.slice(at + 1))
  if (tail === undefined) return undefined
  const hex = Buffer.from(tail).toString('hex')
  return `${text.slice(0, at + 1)}${hex.slice(0, 4)}:${hex.slice(4)}`
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':')
}

function parseIpv6(text: string): Uint8Array | undefined {
  const folded = foldIpv4Tail(text.replace(/%[^%\s]*$/, ''))
  if (folded === undefined) return undefined
  const halves = folded.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '')
  const tail = groupsOf(halves[1] ?? '')
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(
    groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]),
  )
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/**
 * Reads an IP address. An IPv4-mapped IPv6 address (::ffff:127.0.0.1) counts as the IPv4 address it reaches.
 *
 * @param text - IPv4 in four decimal parts without leading zeros, or IPv6; a zone is passed over.
 * @returns 4 or 16 octets, or undefined when it is neither.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > MAX_TEXT) return undefined
  if (!text.includes(':')) return parseIpv4(text)
  const octets = parseIpv6(text)
  if (octets === undefined) return undefined
  return MAPPED.every((octet, index) => octets[index] === octet) ? octets.slice(12) : octets
}

/**
 * Reads a network such as `10.1.0.0/16`, `fd00::/8` or a single address.
 *
 * @param text - What the policy says.
 * @returns The network, or undefined when it is not one.
 */
export function parseNetwork(text: string): Network | undefined {
  if (text.length > MAX_TEXT) return undefined
  const [address = '', prefix, ...rest] = text.split('/')
  const octets = parseAddress(address)
  if (octets === undefined || rest.length > 0) return undefined
  if (prefix === undefined) return { octets, bits: octets.length * 8 }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > octets.length * 8) return undefined
  return { octets, bits: Number(prefix) }
}

function contains(network: Network, octets: Uint8Array): boolean {
  if (network.octets.length !== octets.length) return false
  for (let bit = 0; bit < network.bits; bit += 8) {
    const mask = network.bits - bit >= 8 ? 0xff : (0xff << (8 - (network.bits - bit))) & 0xff
    const index = bit / 8
    if (((network.octets[index] ?? 0) & mask) !== ((octets[index] ?? 0) & mask)) return false
  }
  return true
}

/**
 * Never a backend unless the policy lists it: this host, the link, multicast, the clouds' metadata services, and forms of
 * IPv6 that hold an IPv4 address and so lead to any of these.
 */
const REFUSED = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  // Link-local, and with it the metadata services of AWS, Azure, Google Cloud and most others.
  '169.254.0.0/16',
  // Metadata of Alibaba Cloud; Azure's host.
  '100.100.100.200',
  '168.63.129.16',
  // IETF protocol assignments (RFC 6890), with Oracle Cloud's metadata, 192.0.0.192; 6to4 relays (RFC 7526).
  '192.0.0.0/24',
  '192.88.99.0/24',
  // Multicast, reserved and broadcast.
  '224.0.0.0/3',
  // Unspecified, loopback, and IPv4-compatible addresses (RFC 4291 section 2.5.5.1).
  '::/96',
  // IPv4-translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), Teredo (RFC 4380), 6to4 (RFC 3056).
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  // Discard (RFC 6666), link-local, site-local (RFC 3879), multicast.
  '100::/64',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  // Metadata: AWS (also name, time and pod identity services), Google Cloud, Oracle Cloud, Scaleway.
  'fd00:ec2::/32',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'fd00:42::42',
].map(networkOf)

function networkOf(text: string): Network {
  const network = parseNetwork(text)
  if (network === undefined) throw new RangeError(`not a network: ${text}`)
  return network
}

/** ISATAP (RFC 5214 section 6.1): under any prefix, an interface id 0000:5efe or 0200:5efe and an IPv4 address. */
function isIsatap(octets: Uint8Array): boolean {
  const [high = 1] = octets.subarray(8, 9)
  return (
    octets.length === 16 &&
    (high & 0xfd) === 0 &&
    octets[9] === 0 &&
    octets[10] === 0x5e &&
    octets[11] === 0xfe
  )
}

/** How many leading bits a listed network must have to reach an address that is refused by itself; 0: it is not. */
function bitsToReach(octets: Uint8Array): number {
  const refused = REFUSED.filter((network) => contains(network, octets)).map(({ bits }) => bits)
  return Math.max(0, isIsatap(octets) ? 96 : 0, ...refused)
}

/**
 * Builds the rule of a policy row.
 *
 * @param listed - Networks the backend's addresses must be in; undefined: anywhere but loopback, link-local, multicast
 *   and metadata addresses and what embeds them. A listed network reaches one of those only when it is no wider than
 *   the refused one: `0.0.0.0/0` does not stand for loopback.
 * @returns The rule.
 * @throws RangeError for a text that is not a network.
 */
export function addressRule(listed: readonly string[] | undefined): AddressRule {
  const networks = listed?.map(networkOf)
  return (address) => {
    const octets = parseAddress(address)
    if (octets === undefined) return false
    const bits = bitsToReach(octets)
    if (networks === undefined) return bits === 0
    return networks.some((network) => network.bits >= bits && contains(network, octets))
  }
}
