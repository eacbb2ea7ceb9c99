/**
 * `npm run lab -- up|down|status|env`: a lab that stays up in the background.
 *
 * `up` starts a process that owns the lab and waits until all is up; `down` ends that process, which ends the rest.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  HIGHEST_INSTANCE,
  instanceDirectory,
  labRoot,
  readState,
  type LabState,
} from './instance.ts'
import { processStart } from './processes.ts'
import type { Lab, LabOptions } from './types.ts'

const STOP_TIMEOUT_MS = 30_000
const USAGE = `usage: npm run lab -- up|down|status|env [--instance N]
       node docker/lab.ts up|down|status|env [--instance N]

  up       start the lab in the background and wait until it answers
  down     stop it (without --instance: every lab of this checkout)
  status   say what runs
  env      print everything about a running lab as JSON

  --instance N   which one, 1 to ${HIGHEST_INSTANCE}: its addresses are 127.88.N.x. Default for up: 1
  --help         this

SALLYPORT_LAB=…/env.json, as up prints it, leads tests to a lab that runs. More: docker/README.md.`

type StartLab = (options: LabOptions) => Promise<Lab>
type Message = { readonly line: string } | { readonly ready: true } | { readonly failed: string }

function instancesHere(): readonly number[] {
  try {
    const names = readdirSync(labRoot())
    return names.flatMap((name) => /^instance-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  } catch {
    return []
  }
}

function runningStates(instance: number | undefined): readonly LabState[] {
  const numbers = instance === undefined ? instancesHere() : [instance]
  return numbers.flatMap((number) => readState(number) ?? [])
}

/** What the owner itself prints; beside the instance's folder, which goes when the lab stops. */
function ownerLog(instance: number): string {
  return join(labRoot(), `instance-${instance}.log`)
}

/** Owns the lab until it is told to end. Started by `up`, which listens on the channel until all is up. */
async function serve(startLab: StartLab, instance: number): Promise<void> {
  const tell = (message: Message): void => {
    if (process.connected) process.send?.(message)
  }
  try {
    await startLab({
      instance,
      log: (line) => {
        tell({ line })
      },
    })
    const start = processStart(process.pid) ?? ''
    const state: LabState = { instance, pid: process.pid, start }
    writeFileSync(join(instanceDirectory(instance), 'state.json'), JSON.stringify(state))
    tell({ ready: true })
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) })
    process.exitCode = 1
    if (process.connected) process.disconnect()
    return
  }
  if (process.connected) process.disconnect()
  // Nothing else keeps the event loop alive: the services are children, and startLab() listens for signals.
  setInterval(() => undefined, 2 ** 30)
}

async function up(instance: number): Promise<void> {
  const began = Date.now()
  if (readState(instance) !== undefined) {
    console.log(`lab: instance ${instance} is up already`)
    return
  }
  mkdirSync(labRoot(), { recursive: true })
  const log = openSync(ownerLog(instance), 'w')
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '..', 'lab.ts'), 'serve', '--instance', String(instance)],
    { detached: true, stdio: ['ignore', log, log, 'ipc'] },
  )
  closeSync(log)
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on('message', (message: Message) => {
      if ('line' in message) console.log(`lab: ${message.line}`)
      else resolve('failed' in message ? message.failed : undefined)
    })
    child.once('exit', () => {
      const printed = readFileSync(ownerLog(instance), 'utf8')
      resolve(`its process ended\n${printed}`)
    })
  })
  child.unref()
  if (failure !== undefined) throw new Error(failure)
  const envFile = join(instanceDirectory(instance), 'env.json')
  console.log(
    `lab: up after ${((Date.now() - began) / 1000).toFixed(1)} s; SALLYPORT_LAB=${envFile}`,
  )
}

async function down(instance: number | undefined): Promise<void> {
  const states = runningStates(instance)
  if (states.length === 0) console.log('lab: nothing runs')
  for (const state of states) {
    process.kill(state.pid, 'SIGTERM')
    const giveUpAt = Date.now() + STOP_TIMEOUT_MS
    while (processStart(state.pid) === state.start) {
      if (Date.now() > giveUpAt) throw new Error(`process ${state.pid} does not end`)
      await sleep(50)
    }
    rmSync(ownerLog(state.instance), { force: true })
    console.log(`lab: instance ${state.instance} is down`)
  }
}

function status(instance: number | undefined): void {
  const states = runningStates(instance)
  for (const { instance: number, pid } of states) {
    console.log(`lab: instance ${number} on 127.88.${number}.x, process ${pid}`)
  }
  if (states.length === 0) {
    console.log('lab: nothing runs')
    process.exitCode = 1
  }
}

function printEnv(instance: number | undefined): void {
  const [state] = runningStates(instance)
  if (state === undefined) throw new Error('no lab runs; start one with: npm run lab -- up')
  process.stdout.write(readFileSync(join(instanceDirectory(state.instance), 'env.json'), 'utf8'))
}

/** The command line is wrong. */
class UsageError extends Error {}

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { instance: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    const { help = false, instance: number } = values
    const instance = number === undefined ? undefined : instanceOf(number)
    return { help, instance, command: positionals[0] }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function instanceOf(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= HIGHEST_INSTANCE) return number
  throw new UsageError(
    `--instance wants a whole number from 1 to ${HIGHEST_INSTANCE}, not '${text}'`,
  )
}

async function dispatch(args: string[], startLab: StartLab): Promise<void> {
  const { help, instance, command } = readArguments(args)
  if (help) {
    console.log(USAGE)
    return
  }
  switch (command) {
    case 'up':
      await up(instance ?? 1)
      break
    case 'down':
      await down(instance)
      break
    case 'status':
      status(instance)
      break
    case 'env':
      printEnv(instance)
      break
    case 'serve':
      await serve(startLab, instance ?? 1)
      break
    default:
      throw new UsageError(
        command === undefined ? 'which command?' : `there is no command ${command}`,
      )
  }
}

/**
 * The command line.
 *
 * @param args - After `lab.ts`.
 * @param startLab - What starts a lab.
 */
export async function runCommand(args: string[], startLab: StartLab): Promise<void> {
  try {
    await dispatch(args, startLab)
  } catch (error) {
    console.error(`lab: ${error instanceof Error ? error.message : String(error)}`)
    const isUsage = error instanceof UsageError
    if (isUsage) console.error(USAGE)
    process.exitCode = isUsage ? 2 : 1
  }
}
