/**
 * The lab in one container, for machines that cannot carry it themselves. To its users it is the same lab: the container
 * shares this machine's network, and `.lab` and the checkout are mounted under the paths they have outside.
 *
 * Inside runs contained.ts, with JSON lines on its standard input and output. It ends when its input does, so that the
 * container goes with its owner however that ends.
 *
 * @module
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainedReply, ContainedRequest, ContainedSettings } from './contained.ts'
import type { Engine } from './engine.ts'
import type { LabEnvironment } from './environment.ts'
import { labRoot, lockOf, SERVICE_NAMES } from './instance.ts'
import { disown, own, type Owned } from './lifetime.ts'
import { runScript } from './processes.ts'
import type { Lab, LabOptions } from './types.ts'

const DOCKER = join(import.meta.dirname, '..')
const CHECKOUT = join(DOCKER, '..')
/** Static enough to run on any glibc; the node that runs this may be a distribution's own. */
const NODE = join(CHECKOUT, 'node_modules', 'node', 'bin', 'node')
const DOCKERFILE = join(import.meta.dirname, 'Dockerfile')
const STOP_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 5_000
const ERROR_OCTETS = 4_000

type Log = (line: string) => void
type Waiter = PromiseWithResolvers<string>

/** The image's name: what it is made of is in its tag, so that a change makes a new one. */
function imageName(): string {
  const scripts = join(DOCKER, 'samba-ad')
  const names = readdirSync(scripts).sort()
  const hash = createHash('sha256')
  const files = [
    DOCKERFILE,
    join(DOCKER, 'packages.sh'),
    ...names.map((name) => join(scripts, name)),
  ]
  for (const file of files) hash.update(readFileSync(file))
  return `localhost/sallyport-lab:${hash.digest('hex').slice(0, 16)}`
}

async function ensureImage(engine: Engine, log: Log): Promise<string> {
  const image = imageName()
  const found = spawnSync(engine.name, ['image', 'inspect', image], { stdio: 'ignore' })
  if (found.status === 0) return image
  log(`building ${image}, once for this version of it: some minutes`)
  const began = Date.now()
  const abort = new AbortController()
  const stopAtExit = (): void => {
    abort.abort()
  }
  const stop = (): Promise<void> => {
    stopAtExit()
    return Promise.resolve()
  }
  const building: Owned = { stop, stopAtExit }
  own(building)
  try {
    const args = ['build', '--quiet', '--tag', image, '--file', DOCKERFILE, DOCKER]
    await runScript({ command: engine.name, args, signal: abort.signal })
  } finally {
    disown(building)
  }
  log(`built in ${Math.round((Date.now() - began) / 1000)} s`)
  return image
}

function mount(path: string, readOnly: boolean): string[] {
  const options = readOnly ? ',readonly' : ''
  return ['--mount', `type=bind,source=${path},target=${path}${options}`]
}

function runArguments(name: string, image: string, settings: ContainedSettings): string[] {
  const variables = Object.keys(process.env).filter((key) => key.startsWith('SALLYPORT_OIDC_'))
  const fixed = ['run', '--rm', '--interactive', '--name', name, '--network', 'host']
  return [
    ...fixed,
    ...['--security-opt', 'label=disable'], // SELinux would hide what is mounted
    ...['docker', 'node_modules', 'package.json'].flatMap((part) =>
      mount(join(CHECKOUT, part), true),
    ),
    ...mount(settings.root, false),
    ...['--env', `SALLYPORT_LAB_DIR=${settings.root}`],
    ...variables.flatMap((key) => ['--env', key]),
    ...[image, NODE, join(import.meta.dirname, 'contained.ts'), JSON.stringify(settings)],
  ]
}

/** The container, as seen by its owner. */
class LabContainer implements Owned {
  /** Resolves when every service answers. */
  readonly ready: Promise<LabEnvironment>
  readonly #engine: Engine
  readonly #name = `sallyport-lab-${process.pid}-${Date.now()}`
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<LabEnvironment>()
  readonly #waiting = new Map<number, Waiter>()
  readonly #log: Log
  #lastId = 0
  #errors = ''
  #stopping: Promise<void> | undefined

  constructor(engine: Engine, image: string, options: LabOptions) {
    this.#engine = engine
    this.#log = options.log ?? (() => undefined)
    this.ready = this.#ready.promise
    const settings: ContainedSettings = {
      root: resolve(labRoot()),
      services: options.services ?? SERVICE_NAMES,
      owner: engine.rootless ? 0 : (process.getuid?.() ?? 0),
      ...(options.instance === undefined ? {} : { instance: options.instance }),
    }
    const child = spawn(engine.name, runArguments(this.#name, image, settings), {
      detached: true, // Ctrl-C reaches the owner alone, which stops things in order
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#take(JSON.parse(line) as ContainedReply)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-ERROR_OCTETS)
    })
    // The container may have gone; its end says more than a broken pipe.
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => {
      this.#fail(error)
    })
    child.once('close', (code) => {
      const how = `the lab's container ended (${code ?? 'signal'})`
      this.#fail(new Error(`${how}\n${this.#errors}`.trim()))
    })
  }

  /** Has something done inside; resolves with what it printed. */
  order(what: ContainedRequest['what'], args: readonly string[] = []): Promise<string> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error("the lab's container ended"))
    const request: ContainedRequest = { id: ++this.#lastId, what, args }
    const waiter: Waiter = Promise.withResolvers()
    this.#waiting.set(request.id, waiter)
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    return waiter.promise
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  stopAtExit(): void {
    this.#child.stdin?.destroy()
  }

  async #stop(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.pid === undefined) return
    const ended = once(child, 'close').then(() => true)
    child.stdin?.end()
    const inTime = await Promise.race([ended, sleep(STOP_TIMEOUT_MS, false, { ref: false })])
    if (inTime) return
    spawnSync(this.#engine.name, ['rm', '--force', this.#name], { stdio: 'ignore' })
    await ended
  }

  #take(reply: ContainedReply): void {
    if ('line' in reply) this.#log(reply.line)
    else if ('env' in reply) this.#ready.resolve(reply.env)
    else if ('failed' in reply) this.#ready.reject(new Error(reply.failed))
    else {
      const waiter = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiter?.reject(new Error(reply.error))
      else waiter?.resolve(reply.result)
    }
  }

  #fail(error: Error): void {
    this.#ready.reject(error)
    for (const waiter of this.#waiting.values()) waiter.reject(error)
    this.#waiting.clear()
  }
}

/** An engine in a virtual machine or elsewhere has another network than ours; nothing in the lab could be reached. */
async function checkReachable(env: LabEnvironment): Promise<void> {
  const socket = connect({ ...lockOf(env.instance), timeout: CONNECT_TIMEOUT_MS })
  socket.once('timeout', () => socket.destroy(new Error('no answer')))
  try {
    await once(socket, 'connect')
  } catch (error) {
    const reason = "the lab's container is up, but its network is not this machine's"
    throw new Error(`${reason}: the engine must run here, not in a virtual machine`, {
      cause: error,
    })
  } finally {
    socket.destroy()
  }
}

/**
 * Starts a lab in a container.
 *
 * @param engine - Who runs it.
 * @param options - As for startLab().
 * @returns The lab, when every service answers.
 * @throws Error that says what failed, inside or outside.
 */
export async function startContainedLab(engine: Engine, options: LabOptions): Promise<Lab> {
  if (!existsSync(NODE)) {
    throw new Error(`no ${NODE}: run 'npm rebuild node --ignore-scripts=false' first`)
  }
  const image = await ensureImage(engine, options.log ?? (() => undefined))
  mkdirSync(labRoot(), { recursive: true })
  const container = new LabContainer(engine, image, options)
  own(container)
  const stop = (): Promise<void> =>
    container.stop().finally(() => {
      disown(container)
    })
  try {
    const env = await container.ready
    await checkReachable(env)
    return {
      env,
      envFile: join(env.directory, 'env.json'),
      stopDc: () => container.order('stopDc').then(() => undefined),
      startDc: () => container.order('startDc').then(() => undefined),
      samba: (args) => container.order('samba', args),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
