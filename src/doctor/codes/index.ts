/**
 * The catalogue of all codes: native-notes/doctor.md is made from it.
 *
 * @module
 */

import type { CodeMeaning } from './meaning.ts'
import { DELEGATION_CODES } from './delegation.ts'
import { GENERAL_CODES } from './general.ts'

/** A stable code of a finding. */
export type DoctorCode = keyof typeof GENERAL_CODES | keyof typeof DELEGATION_CODES

/** Every code and what it means. */
export const DOCTOR_CODES: Readonly<Record<DoctorCode, CodeMeaning>> = {
  ...GENERAL_CODES,
  ...DELEGATION_CODES,
}

/** The codes of one area. */
export interface CodeArea {
  /** Heading on the page. */
  readonly title: string
  readonly codes: Readonly<Record<string, CodeMeaning>>
}

/** The areas in the order of the page. */
export const CODE_AREAS: readonly CodeArea[] = [
  { title: 'Any check', codes: GENERAL_CODES },
  { title: 'Delegation', codes: DELEGATION_CODES },
]
