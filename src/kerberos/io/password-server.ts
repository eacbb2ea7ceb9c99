/**
 * Reaches the password servers of realms (RFC 3244) as KDCs are reached, and through the same KDC proxies, which carry both
 * (MS-KKDCP 1.3): the same order, limits, errors and lines in the log.
 *
 * Two things differ. A server that is asked itself listens on port 464. And the servers are asked strictly one after the other,
 * over a connection of their own: a change of a password is not repeated as lightly as a request for a ticket.
 *
 * @module
 */

import type { PasswordServers } from '../rotate-password.ts'
import {
  formatKdcAddress,
  parsePasswordServer,
  passwordServerOf,
  type KdcAddress,
} from './kdc-address.ts'
import type { KdcLocator } from './kdc-locator.ts'
import { NetworkKdcTransport } from './kdc-transport.ts'
import type { AskedService, NetworkKdcTransportOptions } from './kdc-transport-options.ts'

const SERVICE: AskedService = {
  name: 'password server',
  mend: 'Open TCP port 464 towards the domain controllers, or name a KDC proxy that carries kpasswd.',
  once: true,
}

/** A server writes to its directory before it answers. */
const LIMITS = { timeoutMs: 10_000, totalTimeoutMs: 30_000, maxReplyOctets: 65_536 }

type Servers = Readonly<Record<string, readonly string[]>>

/** How password servers are reached; what is not said here is as with KDCs. */
export interface PasswordServerOptions extends Pick<
  NetworkKdcTransportOptions,
  'https' | 'lookup' | 'logger' | 'clock' | 'timeoutMs' | 'totalTimeoutMs' | 'maxReplyOctets'
> {
  /**
   * For each realm its servers, `host` or `host:port`; in Active Directory every domain controller is one. With `https`, URLs
   * of KDC proxies too. Time for one of them is 10 seconds, and 30 for all, where no other limits are given.
   */
  readonly servers?: Servers | undefined
  /** Finds the KDCs of all other realms: in Active Directory they are the password servers too. Default none. */
  readonly locator?: KdcLocator | undefined
  /** For each realm servers, in the same forms, that are asked when no other answers. Default none. */
  readonly lastly?: Servers | undefined
}

/** Asks one password server after the other until one answers: the same new password twice does no harm. */
export class PasswordServerTransport implements PasswordServers {
  readonly #network: NetworkKdcTransport

  /**
   * Connects nothing yet.
   *
   * @throws RangeError for a server's address that is none, a KDC proxy without `https`, or a limit that is not positive.
   */
  constructor(options: PasswordServerOptions) {
    const { servers = {}, lastly = {}, locator = NOWHERE, ...rest } = options
    const listed = Object.entries(servers).filter(([, texts]) => texts.length > 0)
    this.#network = new NetworkKdcTransport({
      ...{ ...rest, timeoutMs: rest.timeoutMs ?? LIMITS.timeoutMs },
      totalTimeoutMs: rest.totalTimeoutMs ?? LIMITS.totalTimeoutMs,
      maxReplyOctets: rest.maxReplyOctets ?? LIMITS.maxReplyOctets,
      ...{ service: SERVICE, maxInFlight: 1, keepMs: 0, udpPreferenceLimit: 0 },
      kdcs: Object.fromEntries(
        listed.map(([realm, texts]) => [realm, [...texts, ...(lastly[realm] ?? [])].map(withPort)]),
      ),
      locator: passwordLocator(locator, lastly),
    })
  }

  /**
   * Sends one request and waits for its reply; see KdcTransport.
   *
   * @param realm - Whose password server.
   * @param request - The request.
   * @param signal - Gives up.
   * @returns The reply, whatever it says.
   * @throws KerberosError ERR_KRB_KDC_UNREACHABLE, ERR_KRB_ABORTED; what was sent may have been done.
   */
  exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#network.exchange(realm, request, signal)
  }

  /**
   * Whether nobody but the server that gave a reply can have had the request.
   *
   * @param reply - The very octets that `exchange` returned.
   * @returns False where others were asked before, or a KDC proxy was, which may ask several.
   */
  isAlone(reply: Uint8Array): boolean {
    return this.#network.isAlone(reply)
  }

  /**
   * Whether an exchange failed before anything was sent to anybody.
   *
   * @param error - The very error that `exchange` threw.
   * @returns False where a server can have had the request, or a KDC proxy.
   */
  isUnsent(error: unknown): boolean {
    return this.#network.isUnsent(error)
  }
}

const NOWHERE: KdcLocator = { locate: () => Promise.resolve([]) }

/** Those that are named for it, else the KDCs' own hosts; last of all those that are always there. */
function passwordLocator(locator: KdcLocator, lastly: Servers): KdcLocator {
  const last = new Map(
    Object.entries(lastly).map(([realm, texts]) => [realm, texts.map(parsePasswordServer)]),
  )
  const find = async (realm: string): Promise<readonly KdcAddress[]> => {
    const named = (await locator.passwordServers?.(realm)) ?? []
    return named.length > 0 ? named : (await locator.locate(realm)).map(passwordServerOf)
  }
  return {
    locate: async (realm) => {
      const others = last.get(realm)
      if (others === undefined || others.length === 0) return find(realm)
      return [...(await find(realm).catch(() => [])), ...others]
    },
  }
}

function withPort(text: string): string {
  return formatKdcAddress(parsePasswordServer(text))
}
