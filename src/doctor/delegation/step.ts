/**
 * One thing that is missing or too much, with its mends.
 *
 * @module
 */

import type { Mend } from '../check.ts'
import type { DELEGATION_CODES } from '../codes/delegation.ts'
import type { DirectoryCommands } from '../commands.ts'

/** A way to mend it, always with commands. */
export type StepMend = Mend & DirectoryCommands

/** One thing to change. */
export interface PlanStep {
  readonly code: keyof typeof DELEGATION_CODES
  /** What was seen, with the values. */
  readonly message: string
  /** The service or account that it is about. */
  readonly subject: string
  /** Ways to mend it, the least-privilege one first; none where nobody but a person can tell what is right. */
  readonly mends: readonly StepMend[]
}

/**
 * A way to mend something.
 *
 * @param text - What to do, one sentence.
 * @param commands - Run in this order.
 * @returns The mend.
 */
export function mendBy(text: string, ...commands: readonly DirectoryCommands[]): StepMend {
  return {
    text,
    powershell: commands.map(({ powershell }) => powershell).join('\n'),
    sambaTool: commands.map(({ sambaTool }) => sambaTool).join('\n'),
  }
}
