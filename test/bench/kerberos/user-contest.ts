/** What a token costs, and a kept ticket takes of memory, with the tickets of one user up to 100 000. */
import { join } from 'node:path'
import { contest, type Contender, type ContestPlan, type Outcome } from './contest.ts'
import { compileGssapi, startGssapi } from './gssapi.ts'
import { Loop } from './loop.ts'
import type { Setting } from './setting.ts'

/** With the tickets of so many users. */
export interface UserResult {
  readonly users: number
  readonly outcome: Outcome
}

/** Octets that a user's ticket takes. */
export interface TicketMemory {
  /** Of the machine's memory. */
  readonly resident: number
  /** Of it, what JavaScript holds. */
  readonly heap: number
  /** Of it, the ticket's own DER. */
  readonly ticket: number
}

/** What was measured. */
export interface UserResults {
  readonly costs: readonly UserResult[]
  /** A C program on MIT's GSS-API with one user and with most; nothing where it could not be compiled. */
  readonly gssapi: readonly UserResult[]
  /** With most users. */
  readonly memory: TicketMemory
  /** The same, each user's evidence ticket included. */
  readonly withEvidence: TicketMemory
}

const SCRIPT = join(import.meta.dirname, 'many-users.ts')

function start(users: number, ...mode: readonly string[]): Promise<Loop> {
  const command = [process.execPath, SCRIPT, String(users), ...mode] as const
  return Loop.start({ command, greets: true })
}

function memoryOf({ greeting }: Loop): TicketMemory {
  const [resident = Number.NaN, heap = Number.NaN, ticket = Number.NaN] = greeting
    .split(' ')
    .map(Number)
  return { resident, heap, ticket }
}

/** 1, 10, 100 and so on. */
function stepsTo(most: number): number[] {
  const steps: number[] = []
  for (let users = 1; users < most; users *= 10) steps.push(users)
  return [...steps, most]
}

/** The loops of all that take part. */
class Loops {
  readonly contenders: Record<string, Contender> = {}
  readonly #started: Loop[] = []

  add(name: string, loop: Loop): Loop {
    this.#started.push(loop)
    this.contenders[name] = { loop }
    return loop
  }

  stop(): void {
    for (const loop of this.#started) loop.stop()
  }
}

async function memoryWithEvidence(users: number): Promise<TicketMemory> {
  const loop = await start(users, 'evidence')
  loop.stop()
  return memoryOf(loop)
}

/**
 * Starts a process for each number of users, and lets all make tokens in turns.
 *
 * @param setting - For the C program, which makes tokens of as many users, each with a copy of the same ticket.
 * @param most - Most users.
 * @param plan - How long, how often.
 */
export async function measureUsers(
  setting: Setting,
  most: number,
  plan: ContestPlan,
): Promise<UserResults> {
  const loops = new Loops()
  const steps = stepsTo(most)
  try {
    const withEvidence = await memoryWithEvidence(most)
    const last = loops.add(`${most}`, await start(most))
    for (const users of steps) if (users < most) loops.add(`${users}`, await start(users))
    const compiled = compileGssapi(setting)
    const peers = 'program' in compiled ? [1, most] : []
    if ('program' in compiled) {
      for (const users of peers) {
        loops.add(`C ${users}`, await startGssapi(compiled.program, setting, 'MEMORY', `${users}`))
      }
    }
    const outcomes = await contest(loops.contenders, plan)
    const resultsOf = (counts: readonly number[], who: string): UserResult[] =>
      counts.flatMap((users) => {
        const outcome = outcomes[`${who}${users}`]
        return outcome === undefined ? [] : [{ users, outcome }]
      })
    const [costs, gssapi] = [resultsOf(steps, ''), resultsOf(peers, 'C ')]
    return { costs, gssapi, memory: memoryOf(last), withEvidence }
  } finally {
    loops.stop()
  }
}
