/** Handlers that write down what they are told. */
import type {
  ControlMessage,
  RequestHead,
  ResponseHead,
  StreamHandler,
  StreamReason,
  TunnelHandler,
  TunnelSession,
  TunnelStream,
} from '../../../src/tunnel/index.ts'

/** A stream's handler: takes everything, returns credit at once unless told to hold. */
export class StreamRecorder implements StreamHandler {
  stream: TunnelStream | undefined
  request: RequestHead | undefined
  /** The OPEN said that there is no body. */
  openedEnded = false
  head: ResponseHead | undefined
  readonly interims: ResponseHead[] = []
  trailers: readonly string[] | undefined
  readonly chunks: Buffer[] = []
  ends = 0
  drains = 0
  readonly resets: StreamReason[] = []
  /** Do not return credit. */
  holding = false
  heldOctets = 0
  onChange: () => void = () => undefined

  onHead(head: ResponseHead): void {
    this.head = head
    this.onChange()
  }
  onInterim(head: ResponseHead): void {
    this.interims.push(head)
    this.onChange()
  }
  onTrailers(fields: readonly string[]): void {
    this.trailers = fields
  }
  onData(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk))
    if (this.holding) this.heldOctets += chunk.length
    else this.stream?.consumed(chunk.length)
    this.onChange()
  }
  onEnd(): void {
    this.ends += 1
    this.onChange()
  }
  onReset(reason: StreamReason): void {
    this.resets.push(reason)
    this.onChange()
  }
  onDrain(): void {
    this.drains += 1
    this.onChange()
  }
  /** Returns the credit that was held back. */
  release(): void {
    const octets = this.heldOctets
    this.heldOctets = 0
    this.stream?.consumed(octets)
  }
  get octets(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }
  get body(): Buffer {
    return Buffer.concat(this.chunks)
  }
  get text(): string {
    return this.body.toString('utf8')
  }
}

/** A tunnel's handler. At the connector, `onStream` plays the application. */
export class TunnelRecorder implements TunnelHandler {
  session: TunnelSession | undefined
  readonly controls: ControlMessage[] = []
  readonly closes: StreamReason[] = []
  drainings = 0
  readonly streams: StreamRecorder[] = []
  onStream: (recorder: StreamRecorder, stream: TunnelStream) => void = () => undefined

  onReady(session: TunnelSession): void {
    this.session = session
  }
  onOpen(stream: TunnelStream, head: RequestHead, ended: boolean): StreamHandler {
    const recorder = new StreamRecorder()
    recorder.stream = stream
    recorder.request = head
    recorder.openedEnded = ended
    this.streams.push(recorder)
    this.onStream(recorder, stream)
    return recorder
  }
  onControl(message: ControlMessage): void {
    this.controls.push(message)
  }
  onDraining(): void {
    this.drainings += 1
  }
  onClose(reason: StreamReason): void {
    this.closes.push(reason)
  }
}

/** A request head; a test overrides what it is about. */
export function requestHead(over: Partial<RequestHead> = {}): RequestHead {
  return {
    requestId: 'r-1',
    app: 'intranet',
    proof: '',
    method: 'GET',
    target: '/',
    headers: [],
    bodyLength: undefined,
    ...over,
  }
}

/** Opens a stream whose handler is a recorder. */
export function openRecorded(
  session: TunnelSession,
  over: Partial<RequestHead> = {},
  ended = true,
): StreamRecorder & { stream: TunnelStream } {
  const recorder = new StreamRecorder()
  recorder.request = requestHead(over)
  recorder.stream = session.open(recorder.request, recorder, ended)
  return recorder as StreamRecorder & { stream: TunnelStream }
}
