/**
 * The FILE credential cache: what it holds, and how tickets get in and out of it.
 *
 * The format itself is in ccache-read.ts and ccache-write.ts.
 *
 * @module
 */

import { needArray } from '../../platform/index.ts'
import { NameType } from '../iana/index.ts'
import { formatPrincipal, sameName, type PrincipalName } from '../messages/index.ts'
import type { AuthorizationData, HostAddress } from '../messages/index.ts'
import type { ServiceTicket } from './service-ticket.ts'

/** A ticket, its session key of any type, and what a cache file says of it besides. */
export interface CcacheCredential extends Omit<ServiceTicket, 'fastAvailable'> {
  /** True where the ticket is under another ticket's session key (user-to-user). */
  readonly isUserToUser: boolean
  /** Addresses the ticket is bound to; nearly always none. */
  readonly addresses: readonly HostAddress[]
  /** Authorization data of the request; nearly always none. */
  readonly authorizationData: AuthorizationData
  /** DER of the other ticket in user-to-user; else empty. */
  readonly secondTicket: Uint8Array
}

/** A setting that MIT's library keeps in a cache under a made-up service of the realm `X-CACHECONF:`. */
export interface CcacheSetting {
  /** For instance `fast_avail`, `pa_type` or `proxy_impersonator`. */
  readonly key: string
  /** The service it belongs to in text form; absent where it is the cache's. */
  readonly principal?: string | undefined
  /** Its value, mostly text. */
  readonly value: Uint8Array
}

/** A credential cache. */
export interface Ccache {
  /** Whose cache it is. */
  readonly principal: PrincipalName
  /** The realm of the principal. */
  readonly realm: string
  /** By how much the KDC's clock was ahead of ours, microseconds; absent where the file does not say. */
  readonly kdcOffsetUs?: number | undefined
  /** Tickets, in the order of the file. */
  readonly credentials: readonly CcacheCredential[]
  /** Settings, in the order of the file. */
  readonly settings: readonly CcacheSetting[]
}

/**
 * A new cache for tickets.
 *
 * @param tickets - The tickets, one at least; the first says whose cache it is.
 * @returns The cache; its settings say of which ticket-granting tickets the KDC armours requests (`fast_avail`).
 * @throws RangeError without tickets.
 */
export function newCcache(tickets: readonly ServiceTicket[]): Ccache {
  needArray('tickets', tickets, 'an array of tickets')
  const [first] = tickets
  if (first === undefined) throw new RangeError('a credential cache needs a ticket')
  const credentials = tickets.map((ticket) => ({
    ...ticket,
    isUserToUser: false,
    addresses: [],
    authorizationData: [],
    secondTicket: new Uint8Array(0),
  }))
  const settings = tickets.filter(({ fastAvailable }) => fastAvailable === true).map(fastSetting)
  return { principal: first.client, realm: first.clientRealm, credentials, settings }
}

/** MIT's way to remember that a ticket's KDC armours requests (FAST). */
const FAST_AVAILABLE = 'fast_avail'

function fastSetting({ server, serverRealm }: ServiceTicket): CcacheSetting {
  const principal = formatPrincipal(server, serverRealm)
  return { key: FAST_AVAILABLE, principal, value: new TextEncoder().encode('yes') }
}

/** Which ticket is looked for. */
export interface WantedTicket {
  /** The service. */
  readonly server: PrincipalName
  /** Its realm. */
  readonly realm: string
  /** The ticket must be valid then, milliseconds since the epoch. */
  readonly nowMs: number
}

/**
 * The ticket of the cache's own principal to a service that is valid longest.
 *
 * @param ccache - A decoded cache.
 * @param wanted - Service, realm and moment; names are compared exactly.
 * @returns The ticket, or undefined when there is none.
 */
export function findTicket(ccache: Ccache, wanted: WantedTicket): ServiceTicket | undefined {
  const { server, realm, nowMs } = wanted
  const fits = ccache.credentials.filter(
    (credential) =>
      credential.serverRealm === realm &&
      sameName(credential.server, server) &&
      credential.clientRealm === ccache.realm &&
      sameName(credential.client, ccache.principal) &&
      !credential.isUserToUser &&
      credential.startTimeMs <= nowMs &&
      credential.endTimeMs > nowMs,
  )
  const [longest] = fits.toSorted((a, b) => b.endTimeMs - a.endTimeMs)
  return longest && isArmoring(ccache, longest) ? { ...longest, fastAvailable: true } : longest
}

function isArmoring({ settings }: Ccache, { server, serverRealm }: CcacheCredential): boolean {
  const name = formatPrincipal(server, serverRealm)
  return settings.some(({ key, principal, value }) => {
    const yes = Buffer.from(value).toString('latin1') === 'yes'
    return key === FAST_AVAILABLE && principal === name && yes
  })
}

/**
 * The ticket-granting ticket of the cache's own realm.
 *
 * @param ccache - A decoded cache.
 * @param nowMs - It must be valid then, milliseconds since the epoch.
 * @returns The ticket, or undefined when there is none.
 */
export function findTgt(ccache: Ccache, nowMs: number): ServiceTicket | undefined {
  const { realm } = ccache
  return findTicket(ccache, {
    server: { nameType: NameType.NT_SRV_INST, nameString: ['krbtgt', realm] },
    realm,
    nowMs,
  })
}
