/** The connector's end of a tunnel, played by a test: records what it is asked and answers by a function. */

import type {
  ControlMessage,
  RequestHead,
  StreamHandler,
  StreamReason,
  TunnelHandler,
  TunnelStream,
} from '../../../src/tunnel/index.ts'

/** A request that has arrived at the connector. */
export class ArrivedRequest implements StreamHandler {
  readonly stream: TunnelStream
  readonly head: RequestHead
  readonly chunks: Buffer[] = []
  ended: boolean
  trailers: readonly string[] | undefined
  resetBy: StreamReason | undefined
  /** Give credit back at once. */
  greedy = true
  readonly #answer: (request: ArrivedRequest) => void
  onDrain: () => void = () => undefined
  readonly #waiters: (() => void)[] = []

  constructor(
    stream: TunnelStream,
    arrived: { head: RequestHead; ended: boolean },
    answer: (request: ArrivedRequest) => void,
  ) {
    this.stream = stream
    this.head = arrived.head
    this.ended = arrived.ended
    this.#answer = answer
    if (arrived.ended) answer(this)
  }

  onData(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk))
    if (this.greedy) this.stream.consumed(chunk.length)
    this.#changed()
  }
  onTrailers(fields: readonly string[]): void {
    this.trailers = fields
  }
  onEnd(): void {
    this.ended = true
    this.#answer(this)
    this.#changed()
  }
  onReset(reason: StreamReason): void {
    this.resetBy = reason
    this.#changed()
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString()
  }
  /** A request field by lower-case name, values joined. */
  field(name: string): string | undefined {
    const { headers } = this.head
    const values = headers.filter(
      (_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name,
    )
    return values.length > 0 ? values.join(', ') : undefined
  }
  /** Answers with a whole response. */
  reply(status: number, headers: readonly string[], body = ''): void {
    this.stream.sendHead({ status, headers })
    this.stream.end(Buffer.from(body))
  }
  /** Waits until something is true. */
  async until(condition: (request: ArrivedRequest) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }
  #changed(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

/** Answers requests in the way a test wants. */
export class TestConnector implements TunnelHandler {
  readonly requests: ArrivedRequest[] = []
  readonly controls: ControlMessage[] = []
  /** Called when a request has arrived whole. */
  answer: (request: ArrivedRequest) => void = (request) => {
    request.reply(200, ['Content-Type', 'text/plain', 'Content-Length', '5'], 'hello')
  }
  /** Called when a request's head has arrived. */
  arrived: (request: ArrivedRequest) => void = () => undefined

  onOpen(stream: TunnelStream, head: RequestHead, ended: boolean): StreamHandler {
    const request = new ArrivedRequest(stream, { head, ended }, (each) => {
      this.answer(each)
    })
    this.requests.push(request)
    this.arrived(request)
    return request
  }
  onControl(message: ControlMessage): void {
    this.controls.push(message)
  }
  onClose(): void {
    this.controls.push({ type: 'flush' })
  }

  get last(): ArrivedRequest {
    const request = this.requests.at(-1)
    if (!request) throw new Error('no request has arrived')
    return request
  }
  /** Proofs the connector was sent, in order. */
  get proofs(): readonly string[] {
    return this.controls.flatMap((each) => (each.type === 'proof' ? [each.id] : []))
  }
  get forgotten(): readonly string[] {
    return this.controls.flatMap((each) => (each.type === 'forget' ? each.proofs : []))
  }
}
