/**
 * How long a header field a backend takes, measured by fields that mean nothing; and the settings that let longer ones in.
 *
 * One object for each origin: what the checks of apps have measured, those of users know.
 *
 * @module
 */

import { fieldLimitsFor } from '../sso/index.ts'
import type { BackendAnswer, BackendPlace, BackendQuestion } from './backend.ts'
import type { Mend } from './check.ts'

const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 414, 431, 494])

/** A size that was refused. */
export interface RefusedSize {
  readonly octets: number
  /** `answers 431`, `breaks off`. */
  readonly how: string
}

/** Asks the backend. Rejects when it cannot be reached, or breaks off. */
export type AskOrigin = (question: BackendQuestion, signal: AbortSignal) => Promise<BackendAnswer>

/** What is known of one backend. */
export class HeaderRoom {
  readonly #ask: AskOrigin
  #usual: BackendAnswer | undefined
  #taken = 0
  #refused: RefusedSize | undefined

  constructor(ask: AskOrigin) {
    this.#ask = ask
  }

  /** The longest field that it took, octets. */
  get taken(): number {
    return this.#taken
  }

  /** The shortest field that it refused. */
  get refused(): RefusedSize | undefined {
    return this.#refused
  }

  /** What its answers name as the server. */
  get server(): string {
    return this.#usual?.field('server').join(' ') ?? ''
  }

  /**
   * Whether it takes a field of a size. Asked only where that does not follow from what is known.
   *
   * @param octets - Name and value.
   * @param signal - Gives up.
   * @returns Whether. Rejects when it does not even answer an ordinary request.
   */
  async takes(octets: number, signal: AbortSignal): Promise<boolean> {
    if (octets <= this.#taken) return true
    if (this.#refused && octets >= this.#refused.octets) return false
    this.#usual ??= await this.#ask({}, signal)
    const how = await this.#refusal(octets, this.#usual, signal)
    if (how === undefined) this.#taken = Math.max(this.#taken, octets)
    else if (octets < (this.#refused?.octets ?? Infinity)) this.#refused = { octets, how }
    return how === undefined
  }

  async #refusal(
    fieldOctets: number,
    usual: BackendAnswer,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const { status } = await this.#ask({ fieldOctets }, signal)
      return status !== usual.status && TOO_LONG.has(status) ? `answers ${status}` : undefined
    } catch {
      signal.throwIfAborted()
      return 'breaks off'
    }
  }
}

/** Asks any backend. */
type AskPlace = (
  place: BackendPlace,
  question: BackendQuestion,
  signal: AbortSignal,
) => Promise<BackendAnswer>

/**
 * Keeps what is known of each origin.
 *
 * @param ask - Asks a backend.
 * @returns By place: the origin counts.
 */
export function headerRooms(ask: AskPlace): (place: BackendPlace) => HeaderRoom {
  const rooms = new Map<string, HeaderRoom>()
  return (place) => {
    const { protocol, hostname, port } = place.target
    const origin = `${protocol}//${hostname}:${port}`
    const room =
      rooms.get(origin) ?? new HeaderRoom((question, signal) => ask(place, question, signal))
    rooms.set(origin, room)
    return room
  }
}

const SERVERS: readonly (readonly [RegExp, (octets: number) => Mend])[] = [
  [/iis|httpapi/i, iis],
  [
    /apache/i,
    (octets) => ({
      text: 'On Apache, in the first virtual host of the address and port; then reload it:',
      setting: `LimitRequestFieldSize ${fieldLimitsFor(octets).field}`,
    }),
  ],
  [
    /nginx|openresty/i,
    (octets) => ({
      text: 'On nginx, in the http or server block; then reload it:',
      setting: `large_client_header_buffers 4 ${fieldLimitsFor(octets).field / 1024}k;`,
    }),
  ],
  [
    /tomcat|coyote/i,
    (octets) => ({
      text: 'On Tomcat, at the Connector in server.xml; then restart it:',
      setting: `maxHttpHeaderSize="${fieldLimitsFor(octets).request}"`,
    }),
  ],
]

function iis(octets: number): Mend {
  const { iisField, request } = fieldLimitsFor(octets)
  const key = String.raw`HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters`
  return {
    text: 'On Windows (IIS, http.sys); then restart the service, or the host:',
    powershell: [
      `Set-ItemProperty '${key}' -Name MaxFieldLength -Type DWord -Value ${iisField}`,
      `Set-ItemProperty '${key}' -Name MaxRequestBytes -Type DWord -Value ${request}`,
      'Restart-Service http -Force',
    ].join('\n'),
  }
}

/**
 * The settings that let a field in.
 *
 * @param server - What the backend's answers name as the server; of an unknown one all settings are told.
 * @param octets - The field's length.
 * @returns One for each server that it may be.
 */
export function headerMends(server: string, octets: number): readonly Mend[] {
  const known = SERVERS.filter(([pattern]) => pattern.test(server))
  return (known.length > 0 ? known : SERVERS).map(([, mend]) => mend(octets))
}
