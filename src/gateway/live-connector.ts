/**
 * One tunnel that is up, and what its connector has been told of users.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import type {
  AcceptedMessage,
  FlushedMessage,
  InspectedMessage,
  StatusMessage,
  TunnelSession,
} from '../tunnel/index.ts'
import type { Proof } from './open-session.ts'
import { PendingAnswers } from './pending-answers.ts'

/** What is used of a tunnel here; tests bring their own. */
export type LiveTunnel = Pick<
  TunnelSession,
  'open' | 'sendControl' | 'drain' | 'close' | 'openStreams' | 'draining' | 'closed' | 'peer'
>

/** A connector's tunnel as it comes from the listener. */
export interface ConnectedTunnel {
  /** Connector id. */
  readonly id: string
  readonly group: string
  readonly session: LiveTunnel
}

/** What one `forget` message may hold. */
const MAX_FORGOTTEN_AT_ONCE = 1000

interface SentProof {
  readonly id: string
  readonly expiresMs: number
}

/** One tunnel, with what was said through it. */
export class LiveConnector {
  readonly id: string
  readonly group: string
  readonly session: LiveTunnel
  /** Browsers' tokens that it judges. */
  readonly signIns: PendingAnswers<AcceptedMessage>
  /** Looks into its caches. */
  readonly inspections: PendingAnswers<InspectedMessage>
  /** Flushes that are counted. */
  readonly flushes: PendingAnswers<FlushedMessage>
  status: StatusMessage | undefined
  /** Proofs sent, by id. */
  readonly #proofs = new Set<string>()
  /** The same by session, so that they can be taken back. */
  readonly #bySession = new Map<string, SentProof[]>()

  constructor(tunnel: ConnectedTunnel, clock: Clock) {
    this.signIns = new PendingAnswers(clock)
    this.inspections = new PendingAnswers(clock)
    this.flushes = new PendingAnswers(clock)
    this.id = tunnel.id
    this.group = tunnel.group
    this.session = tunnel.session
  }

  /**
   * Sees that the connector has a proof.
   *
   * @param idHash - The session it belongs to.
   * @param proof - The proof.
   * @param nowMs - Proofs that expired before are forgotten.
   */
  ensureProof(idHash: string, proof: Proof, nowMs: number): void {
    if (this.#proofs.has(proof.id)) return
    const { id, idToken, kind } = proof
    this.session.sendControl({ type: 'proof', id, idToken, ...(kind && { kind }) })
    const sent = this.#bySession.get(idHash) ?? []
    const live = sent.filter((each) => each.expiresMs > nowMs)
    for (const each of sent) if (each.expiresMs <= nowMs) this.#proofs.delete(each.id)
    this.#bySession.set(idHash, [...live, { id: proof.id, expiresMs: proof.expiresMs }])
    this.#proofs.add(proof.id)
  }

  /**
   * Notes that the connector does not know a proof any more.
   *
   * @param idHash - The session it belongs to.
   * @param proofId - The proof.
   */
  proofLost(idHash: string, proofId: string): void {
    this.#proofs.delete(proofId)
    const left = this.#bySession.get(idHash)?.filter((each) => each.id !== proofId) ?? []
    if (left.length > 0) this.#bySession.set(idHash, left)
    else this.#bySession.delete(idHash)
  }

  /**
   * Takes back the proofs of sessions that have ended.
   *
   * @param idHashes - The sessions.
   */
  forget(idHashes: readonly string[]): void {
    const proofs: string[] = []
    for (const idHash of idHashes) {
      for (const { id } of this.#bySession.get(idHash) ?? []) {
        proofs.push(id)
        this.#proofs.delete(id)
      }
      this.#bySession.delete(idHash)
    }
    for (let at = 0; at < proofs.length; at += MAX_FORGOTTEN_AT_ONCE) {
      this.session.sendControl({
        type: 'forget',
        proofs: proofs.slice(at, at + MAX_FORGOTTEN_AT_ONCE),
      })
    }
  }
}
