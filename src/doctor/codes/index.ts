/**
 * The catalogue of all codes: native-notes/doctor.md is made from it.
 *
 * @module
 */

import { APP_CODES } from './app.ts'
import { DELEGATION_CODES } from './delegation.ts'
import { DIRECTORY_CODES } from './directory.ts'
import { GENERAL_CODES } from './general.ts'
import { HOST_CODES } from './host.ts'
import { ISSUER_CODES } from './issuer.ts'
import type { CodeMeaning } from './meaning.ts'
import { TUNNEL_CODES } from './tunnel.ts'
import { USER_CODES } from './user.ts'

/** A stable code of a finding. */
export type DoctorCode =
  | keyof typeof GENERAL_CODES
  | keyof typeof HOST_CODES
  | keyof typeof TUNNEL_CODES
  | keyof typeof DELEGATION_CODES
  | keyof typeof ISSUER_CODES
  | keyof typeof APP_CODES
  | keyof typeof DIRECTORY_CODES
  | keyof typeof USER_CODES

/** Every code and what it means. */
export const DOCTOR_CODES: Readonly<Record<DoctorCode, CodeMeaning>> = {
  ...GENERAL_CODES,
  ...HOST_CODES,
  ...TUNNEL_CODES,
  ...DELEGATION_CODES,
  ...ISSUER_CODES,
  ...APP_CODES,
  ...DIRECTORY_CODES,
  ...USER_CODES,
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
  { title: 'The host', codes: HOST_CODES },
  { title: 'The way to the gateway', codes: TUNNEL_CODES },
  { title: 'The directory', codes: DIRECTORY_CODES },
  { title: 'Delegation', codes: DELEGATION_CODES },
  { title: 'The sign-in', codes: ISSUER_CODES },
  { title: 'The apps', codes: APP_CODES },
  { title: 'A user', codes: USER_CODES },
]
