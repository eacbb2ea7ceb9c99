/** One Negotiate token from a ticket at hand: Sallyport, the npm package kerberos, and a C program on MIT's GSS-API. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { contest, type Contender, type ContestPlan, type Outcome } from './contest.ts'
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

const HOST_SERVICE = `HTTP@${SERVICE.host}`
const HERE = import.meta.dirname

/** Channel bindings of a certificate signed with SHA-256. */
const BINDING = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 1)])

/** Compiles the C program, or says why not. */
function compile(folder: string): { readonly program: string } | { readonly missing: string } {
  const program = join(folder, 'gssapi-loop')
  const source = join(HERE, 'gssapi-loop.c')
  const args = ['-O2', '-o', program, source, '-lgssapi_krb5', '-lkrb5']
  const ran = spawnSync('gcc', args, { encoding: 'utf8' })
  if (ran.status === 0) return { program }
  const why = ran.error === undefined ? ran.stderr.trim().split('\n')[0] : 'no gcc'
  return { missing: `C on MIT GSS-API: ${why ?? ''} (bash docker/packages.sh native)` }
}

/** Starts the loops that can be started. */
class Loops {
  readonly ways: Partial<Record<TokenWay, Contender>> = {}
  readonly missing: string[] = []
  readonly #setting: Setting
  readonly #started: Loop[] = []

  constructor(setting: Setting) {
    this.#setting = setting
  }

  async start(command: readonly [string, ...string[]], greets: boolean): Promise<Loop> {
    const { krb5Conf, ccache } = this.#setting
    const environment = { KRB5_CONFIG: krb5Conf, KRB5CCNAME: `FILE:${ccache}` }
    const loop = await Loop.start({ command, environment, greets })
    this.#started.push(loop)
    return loop
  }

  async sallyport(): Promise<void> {
    const script = [process.execPath, join(HERE, 'sallyport-loop.ts')] as const
    const name = `${SPN}@${SERVICE.realm}`
    const token = await this.start([...script, name, 'token'], true)
    const header = await this.start([...script, name, 'header'], true)
    this.ways.sallyport = { loop: token }
    this.ways.sallyportBound = { loop: token, binding: BINDING }
    this.ways.sallyportHeader = { loop: header }
    this.ways.sallyportHeader64 = { loop: header, inFlight: 64 }
  }

  async npmKerberos(): Promise<void> {
    const command = [process.execPath, join(HERE, 'npm-loop.ts'), HOST_SERVICE] as const
    const loop = await this.start(command, true)
    if (loop.greeting === 'ready') {
      this.ways.npmKerberos = { loop }
      this.ways.npmKerberos64 = { loop, inFlight: 64 }
    } else {
      this.missing.push('npm kerberos: not installed (it needs libkrb5-dev)')
    }
  }

  async gssapi(): Promise<void> {
    const compiled = compile(this.#setting.folder)
    if ('missing' in compiled) {
      this.missing.push(compiled.missing)
      return
    }
    const memory = await this.start([compiled.program, HOST_SERVICE, 'MEMORY'], false)
    this.ways.gssapi = { loop: memory }
    this.ways.gssapiBound = { loop: memory, binding: BINDING }
    const loop = await this.start([compiled.program, HOST_SERVICE, 'FILE'], false)
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
