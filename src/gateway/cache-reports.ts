/**
 * What the connectors' caches hold, asked for by an administrator of this host.
 *
 * @module
 */

import { INSPECT, type CacheContents } from '../tunnel/index.ts'
import { answerOf, needCapability, PATIENCE, type ConnectorAnswer } from './connector-answers.ts'
import { GatewayError } from './errors.ts'
import type { LiveConnector } from './live-connector.ts'

/** Which cached tickets are meant; nothing named: all. */
export interface CacheFilter {
  readonly user?: string
  readonly servicePrincipalName?: string
}

/** One connector's answer: either what its caches hold, or why it did not say. */
export interface CacheReport extends ConnectorAnswer {
  readonly cache?: CacheContents
}

async function inspect(live: LiveConnector, filter: CacheFilter) {
  needCapability(live, INSPECT, "this connector's version cannot say what its caches hold")
  const { cache } = await live.inspections.ask((id) => {
    live.session.sendControl({ type: 'inspect', id, ...filter })
  }, PATIENCE)
  return { cache }
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
  return Promise.all(connectors.map((live) => answerOf(live, () => inspect(live, filter))))
}
