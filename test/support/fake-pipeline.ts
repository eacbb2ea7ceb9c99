/**
 * An SSO pipeline that a test drives by hand.
 *
 * @module
 */

import type { CacheContents, DroppedFigures } from '../../src/tunnel/index.ts'
import type { Proof, ResponseSink, SsoCall, SsoCounters, SsoRequest } from '../../src/sso/index.ts'

/** A request that reached the pipeline. */
export interface HandledRequest {
  readonly request: SsoRequest
  readonly sink: ResponseSink
  readonly call: { resumed: number; aborted: boolean }
}

/** Remembers everything; answers nothing unless `answer` is set. */
export class FakePipeline {
  readonly handled: HandledRequest[] = []
  readonly offered: string[] = []
  readonly forgotten: string[] = []
  readonly flushed: object[] = []
  readonly inspected: object[] = []
  draining = false
  closed = false
  /** Nothing has been done; assign to change. */
  counters: SsoCounters = {
    ...{ requests: 0, refused: 0, securityEvents: 0, proofsVerified: 0 },
    ...{ impersonations: 0, delegations: 0, tokens: 0, mutualVerified: 0 },
    ...{ mutualAbsent: 0, asked: 0, retried: 0 },
    ...{ accounts: undefined, tickets: undefined, tokenSizes: [] },
  }
  /** Called with each request before `handle` returns. */
  answer: ((handled: HandledRequest) => void) | undefined

  handle(request: SsoRequest, sink: ResponseSink): SsoCall {
    const call = { resumed: 0, aborted: false }
    const handled = { request, sink, call }
    this.handled.push(handled)
    this.answer?.(handled)
    return {
      resume: () => {
        call.resumed += 1
      },
      abort: () => {
        call.aborted = true
      },
    }
  }
  offer(proof: Proof): void {
    this.offered.push(proof.id)
  }
  signIn(): Promise<never> {
    return Promise.reject(new Error('no sign-in with Kerberos here'))
  }
  forget(ids: readonly string[]): void {
    this.forgotten.push(...ids)
  }
  flush(filter: object): DroppedFigures {
    this.flushed.push(filter)
    return { tickets: 1, evidence: 2, accounts: 3, kdcRefusals: 4, directoryRefusals: 5 }
  }
  inspect(filter: object): CacheContents {
    this.inspected.push(filter)
    return { entries: [], more: 0 }
  }
  appsChanged(): void {
    // No connection has switched protocols.
  }
  drain(): void {
    this.draining = true
  }
  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }
  /** The newest request. */
  get last(): HandledRequest {
    const last = this.handled.at(-1)
    if (!last) throw new Error('no request reached the pipeline')
    return last
  }
}
