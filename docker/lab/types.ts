/**
 * What a lab is to those who start one.
 *
 * @module
 */

import type { LabEnvironment } from './environment.ts'
import type { LabServiceName } from './instance.ts'

/** A lab that runs until it is stopped or its owner ends. */
export interface Lab {
  readonly env: LabEnvironment
  /** `env` as a JSON file: the value of SALLYPORT_LAB for tests. */
  readonly envFile: string
  /** Ends the domain controller and waits until its addresses are free. */
  stopDc(): Promise<void>
  /** Starts it again with the directory as it was; resolves when KDC, LDAPS and DNS answer. */
  startDc(): Promise<void>
  /** Runs samba-tool on the lab's directory and returns what it printed. */
  samba(args: readonly string[]): Promise<string>
  /** Ends every process and removes every file. */
  stop(): Promise<void>
}

/** What startLab() takes. */
export interface LabOptions {
  /** N of 127.88.N.x. Default: the first that is free. */
  readonly instance?: number
  /** What to start. Default: all. */
  readonly services?: readonly LabServiceName[]
  /** A domain to restore instead of the usual one; where the lab runs on this machine itself. */
  readonly snapshot?: string
  /** Added to the environment of what runs in the lab of a number; where that runs on this machine itself. */
  readonly variables?: (instance: number) => Readonly<Record<string, string>>
  /** Gets a line a step. Default: nobody does. */
  readonly log?: (line: string) => void
}
