/** What a token costs, and a kept ticket takes of memory, with the tickets of one user up to 100 000. */
import { join } from 'node:path'
import { contest, type Contender, type ContestPlan, type Outcome } from './contest.ts'
import { Loop } from './loop.ts'

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

/**
 * Starts a process for each number of users, and lets all make tokens in turns.
 *
 * @param most - Most users.
 * @param plan - How long, how often.
 */
export async function measureUsers(most: number, plan: ContestPlan): Promise<UserResults> {
  const loops: Loop[] = []
  try {
    const evident = await start(most, 'evidence')
    const withEvidence = memoryOf(evident)
    evident.stop()
    const contenders: Record<string, Contender> = {}
    for (const users of stepsTo(most)) {
      const loop = await start(users)
      loops.push(loop)
      contenders[String(users)] = { loop }
    }
    const last = loops.at(-1)
    if (last === undefined) throw new Error('nothing was measured')
    const outcomes = await contest(contenders, plan)
    const costs = Object.entries(outcomes).map(([users, outcome]) => ({
      users: Number(users),
      outcome,
    }))
    return { costs: costs.sort((a, b) => a.users - b.users), memory: memoryOf(last), withEvidence }
  } finally {
    for (const loop of loops) loop.stop()
  }
}
