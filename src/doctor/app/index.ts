/**
 * The apps: policy, login identity, name, address, TCP, TLS, HTTP, sign-in, token, Extended Protection, header fields.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { headersCheck } from './headers.ts'
import { listCheck, type AppListWorld } from './list.ts'
import { loginCheck } from './login.ts'
import { routeCheck } from './route.ts'
import { schemesCheck } from './schemes.ts'
import { http2Check, tlsCheck } from './tls.ts'
import { epaCheck, ticketCheck, tokenCheck } from './token.ts'
import { addressCheck, tcpCheck } from './way.ts'
import type { AppWorld } from './world.ts'

export type { AppListWorld } from './list.ts'
export type { AppWorld } from './world.ts'

/** Before those of each app. */
export const APP_LIST_CHECKS: readonly Check<AppListWorld>[] = [listCheck]

/** For each app, in the order in which they are told. */
export const APP_CHECKS: readonly Check<AppWorld>[] = [
  routeCheck,
  loginCheck,
  addressCheck,
  tcpCheck,
  tlsCheck,
  http2Check,
  schemesCheck,
  ticketCheck,
  tokenCheck,
  epaCheck,
  headersCheck,
]
