/**
 * Tokens of users in many groups: the ticket carries the groups, the Authorization field the ticket, and web servers bound
 * their fields. How large the fields are, a warning before a server refuses them, and a code of its own once one does.
 *
 * The token crosses no tunnel: it is made at the connector and goes to the backend alone. So neither the tunnel's limit of
 * heads nor a browser's has anything to do with it.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock, Logger } from '../platform/index.ts'
import type { Call } from './call.ts'
import { SsoError } from './errors.ts'
import type { SsoLimits } from './limits.ts'
import type { TokenSizes } from './token-sizes.ts'
import { userFields } from './user-fields.ts'

/** Bad Request (Apache, IIS, nginx), Content Too Large (some servers), Request Header Fields Too Large (RFC 6585 section 5). */
const TOO_LARGE_STATUSES: readonly number[] = [400, 413, 431]
/** http.sys takes no longer field, whatever the registry says. */
const MAX_IIS_FIELD = 65_534
/** What other fields and the request line may take beside the token. */
const BESIDE_OCTETS = 16_384

type Bounds = Pick<
  SsoLimits,
  'largeTokenOctets' | 'largeTokenWarningMs' | 'largeTokenApps' | 'largeTokenWarnings'
>

/** Measures fields and warns. */
export class LargeTokens {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #bounds: Bounds
  readonly #sizes: LRUCache<string, TokenSizes>
  readonly #warnedUntilMs: LRUCache<string, number>

  constructor(ports: { readonly clock: Clock; readonly logger: Logger }, bounds: Bounds) {
    this.#clock = ports.clock
    this.#logger = ports.logger
    this.#bounds = bounds
    this.#sizes = new LRUCache({ max: bounds.largeTokenApps })
    this.#warnedUntilMs = new LRUCache({ max: bounds.largeTokenWarnings })
  }

  /** Sizes by app. */
  get sizes(): readonly Readonly<TokenSizes>[] {
    return [...this.#sizes.values()].map((sizes) => ({ ...sizes }))
  }

  /**
   * Notes the field of a request that is about to be sent; warns once in a while for a user and an app.
   *
   * @param call - The request.
   * @param octets - Length of the field's value.
   */
  note(call: Call, octets: number): void {
    const sizes = this.#sizesOf(call)
    sizes.last = octets
    if (octets > sizes.largest) sizes.largest = octets
    if (octets > this.#bounds.largeTokenOctets) this.#warn(call, octets)
  }

  /**
   * Looks at the answer to a request with a token: its application's own 400 comes with a proof that the token was read,
   * or after larger ones were taken.
   *
   * @param call - The request.
   * @param octets - Length of the field's value.
   * @param status - Of the answer.
   * @throws SsoError ERR_SSO_TOKEN_TOO_LARGE when the server refuses the size.
   */
  judge(call: Call, octets: number, status: number): void {
    if (!TOO_LARGE_STATUSES.includes(status)) {
      this.accept(call, octets)
      return
    }
    if (octets <= this.#bounds.largeTokenOctets || octets <= this.#sizesOf(call).accepted) return
    const origin = call.route?.backend.origin ?? ''
    throw new SsoError(
      'ERR_SSO_TOKEN_TOO_LARGE',
      `${origin} answered ${status} to a request whose Authorization field has ${octets} octets`,
      { mend: settingsFor(octets) },
    )
  }

  /**
   * The token was read.
   *
   * @param call - The request.
   * @param octets - Length of the field's value.
   */
  accept(call: Call, octets: number): void {
    const sizes = this.#sizesOf(call)
    if (octets > sizes.accepted) sizes.accepted = octets
  }

  #sizesOf({ request }: Call): TokenSizes {
    const app = request.app.id
    let sizes = this.#sizes.get(app)
    if (sizes === undefined) {
      sizes = { app, last: 0, largest: 0, accepted: 0 }
      this.#sizes.set(app, sizes)
    }
    return sizes
  }

  #warn(call: Call, octets: number): void {
    const app = call.request.app.id
    const key = `${app}\n${call.identity?.user ?? ''}`
    const now = this.#clock.nowMs()
    if (now < (this.#warnedUntilMs.get(key) ?? 0)) return
    this.#warnedUntilMs.set(key, now + this.#bounds.largeTokenWarningMs)
    this.#logger.warn('large Authorization field: the backend may refuse it', {
      app,
      origin: call.route?.backend.origin,
      ...userFields(call.identity?.account),
      octets,
      mend: settingsFor(octets),
    })
  }
}

/** What web servers are to be set to. */
export interface FieldLimits {
  /** Of one field, octets: whole 4 KiB. */
  readonly field: number
  /** The same, as far as IIS goes. */
  readonly iisField: number
  /** Of all fields together. */
  readonly request: number
}

/**
 * Limits that let a field of this size pass, with room to grow.
 *
 * @param octets - Length of the Authorization field's value.
 * @returns Values for the servers' settings.
 */
export function fieldLimitsFor(octets: number): FieldLimits {
  const field = Math.ceil((octets * 1.25) / 4096) * 4096
  return { field, iisField: Math.min(field, MAX_IIS_FIELD), request: field + BESIDE_OCTETS }
}

/**
 * The settings of web servers that let a field of this size pass.
 *
 * @param octets - Length of the Authorization field's value.
 * @returns A text for administrators, with values that leave room to grow.
 */
export function settingsFor(octets: number): string {
  const { field, iisField, request } = fieldLimitsFor(octets)
  const servers = [
    `IIS: DWORD values MaxFieldLength=${iisField} and MaxRequestBytes=${request} under HKLM\\System\\CurrentControlSet\\Services\\HTTP\\Parameters, then restart the host`,
    `Apache: LimitRequestFieldSize ${field} in the first virtual host of the address and port (LimitRequestLine bounds the URL alone)`,
    `nginx: large_client_header_buffers 4 ${field / 1024}k`,
  ]
  const most = octets > MAX_IIS_FIELD ? ' IIS takes no field above 65534 octets.' : ''
  return `Raise the backend's limit: ${servers.join('; ')}.${most} Or take the user out of groups.`
}
