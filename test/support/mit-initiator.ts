/** MIT's initiator (mit-initiator.py, through python3-gssapi), whose tokens our acceptor has to judge. */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('mit-initiator.py', import.meta.url))

/** What kind of context is wanted. */
export interface MitContextOptions {
  /** Principal of the service, `HTTP/host@REALM`. */
  readonly service: string
  readonly mechanism?: 'spnego' | 'krb5'
  /** Application data of the channel binding. */
  readonly binding?: Uint8Array
  readonly mutual?: boolean
  readonly delegate?: boolean
}

/** What one step gave. */
export interface MitStep {
  /** What goes to the acceptor; empty: nothing. */
  readonly token: Buffer
  readonly complete: boolean
}

interface Answer {
  readonly token?: string
  readonly complete?: boolean
  readonly mic?: string
  readonly error?: string
  readonly text?: string
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

/** A context of MIT's library. */
export class MitContext {
  readonly #ask: (request: object) => Promise<Answer>
  readonly #id: number

  constructor(ask: (request: object) => Promise<Answer>, id: number) {
    this.#ask = ask
    this.#id = id
  }

  async step(token: Uint8Array): Promise<MitStep> {
    return stepOf(await this.#ask({ step: this.#id, token: base64(token) }))
  }

  /** GSS_GetMIC. */
  async mic(message: Uint8Array): Promise<Buffer> {
    const { mic } = await this.#ask({ mic: this.#id, message: base64(message) })
    return Buffer.from(mic ?? '', 'base64')
  }

  /** GSS_VerifyMIC; rejects where it is wrong. */
  async verify(message: Uint8Array, mic: Uint8Array): Promise<void> {
    await this.#ask({ verify: this.#id, message: base64(message), signature: base64(mic) })
  }
}

function stepOf({ token = '', complete = false }: Answer): MitStep {
  return { token: Buffer.from(token, 'base64'), complete }
}

/** The library in a process of its own, with a credential cache of its own. */
export class MitInitiator {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  #count = 0
  #said = ''

  /** KRB5CCNAME and KRB5_CONFIG. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = spawn(PYTHON, [SCRIPT], { env: { ...process.env, ...environment } })
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    this.#reader = createInterface({ input: this.#child.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async #ask(request: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const next: IteratorResult<string, unknown> = await this.#lines.next()
    if (next.done === true) throw new Error(`MIT’s initiator ended: ${this.#said}`)
    const answer = JSON.parse(next.value) as Answer
    if (answer.error !== undefined) throw new Error(`${answer.error}: ${answer.text ?? ''}`)
    return answer
  }

  /** Begins a context: its first token. */
  async begin(
    options: MitContextOptions,
  ): Promise<{ readonly context: MitContext; readonly first: MitStep }> {
    const id = ++this.#count
    const { binding, ...rest } = options
    const request = {
      ...{ mechanism: 'spnego', ...rest, new: id },
      binding: binding === undefined ? null : base64(binding),
    }
    const first = stepOf(await this.#ask(request))
    return { context: new MitContext((asked) => this.#ask(asked), id), first }
  }

  async stop(): Promise<void> {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    if (!hasEnded) await ended
    this.#reader.close()
  }
}
