/**
 * What an administrator of this host can do to the running gateway.
 *
 * @module
 */

import { z } from 'zod'
import { SallyportError } from '../platform/index.ts'
import { parseAddress } from '../pki/index.ts'
import { MAX_SPN_LENGTH, MAX_USER_LENGTH } from '../tunnel/index.ts'
import { flushCaches, type FlushAnswer } from './cache-flushes.ts'
import { reportCaches, type CacheFilter, type CacheReport } from './cache-reports.ts'
import { identifier, text, wholeNumber } from './config-fields.ts'
import type { LiveConnectors } from './live-connectors.ts'
import {
  createRegistrationToken,
  type CreatedToken,
  type RegistrationPorts,
  type TokenOrder,
} from './registration.ts'
import type { ConnectorRecord, ConnectorRepository, SessionSummary } from './store.ts'

/** Longest life of a registration token: a week. */
const MAX_TOKEN_MINUTES = 7 * 24 * 60

/** No longer than what the tunnel's messages carry: a longer one would cost every tunnel. */
function bounded(what: string, most: number): z.ZodString {
  return text(what).max(most, `${what} is longer than ${most} characters`)
}

const loginName = bounded('a login name', MAX_USER_LENGTH)

/** `POST /tokens`. */
export const tokenOrderSchema: z.ZodType<Pick<TokenOrder, 'group' | 'lifetimeMinutes'>> =
  z.strictObject({
    group: identifier,
    lifetimeMinutes: wholeNumber(1, MAX_TOKEN_MINUTES),
  })

/** `POST /sessions/revoke`. */
export const revokeSessionsSchema: z.ZodType<{ readonly user: string }> = z.strictObject({
  user: loginName,
})

/** `POST /cache/flush` and `POST /cache/show`. */
export const cacheFilterSchema: z.ZodType<CacheFilter> = z.strictObject({
  user: loginName.exactOptional(),
  servicePrincipalName: bounded('a service principal name', MAX_SPN_LENGTH).exactOptional(),
})

/** A tunnel as lists show it. */
export type TunnelSummary = Omit<ReturnType<LiveConnectors['list']>[number], 'id' | 'group'>

/** A registered connector with the tunnels it has. */
export interface ConnectorSummary extends ConnectorRecord {
  /** When its newest certificate ends. */
  readonly certificateEndsMs?: number
  readonly tunnels: readonly TunnelSummary[]
}

/** What the admin API does. */
export interface AdminOperations {
  createToken(order: Pick<TokenOrder, 'group' | 'lifetimeMinutes'>): Promise<CreatedToken>
  listConnectors(): Promise<readonly ConnectorSummary[]>
  /** Rejects with ERR_GATEWAY_CONNECTOR_UNKNOWN. Returns how many tunnels were cut. */
  revokeConnector(id: string): Promise<{ readonly cutTunnels: number }>
  listSessions(): Promise<readonly SessionSummary[]>
  revokeSessions(user: string): Promise<{ readonly revokedSessions: number }>
  /** Has every connector that is up drop what it keeps, and says how much that was. */
  flushCache(filter: CacheFilter): Promise<FlushAnswer>
  /** What each connector that is up keeps. Rejects with ERR_GATEWAY_NO_CONNECTOR where none is. */
  showCache(filter: CacheFilter): Promise<readonly CacheReport[]>
}

/** What the operations work on. */
export interface AdminPorts extends Omit<RegistrationPorts, 'logger'> {
  readonly connectors: ConnectorRepository
  readonly live: Pick<LiveConnectors, 'list' | 'cut' | 'newestOfEach' | 'tunnels'>
  readonly gateway: {
    listSessions(): Promise<readonly SessionSummary[]>
    revokeUser(user: string): Promise<number>
  }
}

async function listConnectors(ports: AdminPorts): Promise<readonly ConnectorSummary[]> {
  const live = ports.live.list()
  const records = await ports.connectors.list()
  return Promise.all(
    records.map(async (record) => {
      const [newest] = await ports.connectors.certificates(record.id)
      const tunnels = live
        .filter((tunnel) => tunnel.id === record.id)
        .map(({ openStreams, draining, status }) => ({ openStreams, draining, status }))
      const ends = newest === undefined ? {} : { certificateEndsMs: newest.notAfterMs }
      return { ...record, ...ends, tunnels }
    }),
  )
}

/** The store first: a tunnel that is dialled again at once is refused already. */
async function revokeConnector(id: string, ports: AdminPorts) {
  if (!(await ports.connectors.revoke(id, ports.clock.nowMs()))) {
    throw new SallyportError(
      'ERR_GATEWAY_CONNECTOR_UNKNOWN',
      'there is no connector with this id',
      {
        mend: 'Take the id from `sallyport connectors list`.',
      },
    )
  }
  return { cutTunnels: ports.live.cut(id) }
}

/**
 * The operations on a running gateway.
 *
 * @param where - What tokens say about the tunnel listener.
 * @param ports - The CA, the store, the live tunnels, the gateway, clock and chance.
 * @returns The operations.
 * @throws SallyportError ERR_GATEWAY_PUBLIC_ADDRESS when tokens could not lead to `where`.
 */
export function createAdminOperations(
  where: Pick<TokenOrder, 'address' | 'serverName'>,
  ports: AdminPorts,
): AdminOperations {
  if (parseAddress(where.address) === undefined) {
    throw new SallyportError(
      'ERR_GATEWAY_PUBLIC_ADDRESS',
      `tunnel.publicAddress '${where.address}' is not host:port`,
      { mend: 'Give a host name, an IPv4 address or an IPv6 address in brackets, and a port.' },
    )
  }
  return {
    createToken: (order) => createRegistrationToken({ ...where, ...order }, ports),
    listConnectors: () => listConnectors(ports),
    revokeConnector: (id) => revokeConnector(id, ports),
    listSessions: () => ports.gateway.listSessions(),
    revokeSessions: async (user) => ({ revokedSessions: await ports.gateway.revokeUser(user) }),
    flushCache: (filter) => flushCaches(ports.live.tunnels(), filter),
    showCache: (filter) => reportCaches(ports.live.newestOfEach(), filter),
  }
}
