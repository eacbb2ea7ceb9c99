/**
 * Checks of the directory, in the order in which they are told.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { accountCheck, encryptionCheck, groupsCheck, keytabCheck, krbtgtCheck } from './account.ts'
import { delegationCheck } from './delegation.ts'
import { othersCheck } from './others.ts'
import { bindCheck, controllersCheck, portsCheck, ticketCheck } from './reach.ts'
import { trustsCheck } from './trusts.ts'
import type { DirectoryWorld } from './world.ts'

/** All of them. */
export const DIRECTORY_CHECKS: readonly Check<DirectoryWorld>[] = [
  portsCheck,
  ticketCheck,
  bindCheck,
  controllersCheck,
  accountCheck,
  keytabCheck,
  encryptionCheck,
  groupsCheck,
  delegationCheck,
  krbtgtCheck,
  trustsCheck,
  othersCheck,
]
