/**
 * Searches Active Directory over LDAPS: one connection kept and shared, opened anew after loss and from time to time, at the first
 * server of the list that answers.
 *
 * @module
 */

import { errorCode, errorMend, errorText, type Clock, type Logger } from '../../platform/index.ts'
import {
  DirectoryError,
  type DirectoryEntry,
  type DirectorySearch,
  type SearchRequest,
} from '../index.ts'
import { openBoundSocket, type LdapCredentials } from './bound-socket.ts'
import { within } from './deadline.ts'
import { LdapConnection, LdapConnectionLost, type LdapConnectionLimits } from './ldap-connection.ts'
import { resolveLdapOptions, type LdapOptions, type ResolvedLdapOptions } from './ldap-options.ts'
import { WrongPassword } from './simple-bind.ts'
import { unreachable } from './unreachable.ts'

/** The outside world of an LDAP search. */
export interface LdapPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly binder: LdapCredentials
  /** Addresses of a host name, in order of preference. */
  lookup(name: string): Promise<readonly string[]>
}

/** DirectorySearch over LDAPS. */
export class LdapSearch implements DirectorySearch {
  readonly #options: ResolvedLdapOptions
  readonly #connectionLimits: LdapConnectionLimits
  readonly #ports: LdapPorts
  #connection: { readonly open: LdapConnection; readonly sinceMs: number } | undefined
  #opening: Promise<LdapConnection> | undefined
  #failed: { readonly error: DirectoryError; readonly atMs: number } | undefined
  #namingContext: string | undefined
  /** Index of the server that answered last. */
  #preferred = 0
  #closed = false

  constructor(options: LdapOptions, ports: LdapPorts) {
    this.#options = resolveLdapOptions(options)
    const { operationTimeoutMs, maxReplyOctets } = this.#options
    // Half, so that a kept connection that has fallen silent leaves time for a new one.
    this.#connectionLimits = { answerTimeoutMs: operationTimeoutMs / 2, maxReplyOctets }
    this.#ports = ports
  }

  /**
   * The server's own domain, asked for once.
   *
   * @param signal - Gives up waiting.
   * @returns A distinguished name.
   */
  async namingContext(signal?: AbortSignal): Promise<string> {
    if (this.#namingContext !== undefined) return this.#namingContext
    const [root] = await this.search(ROOT_DSE, signal)
    const [context] = root?.text.get('defaultnamingcontext') ?? []
    if (context === undefined) {
      throw new DirectoryError('ERR_DIRECTORY_REPLY', 'the server names no default naming context')
    }
    this.#namingContext = context
    return context
  }

  /**
   * Searches once; repeats it once on a new connection when a kept one turns out to be lost.
   *
   * @param request - What.
   * @param signal - Gives up waiting; the connection stays.
   * @returns The objects found.
   */
  search(request: SearchRequest, signal?: AbortSignal): Promise<readonly DirectoryEntry[]> {
    const { operationTimeoutMs, serves } = this.#options
    const what = `a search in the directory of ${serves}`
    const deadline = { timeoutMs: operationTimeoutMs, what, signal }
    return within(this.#ports.clock, deadline, async () => {
      const kept = this.#kept()
      if (kept) {
        try {
          return await kept.search(request)
        } catch (error) {
          if (!(error instanceof LdapConnectionLost)) throw error
          this.#ports.logger.info('directory connection lost', { reason: error.message })
        }
      }
      return this.#searchAnew(request)
    })
  }

  /**
   * Makes sure that a server answers and lets us in.
   *
   * @param signal - Gives up waiting.
   * @throws DirectoryError as a search does.
   */
  async check(signal?: AbortSignal): Promise<void> {
    await this.search(ROOT_DSE, signal)
  }

  /** Ends the connection. Later searches are refused. */
  close(): void {
    this.#closed = true
    this.#connection?.open.close()
    this.#connection = undefined
  }

  async #searchAnew(request: SearchRequest): Promise<readonly DirectoryEntry[]> {
    const connection = await this.#connect()
    try {
      return await connection.search(request)
    } catch (error) {
      if (!(error instanceof LdapConnectionLost)) throw error
      throw unreachable(`the directory of ${this.#options.serves}: ${error.message}`, error)
    }
  }

  /** The connection that is kept, unless it has ended or its bind is due to be renewed. */
  #kept(): LdapConnection | undefined {
    if (!this.#connection) return undefined
    const { open, sinceMs } = this.#connection
    const ageMs = this.#ports.clock.monotonicMs() - sinceMs
    if (open.usable && (ageMs < this.#options.maxBindAgeMs || open.busy)) return open
    open.close()
    this.#connection = undefined
    return undefined
  }

  /** Everyone who needs a connection waits for the same attempt; a fresh failure is everyone's. */
  async #connect(): Promise<LdapConnection> {
    if (this.#closed) throw this.#isClosed()
    const kept = this.#kept()
    if (kept) return kept
    const now = this.#ports.clock.monotonicMs()
    if (this.#failed && now - this.#failed.atMs < this.#options.retryAfterMs)
      throw this.#failed.error
    this.#opening ??= this.#openAny().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openAny(): Promise<LdapConnection> {
    const { servers, serves } = this.#options
    const faults: ServerFault[] = []
    for (let turn = 0; turn < servers.length; turn += 1) {
      const index = (this.#preferred + turn) % servers.length
      const server = servers[index]
      if (!server) continue
      try {
        const connection = await this.#open(server.host, server.port)
        this.#keep(connection, index)
        return connection
      } catch (error) {
        const reason = errorText(error)
        faults.push({ host: server.host, error })
        this.#ports.logger.warn('directory server unusable', { server: server.host, reason })
        // Every server counts a wrong password, and the account would soon be locked.
        if (error instanceof WrongPassword) break
      }
    }
    const error = allFailed(serves, faults)
    this.#failed = { error, atMs: this.#ports.clock.monotonicMs() }
    throw error
  }

  #keep(connection: LdapConnection, index: number): void {
    if (this.#closed) {
      connection.close()
      throw this.#isClosed()
    }
    this.#preferred = index
    this.#failed = undefined
    this.#connection = { open: connection, sinceMs: this.#ports.clock.monotonicMs() }
    this.#ports.logger.info('directory connected', { server: connection.serverName })
  }

  #isClosed(): DirectoryError {
    const message = `the directory of ${this.#options.serves} is closed`
    return new DirectoryError('ERR_DIRECTORY_UNREACHABLE', message)
  }

  #open(host: string, port: number): Promise<LdapConnection> {
    const { connectTimeoutMs: timeoutMs, ca } = this.#options
    const deadline = { timeoutMs, what: `connecting to ${host}` }
    return within(this.#ports.clock, deadline, async (signal) => {
      const addresses = await this.#ports.lookup(host)
      let fault: unknown = new Error(`${host} has no address`)
      for (const address of addresses) {
        signal.throwIfAborted()
        try {
          const target = { address, port, serverName: host, ca }
          const socket = await openBoundSocket(target, this.#ports.binder, signal)
          return new LdapConnection(socket, host, this.#connectionLimits)
        } catch (error) {
          if (error instanceof WrongPassword) throw error
          fault = error
        }
      }
      throw fault
    })
  }
}

const ROOT_DSE: SearchRequest = {
  base: '',
  scope: 'base',
  filter: '(objectClass=*)',
  text: ['defaultNamingContext'],
  binary: [],
  sizeLimit: 1,
}

/** What came of one server. */
interface ServerFault {
  readonly host: string
  readonly error: unknown
}

/** A connection's own words may have an address alone. */
function told({ host, error }: ServerFault): string {
  const text = errorText(error)
  return text.includes(host) ? text : `${host}: ${text}`
}

/** A refusal outweighs silence: it is what an administrator has to mend. */
function allFailed(serves: string, tried: readonly ServerFault[]): DirectoryError {
  const faults = tried.map(({ error }) => error)
  const refusal = faults.find(isRefusal)
  const texts = tried.map(told).join('; ')
  const cause = faults.length === 1 ? faults[0] : new AggregateError(faults)
  if (refusal === undefined && faults.some(isCertificateFault)) {
    const message = `no directory server of ${serves} to be trusted: ${texts}`
    return new DirectoryError('ERR_DIRECTORY_TLS', message, {
      cause,
      mend: 'Set directory.ca to the authority of the domain controllers’ certificates, and name the servers as in these.',
    })
  }
  if (refusal === undefined) {
    return unreachable(`no directory server of ${serves}: ${texts}`, cause)
  }
  const message = `no directory server of ${serves} lets us in: ${texts}`
  return new DirectoryError('ERR_DIRECTORY_REFUSED', message, {
    cause,
    mend: errorMend(refusal) ?? 'Check the connector account and its keytab.',
  })
}

/** As Node names what OpenSSL says of a chain, and its own check of the name. */
function isCertificateFault(error: unknown): boolean {
  return /^(?:ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE)/.test(
    errorCode(error),
  )
}

function isRefusal(error: unknown): boolean {
  const code = errorCode(error)
  if (code === 'ERR_DIRECTORY_REFUSED') return true
  return code.startsWith('ERR_KRB_') && code !== 'ERR_KRB_KDC_UNREACHABLE'
}
