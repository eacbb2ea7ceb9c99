/** One Negotiate token from a ticket at hand: Sallyport, the npm package kerberos, and a C program on MIT's GSS-API. */
import { join } from 'node:path'
import { contest, type Contender, type ContestPlan, type Outcome } from './contest.ts'
import { compileGssapi, environmentOf, HOST_SERVICE, startGssapi } from './gssapi.ts'
import { Loop } from './loop.ts'
import { SERVICE, SPN, type Setting } from './setting.ts'

/** Each way of making tokens. `Bound`: for a TLS channel; `64`: so many in flight; `Header`: in base64. */
export type TokenWay =
  | 'sallyport'
  | 'sallyportBound'
  | 'sallyportHeader'
  | 'sallyportHeader64'
  | 'npmKerberos'
  | 'npmKerberos64'
  | 'gssapi'
  | 'gssapiBound'
  | 'gssapiFile'

/** What was measured, and who was not there. */
export interface TokenResults {
  readonly outcomes: Readonly<Partial<Record<TokenWay, Outcome>>>
  readonly missing: readonly string[]
}

const HERE = import.meta.dirname

/** Channel bindings of a certificate signed with SHA-256. */
const BINDING = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 1)])

/** Starts the loops that can be started. */
class Loops {
  readonly ways: Partial<Record<TokenWay, Contender>> = {}
  readonly missing: string[] = []
  readonly #setting: Setting
  readonly #started: Loop[] = []

  constructor(setting: Setting) {
    this.#setting = setting
  }

  async start(command: readonly [string, ...string[]]): Promise<Loop> {
    const environment = environmentOf(this.#setting)
    return this.#keep(await Loop.start({ command, environment, greets: true }))
  }

  #keep(loop: Loop): Loop {
    this.#started.push(loop)
    return loop
  }

  async sallyport(): Promise<void> {
    const script = [process.execPath, join(HERE, 'sallyport-loop.ts')] as const
    const name = `${SPN}@${SERVICE.realm}`
    const token = await this.start([...script, name, 'token'])
    const header = await this.start([...script, name, 'header'])
    this.ways.sallyport = { loop: token }
    this.ways.sallyportBound = { loop: token, binding: BINDING }
    this.ways.sallyportHeader = { loop: header }
    this.ways.sallyportHeader64 = { loop: header, inFlight: 64 }
  }

  async npmKerberos(): Promise<void> {
    const command = [process.execPath, join(HERE, 'npm-loop.ts'), HOST_SERVICE] as const
    const loop = await this.start(command)
    if (loop.greeting === 'ready') {
      this.ways.npmKerberos = { loop }
      this.ways.npmKerberos64 = { loop, inFlight: 64 }
    } else {
      this.missing.push('npm kerberos: not installed (it needs libkrb5-dev)')
    }
  }

  async gssapi(): Promise<void> {
    const compiled = compileGssapi(this.#setting)
    if ('missing' in compiled) {
      this.missing.push(compiled.missing)
      return
    }
    const memory = this.#keep(await startGssapi(compiled.program, this.#setting, 'MEMORY'))
    this.ways.gssapi = { loop: memory }
    this.ways.gssapiBound = { loop: memory, binding: BINDING }
    const loop = this.#keep(await startGssapi(compiled.program, this.#setting, 'FILE'))
    this.ways.gssapiFile = { loop }
  }

  /** Each makes a Negotiate token that is no smaller than the ticket in it. */
  async check(): Promise<void> {
    for (const loop of this.#started) {
      const token = Buffer.from(await loop.token())
      if (token[0] !== 0x60 || token.length < 500) throw new Error('not a Negotiate token')
    }
  }

  stop(): void {
    for (const loop of this.#started) loop.stop()
  }
}

/**
 * Measures all that are there, in turns.
 *
 * @param setting - The ticket.
 * @param plan - How long, how often.
 */
export async function measureTokens(setting: Setting, plan: ContestPlan): Promise<TokenResults> {
  const loops = new Loops(setting)
  try {
    await loops.sallyport()
    await loops.npmKerberos()
    await loops.gssapi()
    await loops.check()
    const outcomes = await contest(loops.ways as Record<TokenWay, Contender>, plan)
    return { outcomes, missing: loops.missing }
  } finally {
    loops.stop()
  }
}
