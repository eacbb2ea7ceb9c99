/** All cases, by area. */

import type { MatrixCase } from '../case.ts'
import { BACKEND_CASES } from './backends.ts'
import { CONNECTOR_CASES } from './connector.ts'
import { CONTROLLER_CASES } from './controllers.ts'
import { DELEGATION_CASES } from './delegation.ts'
import { POLICY_CASES } from './policy.ts'
import { SCRIPTED_CASES } from './scripted.ts'
import { SERVICE_CASES } from './services.ts'
import { USER_CASES } from './users.ts'

/** Everything that is broken, for real or by a script. */
export const CASES: readonly MatrixCase[] = [
  ...USER_CASES,
  ...SERVICE_CASES,
  ...DELEGATION_CASES,
  ...CONNECTOR_CASES,
  ...CONTROLLER_CASES,
  ...POLICY_CASES,
  ...BACKEND_CASES,
  ...SCRIPTED_CASES,
]
