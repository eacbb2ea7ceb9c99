/**
 * Pools of connections to backends: each pool is one app and one user, and a connection never leaves its pool (design,
 * invariant 1).
 *
 * @module
 */

import type { BackendCall, BackendHandler, BackendPool, BackendRequest } from '../backend.ts'
import { Roster } from '../../platform/index.ts'
import { SsoError } from '../errors.ts'
import { openSocket } from './connect.ts'
import { Connection } from './connection.ts'
import { Exchange, type ExchangeHome } from './exchange.ts'
import { resolveBackendLimits, type BackendLimits } from './limits.ts'
import type { Resolve } from './resolve.ts'
import { WaitingLine, type Place } from '../waiting-line.ts'

/** One app's connections for one user, or for nobody. */
interface UserPool {
  readonly key: string
  readonly owner: string | undefined
  /** Youngest last; the last one is used first. */
  readonly idle: Connection[]
  readonly busy: Set<Connection>
  readonly waiting: WaitingLine<Exchange>
  connecting: number
}

/** How the pool reaches backends. */
export interface BackendPoolOptions {
  readonly resolve: Resolve
  readonly limits?: Partial<BackendLimits>
}

function isFit(connection: Connection, request: BackendRequest): boolean {
  const leadsThere = connection.usable && connection.target === request.target
  return leadsThere && request.signIn?.accepts(connection.channel) !== false
}

function tooMany(what: string, setting: string): SsoError {
  return new SsoError('ERR_BACKEND_UNREACHABLE', `too many ${what} (${setting})`, {
    mend: `Look for a backend that answers too slowly, or raise ${setting}.`,
  })
}

/** A wait for a connection of one's pool, which ends with it, with the time or with the request. */
class Wait {
  readonly #line: WaitingLine<Exchange>
  readonly #place: Place<Exchange>
  readonly #timer: NodeJS.Timeout

  constructor(line: WaitingLine<Exchange>, exchange: Exchange) {
    const { connectMs } = exchange.request.target.timeouts
    this.#line = line
    this.#place = line.join(exchange)
    this.#timer = setTimeout(() => {
      const late = `no connection became free within connectMs (${connectMs})`
      exchange.fail(new SsoError('ERR_BACKEND_TIMEOUT', late))
    }, connectMs)
  }

  /** Called once, by whoever takes it off the exchange. */
  abort(): void {
    clearTimeout(this.#timer)
    this.#line.leave(this.#place)
  }
}

class UndiciBackendPool implements BackendPool, ExchangeHome {
  readonly #resolve: Resolve
  readonly #limits: BackendLimits
  readonly #pools = new Map<string, UserPool>()
  /** All idle connections with their pool, the longest idle first. */
  readonly #idle = new Map<Connection, UserPool>()
  readonly #exchanges = new Roster<Exchange>()
  #sockets = 0
  #closed = false

  constructor(options: BackendPoolOptions) {
    this.#resolve = options.resolve
    this.#limits = resolveBackendLimits(options.limits)
  }

  send(request: BackendRequest, handler: BackendHandler): BackendCall {
    const exchange = new Exchange(request, handler, this)
    this.#exchanges.add(exchange)
    if (this.#closed) exchange.fail(shutDown())
    else this.acquire(exchange)
    return exchange
  }

  #poolOf(request: BackendRequest): UserPool {
    const { poolKey: key, owner } = request
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = { key, owner, idle: [], busy: new Set(), waiting: new WaitingLine(), connecting: 0 }
      this.#pools.set(key, pool)
    }
    return pool
  }

  acquire(exchange: Exchange): void {
    const pool = this.#poolOf(exchange.request)
    const connection = exchange.wantsFresh ? undefined : this.#takeIdle(pool, exchange.request)
    if (connection !== undefined) {
      pool.busy.add(connection)
      exchange.run(connection)
      return
    }
    this.#openOrWait(pool, exchange)
  }

  /** The youngest idle connection that is alive, leads to where the app's settings point now, and fits the sign-in. */
  #takeIdle(pool: UserPool, request: BackendRequest): Connection | undefined {
    for (;;) {
      const connection = pool.idle.pop()
      if (connection === undefined) return undefined
      this.#idle.delete(connection)
      if (isFit(connection, request)) return connection
      connection.destroy()
    }
  }

  #openOrWait(pool: UserPool, exchange: Exchange): void {
    const most = pool.owner === undefined ? this.#limits.socketsPerApp : this.#limits.socketsPerUser
    if (pool.idle.length + pool.busy.size + pool.connecting < most || this.#evictFrom(pool)) {
      if (this.#sockets < this.#limits.sockets || this.#evictOldest()) this.#open(pool, exchange)
      else this.#refuse(pool, exchange, tooMany('connections', 'sockets'))
    } else if (pool.waiting.size < this.#limits.waiting) {
      exchange.waiting = new Wait(pool.waiting, exchange)
    } else {
      this.#refuse(pool, exchange, tooMany('requests waiting for a connection', 'waiting'))
    }
  }

  #refuse(pool: UserPool, exchange: Exchange, error: SsoError): void {
    exchange.fail(error)
    this.#tidy(pool)
  }

  /** A pool that is full of idle connections gives its oldest up for one that must be fresh. */
  #evictFrom(pool: UserPool): boolean {
    const oldest = pool.idle.shift()
    if (oldest === undefined) return false
    this.#idle.delete(oldest)
    oldest.destroy()
    return true
  }

  #evictOldest(): boolean {
    const oldest = this.#idle.entries().next()
    if (oldest.done === true) return false
    const [connection, pool] = oldest.value
    this.#idle.delete(connection)
    pool.idle.splice(pool.idle.indexOf(connection), 1)
    connection.destroy()
    return true
  }

  #open(pool: UserPool, exchange: Exchange): void {
    const { target } = exchange.request
    const cancel = new AbortController()
    exchange.waiting = cancel
    pool.connecting++
    this.#sockets++
    openSocket(target, this.#resolve, cancel.signal).then(
      (open) => {
        pool.connecting--
        const connection = new Connection(target, open, this.#limits)
        connection.onGone(() => {
          this.#onGone(pool, connection)
        })
        pool.busy.add(connection)
        exchange.waiting = undefined
        if (exchange.over) connection.destroy()
        else exchange.run(connection)
      },
      (error: unknown) => {
        pool.connecting--
        this.#sockets--
        exchange.waiting = undefined
        exchange.fail(error)
        this.#serveWaiting(pool)
      },
    )
  }

  #onGone(pool: UserPool, connection: Connection): void {
    this.#sockets--
    pool.busy.delete(connection)
    if (this.#idle.delete(connection)) pool.idle.splice(pool.idle.indexOf(connection), 1)
    this.#serveWaiting(pool)
  }

  release(exchange: Exchange, connection: Connection): void {
    this.#exchanges.delete(exchange)
    connection.served++
    // undici closes the socket right after it has told of the end, where it may not serve again.
    queueMicrotask(() => {
      const pool = this.#pools.get(exchange.request.poolKey)
      if (pool?.busy.delete(connection) !== true || !connection.usable) {
        connection.destroy()
        return
      }
      pool.idle.push(connection)
      this.#idle.set(connection, pool)
      this.#serveWaiting(pool)
    })
  }

  leave(exchange: Exchange): void {
    this.#exchanges.delete(exchange)
  }

  #serveWaiting(pool: UserPool): void {
    const next = pool.waiting.first
    if (next !== undefined) {
      next.waiting?.abort()
      next.waiting = undefined
      this.acquire(next)
      return
    }
    this.#tidy(pool)
  }

  /** A pool without connections is not kept. */
  #tidy(pool: UserPool): void {
    const unused = pool.idle.length + pool.busy.size + pool.connecting + pool.waiting.size === 0
    if (unused && this.#pools.get(pool.key) === pool) this.#pools.delete(pool.key)
  }

  retire(owner: string | undefined): void {
    for (const pool of [...this.#pools.values()]) {
      if (owner !== undefined && pool.owner !== owner) continue
      for (const connection of pool.busy) connection.retiring = true
      for (const connection of [...pool.idle]) connection.destroy()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const exchange of this.#exchanges.list()) exchange.fail(shutDown())
    this.retire(undefined)
    await Promise.resolve()
  }
}

function shutDown(): SsoError {
  return new SsoError('ERR_BACKEND_ABORTED', 'the connector is shutting down')
}

/**
 * Makes the pool.
 *
 * @param options - DNS and limits.
 * @returns The pool; close it to end its sockets.
 * @throws RangeError for a nonsensical limit.
 */
export function createBackendPool(options: BackendPoolOptions): BackendPool {
  return new UndiciBackendPool(options)
}
