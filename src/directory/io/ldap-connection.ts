/**
 * One bound connection to one domain controller, searched by ldapts.
 *
 * @module
 */

import type { TLSSocket } from 'node:tls'
import {
  AndFilter,
  Client,
  EqualityFilter,
  FilterParser,
  ResultCodeError,
  type Entry,
  type Filter,
} from 'ldapts'
import { errorText } from '../../platform/index.ts'
import { DirectoryError, type DirectoryEntry, type SearchRequest } from '../index.ts'
import { GuardedSocket } from './guarded-socket.ts'

/** Bounds of a connection. */
export interface LdapConnectionLimits {
  /** Longest wait for one answer, milliseconds. */
  readonly answerTimeoutMs: number
  /** Most octets of the answers that are awaited at one time. */
  readonly maxReplyOctets: number
}

/** LDAP result codes after which another connection or server may do better: RFC 4511 appendix A.1. */
const TRY_ELSEWHERE = new Set([1, 3, 51, 52, 80])

/** A connection that failed, or cannot be relied on any more: the next one may work. */
export class LdapConnectionLost extends Error {}

/** Searches over a bound socket. Never reconnects: when it is not usable any more, open another. */
export class LdapConnection {
  /** Who is at the other end. */
  readonly serverName: string
  readonly #client: Client
  readonly #guard: GuardedSocket
  readonly #limits: LdapConnectionLimits
  #inFlight = 0
  #handedOver = false

  constructor(socket: TLSSocket, serverName: string, limits: LdapConnectionLimits) {
    this.serverName = serverName
    this.#guard = new GuardedSocket(socket, limits.maxReplyOctets)
    this.#limits = limits
    this.#client = new Client({
      url: `ldaps://${serverName.includes(':') ? `[${serverName}]` : serverName}`,
      timeout: limits.answerTimeoutMs,
      connectTimeout: limits.answerTimeoutMs,
      createSecureConnection: () => this.#handOver(),
    })
  }

  /** False once the connection has ended. */
  get usable(): boolean {
    return !this.#guard.destroyed && (!this.#handedOver || this.#client.isConnected)
  }

  /** Searches that wait for an answer. */
  get busy(): boolean {
    return this.#inFlight > 0
  }

  /**
   * Searches once.
   *
   * @param request - What.
   * @returns The objects found; where there are more than the size limit, the first of them.
   * @throws LdapConnectionLost when the connection is of no use any more, DirectoryError when the server says no.
   */
  async search(request: SearchRequest): Promise<readonly DirectoryEntry[]> {
    if (this.#inFlight === 0) this.#guard.settle()
    this.#inFlight += 1
    try {
      const { searchEntries } = await this.#client.search(request.base, {
        scope: request.scope,
        filter: filterOf(request),
        attributes: [...request.text, ...request.binary],
        explicitBufferAttributes: [...request.binary],
        // RFC 2696 section 3: a size limit would end the search, not the page.
        ...(request.pageSize === undefined
          ? { sizeLimit: request.sizeLimit }
          : { paged: { pageSize: request.pageSize } }),
        timeLimit: Math.ceil(this.#limits.answerTimeoutMs / 1000),
      })
      return searchEntries.slice(0, request.sizeLimit).map((entry) => toEntry(entry, request))
    } catch (error) {
      throw this.#fault(error, request)
    } finally {
      this.#inFlight -= 1
    }
  }

  /** Ends the connection; searches that wait fail. */
  close(): void {
    this.#guard.destroy()
  }

  #handOver(): TLSSocket {
    if (this.#handedOver) throw new LdapConnectionLost('the connection has ended')
    this.#handedOver = true
    // ldapts takes all error listeners away when it takes a socket over, and its own when the socket closes.
    queueMicrotask(() => {
      this.#guard.on('error', () => undefined)
    })
    // ldapts uses what every Duplex has, and `connecting` and `readyState`.
    return this.#guard as unknown as TLSSocket
  }

  #fault(error: unknown, request: SearchRequest): Error {
    if (error instanceof DirectoryError) return error
    if (this.#guard.fault) return this.#guard.fault
    const text = `${this.serverName}: ${errorText(error)}`
    if (!(error instanceof ResultCodeError) || TRY_ELSEWHERE.has(error.code)) {
      this.close()
      return new LdapConnectionLost(text, { cause: error })
    }
    return new DirectoryError(
      'ERR_DIRECTORY_REFUSED',
      `${this.serverName} refused a search under "${request.base}": LDAP result ${error.code}`,
      { cause: error },
    )
  }
}

function filterOf({ filter, octets }: SearchRequest): string | Filter {
  if (octets === undefined) return filter
  const { attribute } = octets
  const equal = new EqualityFilter({ attribute, value: Buffer.from(octets.value) })
  return new AndFilter({ filters: [FilterParser.parseString(filter), equal] })
}

function toEntry(found: Entry, request: SearchRequest): DirectoryEntry {
  const values = new Map(
    Object.entries(found).map(([name, value]) => [name.toLowerCase(), [value].flat()] as const),
  )
  const text = request.text.map((name) => {
    const read = (values.get(name.toLowerCase()) ?? []).filter((v) => typeof v === 'string')
    return [name.toLowerCase(), read] as const
  })
  const binary = request.binary.map((name) => {
    const read = (values.get(name.toLowerCase()) ?? []).filter((v) => typeof v !== 'string')
    return [name.toLowerCase(), read] as const
  })
  return { distinguishedName: found.dn, text: new Map(text), binary: new Map(binary) }
}
