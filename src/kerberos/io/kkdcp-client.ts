/**
 * Reaches KDCs through HTTPS proxies (MS-KKDCP), for hosts that may not speak to a KDC themselves.
 *
 * @module
 */

import type { LookupFunction } from 'node:net'
import { Agent } from 'undici'
import type { KerberosError } from '../errors.ts'
import type { ForwardProxy } from './forward-proxy.ts'
import { httpsConnector, httpsWay, positive, type HttpsWay } from './https-way.ts'
import type { ProxiedKdcAddress } from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import { kkdcpFault } from './kkdcp-fault.ts'
import { TimedOut } from './kdc-race.ts'
import { postToKdcProxy } from './kkdcp-post.ts'
import type { TlsTrust } from './opened-socket.ts'

/** How KDC proxies are reached. */
export interface KkdcpOptions {
  /** What the KDC proxies must prove. Default a certificate that Node trusts. */
  readonly trust?: TlsTrust | undefined
  /** A forward proxy through which they are reached, or what tells the one for a URL. Default none. */
  readonly forwardProxy?: ForwardProxy | ((url: string) => ForwardProxy | undefined) | undefined
  /** Time for connecting, the forward proxy and TLS together, milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number | undefined
  /** Connections to one KDC proxy. Default 8. */
  readonly maxConnections?: number | undefined
  /** How long a connection is kept without use, milliseconds. Default 30 000. */
  readonly keepAliveMs?: number | undefined
  /** Largest reply, octets. Default 256 KiB. */
  readonly maxReplyOctets?: number | undefined
  /** Looks up the names of KDC proxies, or that of the forward proxy. Default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
}

const MAX_HEADER_OCTETS = 16_384
/** CA sets for which connections are kept; more than any krb5.conf names. */
const MAX_AGENTS = 64

/** Asks KDC proxies. Connections that nobody uses do not keep the process alive. */
export class KkdcpClient {
  readonly #settings: Settings
  /** One for each set of CAs, so that no connection counts as verified by another. */
  readonly #agents = new Map<string, Agent>()
  /** What connections that are being opened wait for, by the KDC proxy's origin. */
  readonly #stages = new Map<string, string>()

  /**
   * Opens no connection yet.
   *
   * @param options - Whom to trust, the way, and limits.
   * @throws RangeError for a limit that is not positive or a forward proxy that cannot be one.
   */
  constructor(options: KkdcpOptions = {}) {
    this.#settings = checked(options)
  }

  /**
   * Puts a question to one KDC proxy: for a KDC transport's `https`. Throws KerberosError ERR_KRB_KDC_UNREACHABLE that
   * says what went wrong, without naming the proxy, and what to do.
   */
  readonly ask: KdcAttempt<ProxiedKdcAddress> = async ({ url, ca = '' }, question, signal) => {
    const { maxReplyOctets } = this.#settings
    const dispatcher = this.#agentFor(ca)
    const gone = Promise.withResolvers<never>()
    const leave = (): void => {
      gone.reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      const post = postToKdcProxy({ ...question, url, maxReplyOctets, dispatcher }, signal)
      // undici gives a request up that waits for its connection only when that is open, or has failed.
      return await Promise.race([post, gone.promise])
    } catch (error) {
      if (!(signal.reason instanceof TimedOut)) throw kkdcpFault(error)
      this.#retire(ca, dispatcher)
      throw this.#late(url, signal.reason)
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** A firewall before the proxy, or before the forward proxy, and a KDC proxy that is slow look alike else. */
  #late(url: string, timedOut: TimedOut): KerberosError {
    const stage = this.#stages.get(new URL(url).origin)
    if (stage === undefined) return kkdcpFault(timedOut)
    return kkdcpFault(new Error(`${stage}: ${timedOut.message}`, { cause: timedOut }))
  }

  /** After a change of the network every kept connection may be as dead as the one that was silent: each would cost a request. */
  #retire(ca: string, agent: Agent): void {
    // Once: undici refuses to close what is closed.
    if (this.#agents.get(ca) !== agent) return
    this.#agents.delete(ca)
    void agent.close()
  }

  /** Closes what is kept open; who still waits is told. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  #agentFor(ca: string): Agent {
    let agent = this.#agents.get(ca)
    if (agent !== undefined) return agent
    const [oldest] = this.#agents
    if (oldest !== undefined && this.#agents.size >= MAX_AGENTS) {
      this.#retire(...oldest)
    }
    agent = agentOf(this.#settings, ca === '' ? {} : { ca }, this.#stages)
    this.#agents.set(ca, agent)
    return agent
  }
}

interface Settings extends HttpsWay {
  readonly maxReplyOctets: number
}

function checked(options: KkdcpOptions): Settings {
  for (const pin of options.trust?.pins ?? []) {
    if (!/^[0-9a-f]{64}$/.test(pin))
      throw new RangeError('a pin is 64 hexadecimal digits, lower case')
  }
  return {
    ...httpsWay(options),
    maxReplyOctets: positive('maxReplyOctets', options.maxReplyOctets ?? 262_144),
  }
}

/** From a krb5.conf's http_anchors or from the settings, in this order, come the CAs. */
function agentOf(settings: Settings, anchors: TlsTrust, stages: Map<string, string>): Agent {
  return new Agent({
    connections: settings.maxConnections,
    keepAliveTimeout: settings.keepAliveMs,
    keepAliveMaxTimeout: settings.keepAliveMs,
    maxHeaderSize: MAX_HEADER_OCTETS,
    // The transport's own limits end an attempt.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: httpsConnector(
      { ...settings, trust: { ...settings.trust, ...anchors } },
      kkdcpFault,
      stages,
    ),
  })
}
