/** Several KDCs of a realm behind one transport that tells them apart; each is the same KDC with tricks of its own. */

import { KerberosError, type KdcTransport } from '../../src/kerberos/index.ts'
import type { MemoryKdc, Tricks } from './memory-kdc/index.ts'

/** Asks the first KDC that is not passed over. */
export class SeveralKdcs implements KdcTransport {
  /** Which KDC answered each request, in order. */
  readonly asked: number[] = []
  /** Which KDCs' replies were called untrue, and why. */
  readonly distrusted: (readonly [number | undefined, string])[] = []
  readonly #kdc: MemoryKdc
  readonly #faces: readonly Tricks[]
  readonly #givers = new WeakMap<Uint8Array, number>()

  constructor(kdc: MemoryKdc, faces: readonly Tricks[]) {
    this.#kdc = kdc
    this.#faces = faces
  }

  exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#ask([], realm, request, signal)
  }

  besides(reply: Uint8Array): KdcTransport | undefined {
    return this.#besides(reply, [])
  }

  distrust(reply: Uint8Array, why: string): void {
    this.distrusted.push([this.#givers.get(reply), why])
  }

  #besides(reply: Uint8Array, passedOver: readonly number[]): KdcTransport | undefined {
    const giver = this.#givers.get(reply)
    if (giver === undefined) return undefined
    const not = [...passedOver, giver]
    return {
      exchange: (...asked) => this.#ask(not, ...asked),
      besides: (next) => this.#besides(next, not),
    }
  }

  async #ask(
    passedOver: readonly number[],
    ...[realm, request, signal]: Parameters<KdcTransport['exchange']>
  ): Promise<Uint8Array> {
    const index = this.#faces.findIndex((_, i) => !passedOver.includes(i))
    const face = this.#faces[index]
    if (face === undefined) throw new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no other KDC')
    this.asked.push(index)
    this.#kdc.tricks = face
    const reply = await this.#kdc.exchange(realm, request, signal)
    this.#givers.set(reply, index)
    return reply
  }
}
