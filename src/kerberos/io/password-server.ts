/**
 * Reaches the password servers of realms (RFC 3244): TCP port 464, framed as a KDC's messages are; or through KDC proxies, which
 * carry both (MS-KKDCP).
 *
 * @module
 */

import type { LookupFunction } from 'node:net'
import { errorText } from '../../platform/index.ts'
import type { KdcTransport } from '../client-options.ts'
import { KerberosError } from '../errors.ts'
import {
  formatKdcAddress,
  parseHostPort,
  parseKdcAddress,
  type KdcAddress,
  type ProxiedKdcAddress,
} from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import type { KdcLocator } from './kdc-locator.ts'
import { tcpAttempt } from './tcp-attempt.ts'

/** RFC 3244 section 2. */
const KPASSWD_PORT = 464
const MAX_REPLY_OCTETS = 65_536

/** How password servers are reached. */
export interface PasswordServerOptions {
  /**
   * For each realm its servers, `host` or `host:port`; in Active Directory every domain controller is one. With `https`, URLs
   * of KDC proxies too.
   */
  readonly servers?: Readonly<Record<string, readonly string[]>> | undefined
  /** Finds the KDCs of all other realms: in Active Directory they are the password servers too. Default none. */
  readonly locator?: KdcLocator | undefined
  /** Asks KDC proxies, for instance a KkdcpClient's `ask`. Default none: they are passed over. */
  readonly https?: KdcAttempt<ProxiedKdcAddress> | undefined
  /** Time for one server to answer, milliseconds. Default 10 000: it writes to its directory. */
  readonly timeoutMs?: number | undefined
  /** Looks up names. Default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
}

/** Asks one password server after the other until one answers: the same new password twice does no harm. */
export class PasswordServerTransport implements KdcTransport {
  readonly #options: PasswordServerOptions
  readonly #timeoutMs: number

  /**
   * Connects nothing yet.
   *
   * @throws RangeError for a server's address that is none, a KDC proxy without `https`, or a time that is not positive.
   */
  constructor(options: PasswordServerOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
    if (!(this.#timeoutMs > 0)) throw new RangeError('timeoutMs must be above 0')
    const listed = Object.values(options.servers ?? {})
      .flat()
      .map(serverAt)
    if (options.https === undefined && listed.some(({ via }) => via === 'https')) {
      throw new RangeError('a KDC proxy is named, and there is no https to ask it with')
    }
  }

  /**
   * Sends one request and waits for its reply; see KdcTransport.
   *
   * @param realm - Whose password server.
   * @param request - The request.
   * @param signal - Gives up.
   * @returns The reply, whatever it says.
   * @throws KerberosError ERR_KRB_KDC_UNREACHABLE; what was sent may have been done.
   */
  async exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const ask = this.#attempt()
    const faults: string[] = []
    for (const server of await this.#serversOf(realm)) {
      const limit = AbortSignal.timeout(this.#timeoutMs)
      try {
        const either = signal === undefined ? limit : AbortSignal.any([signal, limit])
        return await ask(server, { realm, request }, either)
      } catch (error) {
        if (signal?.aborted === true) throw gaveUp(signal)
        faults.push(`${formatKdcAddress(server)}: ${errorText(error)}`)
      }
    }
    const what = faults.length === 0 ? 'none is known' : faults.join('; ')
    throw new KerberosError('ERR_KRB_KDC_UNREACHABLE', `no password server of ${realm}: ${what}`, {
      mend: 'Open TCP port 464 towards the domain controllers, or name a KDC proxy that carries kpasswd.',
    })
  }

  #attempt(): KdcAttempt {
    const { https, lookup } = this.#options
    const tcp = tcpAttempt({ maxReplyOctets: MAX_REPLY_OCTETS, lookup })
    return (server, question, signal) => {
      if (server.via === 'direct') return tcp(server, question, signal)
      if (https === undefined) throw new TypeError('an address of a KDC proxy without https')
      return https(server, question, signal)
    }
  }

  async #serversOf(realm: string): Promise<readonly KdcAddress[]> {
    const { servers = {}, locator, https } = this.#options
    const listed = Object.hasOwn(servers, realm) ? servers[realm] : undefined
    if (listed !== undefined) return listed.map(serverAt)
    const kdcs = (await locator?.locate(realm)) ?? []
    return kdcs.flatMap((kdc): readonly KdcAddress[] => {
      if (kdc.via === 'direct') return [{ ...kdc, port: KPASSWD_PORT }]
      return https === undefined ? [] : [kdc]
    })
  }
}

function serverAt(text: string): KdcAddress {
  if (text.includes('://')) return parseKdcAddress(text)
  return { via: 'direct', ...parseHostPort(text, KPASSWD_PORT) }
}

function gaveUp(signal: AbortSignal): KerberosError {
  return new KerberosError('ERR_KRB_ABORTED', 'the change of the password was given up', {
    cause: signal.reason,
  })
}
