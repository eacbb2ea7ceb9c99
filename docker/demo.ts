/**
 * `npm run demo`: a whole Sallyport on this machine. Starts the lab, registers a connector, signs a user in as proof, and
 * stays up for a browser until Ctrl-C. With `--once` it ends after the proof; the last line is one JSON object.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { errorText } from '../src/platform/index.ts'
import { labAvailability, startLab, type Lab, type LabEnvironment } from './lab.ts'
import { proveSignIn, type Proof } from './demo/proof.ts'
import { startStack, type Stack } from './demo/stack.ts'

const HELP = `npm run demo             everything on this machine, until Ctrl-C
npm run demo -- --once   the proof alone; the last line is one JSON object
npm run demo -- --port N the browser listener's port (default 8443, another when that is taken)`

const began = performance.now()

function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6)
  process.stdout.write(`${seconds} s  ${line}\n`)
}

/** Ctrl-C and SIGTERM end the demo in order, whatever it is doing. */
const interrupted = new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      resolve(signal)
    })
  }
})

/** A step that Ctrl-C interrupts; what it had begun is then cleaned up once it is there. */
async function step<T>(work: Promise<T>, undo: (late: T) => Promise<void>): Promise<T> {
  const signal = await Promise.race([interrupted, work.then(() => undefined)])
  if (signal === undefined) return work
  await work.then(undo, () => undefined)
  throw new Error(`interrupted by ${signal}`)
}

function tellProof(proof: Proof): void {
  say(
    `signed in outside; the backend inside saw ${proof.user || 'nobody'} (status ${proof.status})`,
  )
  say(`the backend proved its own identity: ${proof.mutualAuth ? 'yes' : 'no'}`)
  say(
    `first request ${proof.firstRequestMs} ms (look-up, S4U2Self, S4U2Proxy), second ${proof.secondRequestMs} ms`,
  )
}

function tellBrowser(env: LabEnvironment, stack: Stack): void {
  const people = ['alice', 'bob', 'carol'].flatMap((name) => {
    const user = env.users[name]
    if (user === undefined) return []
    const note = name === 'carol' ? '   (sensitive: must be refused)' : ''
    return [`             ${user.userPrincipalName}  ${user.password}${note}`]
  })
  process.stdout.write(`
  Open       ${stack.url('intranet', '/whoami')}
  sign in as
${people.join('\n')}
  The certificates are from authorities made for this demo: the browser will warn twice.
  Stop       Ctrl-C
`)
}

async function demo(options: { once: boolean; port: number }): Promise<boolean> {
  const availability = labAvailability()
  if (!availability.ok) throw new Error(`no lab can run here: ${availability.reason ?? 'unknown'}`)
  say('starting the lab: Samba AD, Apache, OpenID provider')
  const lab = await step(startLab({ log: say }), (late) => late.stop())
  let stack: Stack | undefined
  try {
    say('starting gateway and connector')
    stack = await step(
      startStack(lab.env, { browserPort: options.port, limits: 'product' }),
      (late) => late.stop(),
    )
    say('signing alice in')
    const proof = await step(proveSignIn(lab.env, stack, 'alice'), () => Promise.resolve())
    tellProof(proof)
    if (!options.once) {
      tellBrowser(lab.env, stack)
      await interrupted
    }
    await stopAll(lab, stack)
    if (options.once) process.stdout.write(`${JSON.stringify(proof)}\n`)
    return proof.ok
  } catch (error) {
    await stopAll(lab, stack)
    throw error
  }
}

async function stopAll(lab: Lab, stack: Stack | undefined): Promise<void> {
  say('stopping')
  await stack?.stop()
  await lab.stop()
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      port: { type: 'string', default: '8443' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const port = Number(values.port)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return { ...values, port }
  throw new RangeError(`--port wants a whole number from 1 to 65535, not '${values.port}'`)
}

async function run({ once, port }: { once: boolean; port: number }): Promise<number> {
  try {
    return (await demo({ once, port })) ? 0 : 1
  } catch (error) {
    say(`failed: ${errorText(error)}`)
    if (once) process.stdout.write(`${JSON.stringify({ ok: false })}\n`)
    return 1
  }
}

async function main(): Promise<number> {
  let values: ReturnType<typeof readArguments>
  try {
    values = readArguments()
  } catch (error) {
    process.stderr.write(`demo: ${errorText(error)}\n${HELP}\n`)
    return 2
  }
  if (!values.help) return run(values)
  process.stdout.write(`${HELP}\n`)
  return 0
}

process.exitCode = await main()
