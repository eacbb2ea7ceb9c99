/** A carrier pair in memory: messages are copied, as a network would. Turns pass by hand, or by setImmediate. */
import type { CarrierReceiver, StreamReason, TunnelCarrier } from '../../../src/tunnel/index.ts'

/** One end. */
export class MemoryCarrier implements TunnelCarrier {
  backlogOctets = 0
  /** The peer reads nothing: what is sent stays in the backlog. */
  stalled = false
  /** Every message that was sent, for judges. */
  readonly sent: Buffer[] = []
  closeCode: number | undefined
  readonly #link: MemoryLink
  #receiver: CarrierReceiver | undefined
  #peer: MemoryCarrier | undefined
  #waiting: Buffer[] = []
  #closed = false

  constructor(link: MemoryLink) {
    this.#link = link
  }

  join(peer: MemoryCarrier): void {
    this.#peer = peer
  }

  attach(receiver: CarrierReceiver): void {
    this.#receiver = receiver
  }

  send(messages: readonly Uint8Array[], onSent?: () => void): void {
    if (this.#closed) return
    for (const message of messages) {
      const copy = Buffer.from(message)
      this.sent.push(copy)
      this.backlogOctets += copy.length
      this.#waiting.push(copy)
    }
    // Copied: nothing of the sender's is read any more, and what it overwrites now must not matter.
    onSent?.()
    this.schedule(() => {
      this.#deliver()
    })
  }

  schedule(callback: () => void): void {
    this.#link.enqueue(callback)
  }

  close(code: number): void {
    if (this.closeCode !== undefined) return
    this.closeCode = code
    this.schedule(() => {
      this.#link.cut(`closed with ${code}`)
    })
  }

  /** What the peer's session would send: for tests that play the peer. */
  inject(message: Uint8Array): void {
    this.schedule(() => this.#receiver?.onMessage(Buffer.from(message)))
  }

  resume(): void {
    this.stalled = false
    this.#deliver()
  }

  lose(reason: StreamReason): void {
    if (this.#closed) return
    this.#closed = true
    this.#receiver?.onClose(reason)
  }

  #deliver(): void {
    if (this.stalled || this.#closed) return
    const messages = this.#waiting
    this.#waiting = []
    for (const message of messages) {
      this.backlogOctets -= message.length
      this.#peer?.receive(message)
    }
    if (messages.length > 0) this.#receiver?.onWritable()
  }

  receive(message: Buffer): void {
    if (!this.#closed) this.#receiver?.onMessage(message)
  }
}

/** Two ends that belong together. */
export class MemoryLink {
  readonly gateway: MemoryCarrier
  readonly connector: MemoryCarrier
  readonly #turns: (() => void)[] = []
  readonly #automatic: boolean

  /** With `automatic`, each turn is one setImmediate; without, `run` makes them pass. */
  constructor(automatic = false) {
    this.#automatic = automatic
    this.gateway = new MemoryCarrier(this)
    this.connector = new MemoryCarrier(this)
    this.gateway.join(this.connector)
    this.connector.join(this.gateway)
  }

  enqueue(callback: () => void): void {
    if (this.#automatic) setImmediate(callback)
    else this.#turns.push(callback)
  }

  /** Lets turns pass until nothing is left to do. */
  run(): void {
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) turn()
  }

  /** The connection breaks. */
  cut(why = 'cut'): void {
    const reason = { code: 'ERR_TUNNEL_LOST', message: `connection closed: ${why}` }
    this.gateway.lose(reason)
    this.connector.lose(reason)
  }
}
