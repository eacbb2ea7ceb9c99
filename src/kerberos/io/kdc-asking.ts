/**
 * One exchange: puts its question to KDCs, tells the watch how each did, and gathers what went wrong.
 *
 * @module
 */

import { errorText } from '../../platform/index.ts'
import { ownMend } from '../errors.ts'
import { NotSentError, type KdcAttempt, type KdcQuestion } from './kdc-attempt.ts'
import { ExchangeTimedOut, OVERTAKEN, TimedOut, type Racer, type RacerCause } from './kdc-race.ts'
import { judgeReply } from './kdc-reply.ts'
import type { KdcTransportSettings } from './kdc-transport-options.ts'
import type { KdcWatch, WatchedKdc, WatchedOrder } from './kdc-watch.ts'

/** What an exchange works with. */
export interface KdcAskingPorts {
  readonly settings: KdcTransportSettings
  readonly watch: KdcWatch
  readonly attempt: KdcAttempt
  /** Hears which KDC gave a reply, and whether no other was asked until then. */
  readonly answered: (reply: Uint8Array, kdc: WatchedKdc, askedAlone: boolean) => void
  /** Called for each request that is sent because an earlier one takes long. */
  readonly hedged: () => void
}

/** Of the answers of late, the share that a KDC is waited for before another is asked: one request in 20 is hedged. */
const HEDGE_SHARE = 0.95
const HEDGE_LEAST_MS = 100
const HEDGE_MOST_MS = 1000
const HEDGE_UNKNOWN_MS = 500

/** Asks the KDCs of one exchange. */
export class KdcAsking {
  readonly #question: KdcQuestion
  readonly #ports: KdcAskingPorts
  readonly #failures = new Map<string, string>()
  /** What can be done about the first fault whose error says so. */
  mend: string | undefined
  /** A reply that says that the KDC cannot (KDC_ERR_SVC_UNAVAILABLE). */
  unavailable: Uint8Array | undefined
  /** Each resolves to whether the KDC can have had the request. */
  readonly #sent: Promise<boolean>[] = []

  constructor(question: KdcQuestion, ports: KdcAskingPorts) {
    this.#question = question
    this.#ports = ports
  }

  /** What went wrong, by KDC. */
  get failures(): readonly string[] {
    return [...this.#failures].map(([name, why]) => `${name}: ${why}`)
  }

  /** Whether any KDC can have had the request; waits for those that were called off. */
  async maybeSent(): Promise<boolean> {
    return (await Promise.all(this.#sent)).includes(true)
  }

  /**
   * Those to ask, in order.
   *
   * @param order - As planned. A KDC to be probed comes beside the first; alone and first where only one may be asked at once.
   * @returns One for each KDC.
   */
  racers({ kdcs, probe }: WatchedOrder): readonly Racer[] {
    const { maxInFlight } = this.#ports.settings
    const [first, ...others] = kdcs.filter((kdc) => kdc !== probe)
    if (first === undefined) return kdcs.map((kdc) => this.#racer(kdc))
    const best = this.#racer(first)
    const { hedgeAfterMs } = best
    const beside = maxInFlight > 1
    const probes =
      probe === undefined ? [] : [{ ...this.#racer(probe), hedgeAfterMs, probe: beside }]
    const rest = others.map((kdc) => this.#racer(kdc))
    return beside ? [best, ...probes, ...rest] : [...probes, best, ...rest]
  }

  #racer(kdc: WatchedKdc): Racer {
    return {
      hedgeAfterMs: this.#hedgeAfterMs(kdc),
      probe: false,
      ask: (signal, cause) => this.#ask(kdc, signal, cause),
    }
  }

  #hedgeAfterMs(kdc: WatchedKdc): number {
    const { settings, watch } = this.#ports
    if (settings.hedgeAfterMs !== undefined) return settings.hedgeAfterMs
    const usual = watch.latencyMs(kdc, HEDGE_SHARE) ?? HEDGE_UNKNOWN_MS
    return Math.min(Math.max(usual, HEDGE_LEAST_MS), HEDGE_MOST_MS)
  }

  async #ask(
    kdc: WatchedKdc,
    signal: AbortSignal,
    cause: RacerCause,
  ): Promise<Uint8Array | undefined> {
    const { watch, settings, attempt } = this.#ports
    if (cause === 'hedge') this.#ports.hedged()
    const startedMs = settings.clock.monotonicMs()
    const tookMs = (): number => settings.clock.monotonicMs() - startedMs
    this.#failures.set(kdc.name, 'no answer in time')
    try {
      const asked = attempt(kdc.address, this.#question, signal)
      this.#sent.push(
        asked.then(
          () => true,
          (error: unknown) => !(error instanceof NotSentError),
        ),
      )
      const reply = await asked
      this.#refuseUnfit(reply)
      watch.answered(kdc, tookMs())
      this.#ports.answered(reply, kdc, this.#failures.size === 1)
      return reply
    } catch (error) {
      const reason = errorText(error)
      this.#failures.set(kdc.name, reason)
      this.mend ??= ownMend(error)
      this.#tell(kdc, signal, { reason, waitedMs: tookMs() })
      return undefined
    }
  }

  #refuseUnfit(reply: Uint8Array): void {
    const verdict = judgeReply(this.#question.request, reply)
    if (verdict.kind === 'unfit') throw new Error(verdict.why)
    if (verdict.kind === 'good') return
    this.unavailable = reply
    throw new Error('it says that it is unavailable (KDC_ERR_SVC_UNAVAILABLE)')
  }

  /** Whoever was called off before it could be expected to answer did nothing wrong. */
  #tell(
    kdc: WatchedKdc,
    signal: AbortSignal,
    { reason, waitedMs }: { readonly reason: string; readonly waitedMs: number },
  ): void {
    const { watch } = this.#ports
    const why: unknown = signal.reason
    const hadTime = !(why instanceof ExchangeTimedOut) || waitedMs >= this.#hedgeAfterMs(kdc)
    if (!signal.aborted) watch.failed(kdc, reason)
    else if (why === OVERTAKEN) watch.overtaken(kdc, waitedMs)
    else if (why instanceof TimedOut && hadTime) watch.failed(kdc, reason)
    else watch.released(kdc)
  }
}
