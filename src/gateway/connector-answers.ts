/**
 * What connectors answer to an administrator's question, each beside its name: what one cannot say costs no other's answer.
 *
 * @module
 */

import { errorCode, errorMend, errorText, SallyportError } from '../platform/index.ts'
import type { LiveConnector } from './live-connector.ts'
import type { Patience } from './pending-answers.ts'

/** Longest wait for one connector's answer. */
export const PATIENCE: Patience = { limitMs: 5000, name: 'the longest wait for a connector' }

/** Why a connector did not say. */
export interface ConnectorProblem {
  readonly code: string
  readonly message: string
  readonly mend?: string
}

/** Whose answer it is. */
export interface ConnectorAnswer {
  /** Connector id. */
  readonly connector: string
  readonly group: string
  /** What it runs; absent before it has said so. */
  readonly version?: string
  readonly problem?: ConnectorProblem
}

/**
 * Refuses to wait for a connector that knows no answer.
 *
 * @param live - The connector.
 * @param capability - That it announces where it knows.
 * @param fault - What it cannot do.
 * @throws SallyportError ERR_GATEWAY_CONNECTOR_OLD.
 */
export function needCapability(
  { session }: LiveConnector,
  capability: string,
  fault: string,
): void {
  if (session.peer.capabilities.includes(capability)) return
  throw new SallyportError('ERR_GATEWAY_CONNECTOR_OLD', fault, {
    mend: "Update Sallyport on the connector's host and restart the connector.",
  })
}

/**
 * Asks one connector.
 *
 * @param live - The connector.
 * @param ask - Asks.
 * @returns Its name with what it said, or with why it did not.
 */
export async function answerOf<A extends object>(
  live: LiveConnector,
  ask: () => Promise<A>,
): Promise<ConnectorAnswer | (ConnectorAnswer & A)> {
  const version = live.status?.version
  const who = { connector: live.id, group: live.group, ...(version !== undefined && { version }) }
  try {
    return { ...who, ...(await ask()) }
  } catch (error) {
    const mend = errorMend(error)
    const problem = { code: errorCode(error), message: errorText(error) }
    return { ...who, problem: { ...problem, ...(mend !== undefined && { mend }) } }
  }
}
