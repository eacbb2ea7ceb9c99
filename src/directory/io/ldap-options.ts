/**
 * Settings of an LDAP search, checked once.
 *
 * @module
 */

/** Which servers, and every bound. */
export interface LdapOptions {
  /** Domain controllers by DNS name, `host` or `host:port`; port 636 unless named. Tried in order. */
  readonly servers: readonly string[]
  /** What they are the servers of, for messages: a domain. Default: their own names. */
  readonly serves?: string | undefined
  /** PEM certificates that sign the servers' certificates. Default: those the system trusts. */
  readonly ca?: string | undefined
  /** Longest wait for name, TCP, TLS and bind together at one server, milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number
  /** Longest wait for one search, connecting included, milliseconds; for one answer half of it. Default 10 000. */
  readonly operationTimeoutMs?: number
  /** How long a bind is used before a new connection is bound, milliseconds. Default 3 600 000. */
  readonly maxBindAgeMs?: number
  /** After a failure of every server, how long searches fail at once, milliseconds. Default 1000. */
  readonly retryAfterMs?: number
  /** Most octets of answers awaited at one time. Default 8 388 608. */
  readonly maxReplyOctets?: number
}

/** A server of the list. */
export interface LdapServer {
  readonly host: string
  readonly port: number
}

/** LdapOptions with nothing left open. */
export type ResolvedLdapOptions = Omit<Required<LdapOptions>, 'servers' | 'serves' | 'ca'> & {
  readonly servers: readonly LdapServer[]
  readonly serves: string
  readonly ca: string | undefined
}

const SERVER = /^(?:\[([0-9a-f:.]+)\]|([^:\s/[\]]+))(?::(\d{1,5}))?$/i

/**
 * Reads one server of the list.
 *
 * @param text - `host`, `host:port`, or `[IPv6]:port`.
 * @returns Host and port.
 * @throws RangeError for anything else.
 */
function parseLdapServer(text: string): LdapServer {
  const match = SERVER.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? 636)
  if (host === undefined || port < 1 || port > 65_535) {
    throw new RangeError(`a directory server is written host or host:port, not "${text}"`)
  }
  return { host, port }
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param options - What the caller chose.
 * @returns Every setting.
 * @throws RangeError for an empty list, a malformed server or a bound that is not positive.
 */
export function resolveLdapOptions(options: LdapOptions): ResolvedLdapOptions {
  const resolved = {
    connectTimeoutMs: 5000,
    operationTimeoutMs: 10_000,
    maxBindAgeMs: 3_600_000,
    retryAfterMs: 1000,
    maxReplyOctets: 8 * 1024 * 1024,
    ...options,
    serves: options.serves ?? options.servers.join(', '),
    ca: options.ca,
    servers: options.servers.map(parseLdapServer),
  }
  if (resolved.servers.length === 0) throw new RangeError('directory.servers is empty')
  for (const name of ['connectTimeoutMs', 'operationTimeoutMs', 'maxReplyOctets'] as const) {
    if (!(resolved[name] > 0)) throw new RangeError(`${name} must be above 0`)
  }
  return resolved
}
