/**
 * Live connectors that do what a test tells them.
 *
 * @module
 */

import { Apps, LiveConnectors } from '../../src/gateway/index.ts'
import { FakeSession } from './fake-tunnel.ts'
import { ManualClock, MemoryLogger } from './manual-clock.ts'

/** Connectors of one gateway, on a virtual clock. */
export interface LiveWorld {
  readonly clock: ManualClock
  readonly live: LiveConnectors
  /** Brings a tunnel of a connector up. */
  readonly up: (id: string, capabilities?: readonly string[]) => FakeSession
}

/**
 * No connector, and a way to bring one up.
 *
 * @param usual - Capabilities of a connector for which nothing else is said.
 */
export function liveWorld(...usual: readonly string[]): LiveWorld {
  const clock = new ManualClock()
  const live = new LiveConnectors(new Apps([]), { logger: new MemoryLogger(), clock })
  return {
    clock,
    live,
    up(id, capabilities = usual) {
      const session = new FakeSession(live.handlerFor({ id, group: 'default' }))
      session.peer = { version: 1, capabilities }
      session.handler.onReady?.(session)
      return session
    },
  }
}
