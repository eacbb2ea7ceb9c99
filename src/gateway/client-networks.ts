/**
 * Networks of client addresses, as the administrator lists them (RFC 4632, RFC 4291 section 2.3).
 *
 * @module
 */

interface Network {
  readonly value: bigint
  readonly width: number
  readonly bits: number
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.')
  const good = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))
  if (!good || parts.some((part) => Number(part) > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

function ipv6(text: string): bigint | undefined {
  const halves = text.split('::')
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

function addressIn(text: string): { readonly value: bigint; readonly width: number } | undefined {
  const isV6 = text.includes(':')
  const value = isV6 ? ipv6(text.replace(/%.*$/, '')) : ipv4(text)
  return value === undefined ? undefined : { value, width: isV6 ? 128 : 32 }
}

function networkIn(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const found = addressIn(address)
  if (found === undefined || rest.length > 0) return undefined
  const bits = prefix === undefined ? found.width : Number(prefix)
  const good = prefix === undefined || /^\d{1,3}$/.test(prefix)
  return good && bits <= found.width ? { ...found, bits } : undefined
}

/**
 * Whether a text is a network.
 *
 * @param text - `10.0.0.0/8`, `fd00::/8` or one address.
 * @returns True when it is.
 */
export function isNetwork(text: string): boolean {
  return networkIn(text) !== undefined
}

/**
 * Makes a rule of networks.
 *
 * @param networks - Each one that `isNetwork` takes.
 * @returns Says whether an address, as node gives it, is in one of them.
 */
export function networkRule(networks: readonly string[]): (address: string) => boolean {
  const all = networks.map(networkIn).filter((each) => each !== undefined)
  return (address) => {
    const found = addressIn(address)
    if (found === undefined) return false
    const { value, width } = found
    return all.some((network) => {
      const shift = BigInt(width - network.bits)
      return network.width === width && value >> shift === network.value >> shift
    })
  }
}
