/**
 * What a check is, what it finds, and how what it finds is mended.
 *
 * A check asks its world (ports that bring facts) and judges. It does no I/O of its own.
 *
 * @module
 */

import { errorMend } from '../platform/index.ts'
import { DOCTOR_CODES, type DoctorCode } from './codes/index.ts'

/** How a finding ends: all is well; worth knowing; something is broken; not looked at. */
export type Outcome = 'pass' | 'warn' | 'fail' | 'skip'

/** One way to mend something. Commands are whole, with the real names filled in. */
export interface Mend {
  /** What to do, one sentence. */
  readonly text: string
  /** For Windows, with the ActiveDirectory module. */
  readonly powershell?: string
  /** For Samba, on a domain controller. */
  readonly sambaTool?: string
  /** For the connector's own host. */
  readonly shell?: string
  /** A line of connector.yaml, policy.yaml, gateway.yaml or of the backend's configuration. */
  readonly setting?: string
}

/** What a check has found. Never holds a secret. */
export interface Finding {
  /** The outcome that the catalogue gives the code. */
  readonly outcome: Outcome
  readonly code: DoctorCode
  /** What was seen, in plain words, with the values. */
  readonly message: string
  /** What it is about, where a check looks at several things: an app, a user, a host, a file. */
  readonly subject?: string
  readonly mends: readonly Mend[]
}

/**
 * What an error itself says is to be done.
 *
 * @param error - Whatever was thrown.
 * @returns Its mend; none where it has none.
 */
export function mendsOf(error: unknown): readonly Mend[] {
  const text = errorMend(error)
  return text === undefined ? [] : [{ text }]
}

/** One check. */
export interface Check<World> {
  /** `area.what`, such as `host.clock`. */
  readonly id: string
  /** What it looks at, a few words. */
  readonly title: string
  /** Ids of checks that must not have failed before. An area alone means all of its checks. */
  readonly needs: readonly string[]
  /**
   * Looks.
   *
   * @param world - What it may ask.
   * @param signal - Fires when the time limit is over: what still runs should end.
   * @returns What it found, at least one finding. May throw: the runner makes a failed finding of it.
   */
  run(world: World, signal: AbortSignal): Promise<readonly Finding[]>
}

/** What a finding may hold besides code and message. */
export interface FindingDetails {
  readonly subject?: string
  readonly mends?: readonly Mend[]
}

/**
 * Makes a finding; its outcome is the one that the catalogue gives its code.
 *
 * @param code - Which.
 * @param message - What was seen, with the values. Never a secret.
 * @param details - What it is about, and its mends; without any, the catalogue's.
 * @returns The finding.
 */
export function found(code: DoctorCode, message: string, details: FindingDetails = {}): Finding {
  const { subject, mends = [] } = details
  const { outcome, mend } = DOCTOR_CODES[code]
  const usual = mend === undefined ? [] : [{ text: mend }]
  return {
    ...{ outcome, code, message },
    ...(subject !== undefined && { subject }),
    mends: mends.length > 0 ? mends : usual,
  }
}
