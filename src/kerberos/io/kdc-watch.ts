/**
 * Watches KDCs while they are asked: keeps their health, and says in the log when one becomes unwell and when it is well again.
 *
 * One line each, however many requests meet it, and at most one such pair a minute for each KDC.
 *
 * @module
 */

import type { Clock, Logger } from '../../platform/index.ts'
import { formatKdcAddress, type KdcAddress } from './kdc-address.ts'
import type { AskedService } from './kdc-transport-options.ts'
import {
  KdcHealth,
  type KdcHealthSettings,
  type KdcHealthSnapshot,
  type KdcStanding,
} from './kdc-health.ts'

/** One KDC of one realm. */
export interface WatchedKdc {
  readonly realm: string
  readonly address: KdcAddress
  /** Its address as text. */
  readonly name: string
  /** What its health is kept under. */
  readonly key: string
  /** The keys of all KDCs of the realm. */
  readonly peers: readonly string[]
}

/** Whom to ask. */
export interface WatchedOrder {
  /** The best first. */
  readonly kdcs: readonly WatchedKdc[]
  /** One among them that is to be asked although it was unwell. */
  readonly probe: WatchedKdc | undefined
}

/** What is known of one KDC. */
export interface KdcStatistics extends Omit<KdcHealthSnapshot, 'key'> {
  /** Whose KDC it is. */
  readonly realm: string
  /** `host:port`, or the URL of a proxy. */
  readonly kdc: string
}

const QUIET_MS = 60_000
const FAILING = 'does not answer as it should; others of its realm are asked first.'
const SLOW = 'is much slower than another of its realm, which is asked first.'
const WELL = 'answers as it should again.'

interface Notice {
  readonly atMs: number
  /** The log says that it is unwell. */
  open: boolean
}

/** How health is judged, and what the log calls what is watched. */
export interface KdcWatchSettings extends KdcHealthSettings {
  readonly service: Pick<AskedService, 'name'>
}

/** Keeps the health of KDCs and tells about it. */
export class KdcWatch {
  readonly #health: KdcHealth
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #most: number
  readonly #what: string
  readonly #notices = new Map<string, Notice>()

  constructor(settings: KdcWatchSettings, clock: Clock, logger: Logger | undefined) {
    this.#health = new KdcHealth(settings, clock)
    this.#clock = clock
    this.#logger = logger
    this.#most = settings.maxKdcs
    this.#what = `A ${settings.service.name}`
  }

  /** The order in which the KDCs of a realm are asked now; an address that is named twice counts once. */
  plan(realm: string, addresses: readonly KdcAddress[]): WatchedOrder {
    // No address holds a space.
    const byKey = new Map(
      addresses.map((address) => [`${formatKdcAddress(address)} ${realm}`, address]),
    )
    const peers = [...byKey.keys()]
    const { order, probe } = this.#health.plan(peers)
    const kdcs = order.flatMap((key): WatchedKdc[] => {
      const address = byKey.get(key)
      if (address === undefined) return []
      return [{ realm, address, name: formatKdcAddress(address), key, peers }]
    })
    return { kdcs, probe: kdcs.find(({ key }) => key === probe) }
  }

  /** It gave a good reply after so many milliseconds. */
  answered(kdc: WatchedKdc, tookMs: number): void {
    const standing = this.#health.answered(kdc.key, tookMs, kdc.peers)
    this.#tell(kdc, standing, { latencyMs: Math.round(tookMs) })
  }

  /** It gave none. */
  failed(kdc: WatchedKdc, reason: string): void {
    this.#tell(kdc, this.#health.failed(kdc.key), { reason })
  }

  /** Another gave one first, after so many milliseconds. */
  overtaken(kdc: WatchedKdc, waitedMs: number): void {
    const standing = this.#health.overtaken(kdc.key, waitedMs, kdc.peers)
    this.#tell(kdc, standing, { waitedMs: Math.round(waitedMs) })
  }

  /** Nothing can be said. */
  released(kdc: WatchedKdc): void {
    this.#health.released(kdc.key)
  }

  /** See KdcHealth. */
  latencyMs(kdc: WatchedKdc, share: number): number | undefined {
    return this.#health.latencyMs(kdc.key, share)
  }

  /** What is known of all KDCs, by realm and address. */
  statistics(): readonly KdcStatistics[] {
    const all = this.#health.snapshot().map(({ key, ...known }) => {
      const space = key.indexOf(' ')
      return { realm: key.slice(space + 1), kdc: key.slice(0, space), ...known }
    })
    const place = ({ realm, kdc }: KdcStatistics): string => `${realm} ${kdc}`
    return all.sort((a, b) => (place(a) < place(b) ? -1 : 1))
  }

  #tell(kdc: WatchedKdc, standing: KdcStanding, details: Record<string, unknown>): void {
    const notice = this.#notices.get(kdc.key)
    const open = notice?.open === true
    if (open === (standing.state !== 'well')) return
    const nowMs = this.#clock.monotonicMs()
    const fields = { realm: kdc.realm, kdc: kdc.name, ...details }
    if (notice !== undefined && open) {
      notice.open = false
      const afterMs = Math.round(nowMs - notice.atMs)
      this.#logger?.info(`${this.#what} ${WELL}`, { ...fields, afterMs })
    } else if (notice === undefined || notice.atMs + QUIET_MS <= nowMs) {
      this.#note(kdc, nowMs)
      const probeInMs = Math.round(standing.probeInMs)
      const how = standing.state === 'slow' ? SLOW : FAILING
      this.#logger?.warn(`${this.#what} ${how}`, { ...fields, probeInMs })
    }
  }

  #note({ key }: WatchedKdc, atMs: number): void {
    this.#notices.delete(key)
    this.#notices.set(key, { atMs, open: true })
    const [oldest] = this.#notices.keys()
    if (oldest !== undefined && this.#notices.size > this.#most) this.#notices.delete(oldest)
  }
}
