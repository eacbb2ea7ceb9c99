/** A clock that stands still until it is told, and ports for the pki room. */
import { systemRandom } from '../../src/platform/io/index.ts'
import type { Clock, Random } from '../../src/platform/index.ts'
import { loadCertificate } from '../../src/pki/index.ts'

/** 2026-11-01T00:00:00Z. */
export const START_MS: number = Date.UTC(2026, 10, 1)
export const DAY_MS = 86_400_000

/** Ports whose time is set by hand; timers never fire. */
export interface StillPorts {
  readonly clock: Clock
  readonly random: Random
  nowMs: number
}

/** Ports that stand at a time. */
export function stillPorts(nowMs: number = START_MS): StillPorts {
  const ports: StillPorts = {
    nowMs,
    random: systemRandom,
    clock: {
      nowMs: () => ports.nowMs,
      monotonicMs: () => ports.nowMs,
      setTimer: () => ({ cancel: () => undefined }),
    },
  }
  return ports
}

/** DER of a PEM certificate. */
export const derOf = (pem: string): Buffer => loadCertificate(pem).raw
