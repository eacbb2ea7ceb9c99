/**
 * What the connectors' caches hold, asked for by an administrator of this host.
 *
 * @module
 */

import { errorCode, errorText, SallyportError } from '../platform/index.ts'
import { INSPECT, type CacheContents } from '../tunnel/index.ts'
import { GatewayError } from './errors.ts'
import type { LiveConnector } from './live-connector.ts'

/** Longest wait for one connector's answer. */
const PATIENCE = { limitMs: 5000, name: 'the longest wait for a connector' }

/** Which cached tickets are meant; nothing named: all. */
export interface CacheFilter {
  readonly user?: string
  readonly servicePrincipalName?: string
}

/** One connector's answer: either what its caches hold, or why it did not say. */
export interface CacheReport {
  /** Connector id. */
  readonly connector: string
  readonly group: string
  /** What it runs; absent before it has said so. */
  readonly version?: string
  readonly cache?: CacheContents
  readonly problem?: { readonly code: string; readonly message: string; readonly mend?: string }
}

async function ask(live: LiveConnector, filter: CacheFilter): Promise<CacheContents> {
  const { session, inspections } = live
  if (!session.peer.capabilities.includes(INSPECT)) {
    throw new SallyportError(
      'ERR_GATEWAY_CONNECTOR_OLD',
      "this connector's version cannot say what its caches hold",
      { mend: "Update Sallyport on the connector's host and restart the connector." },
    )
  }
  const answer = await inspections.ask((id) => {
    session.sendControl({ type: 'inspect', id, ...filter })
  }, PATIENCE)
  return answer.cache
}

async function report(live: LiveConnector, filter: CacheFilter): Promise<CacheReport> {
  const version = live.status?.version
  const who = { connector: live.id, group: live.group, ...(version !== undefined && { version }) }
  try {
    return { ...who, cache: await ask(live, filter) }
  } catch (error) {
    const mend = error instanceof SallyportError ? error.mend : undefined
    const problem = { code: errorCode(error), message: errorText(error) }
    return { ...who, problem: { ...problem, ...(mend !== undefined && { mend }) } }
  }
}

/**
 * Asks all of them at once.
 *
 * @param connectors - One tunnel of each.
 * @param filter - Which tickets are listed.
 * @returns An answer of each; what one cannot say costs no other's answer.
 * @throws GatewayError ERR_GATEWAY_NO_CONNECTOR without connectors.
 */
export async function reportCaches(
  connectors: readonly LiveConnector[],
  filter: CacheFilter,
): Promise<readonly CacheReport[]> {
  if (connectors.length === 0) {
    throw new GatewayError('ERR_GATEWAY_NO_CONNECTOR', 'no connector is connected to the gateway', {
      mend: 'Start one: `sallyport connector run`. `sallyport connectors list` shows which are registered.',
    })
  }
  return Promise.all(connectors.map((live) => report(live, filter)))
}
