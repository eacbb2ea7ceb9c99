/**
 * The connector's own host: versions, files, names, clock, FIPS.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { clockCheck } from './clock.ts'
import { filesCheck } from './files.ts'
import { namesCheck, servicesCheck } from './names.ts'
import { fipsCheck, versionsCheck } from './versions.ts'
import type { HostWorld } from './world.ts'

export type { FileFacts, HostWorld, KdcTime, KerberosWorld, NamedFile, Versions } from './world.ts'

/** In the order in which they are told. */
export const HOST_CHECKS: readonly Check<HostWorld>[] = [
  versionsCheck,
  fipsCheck,
  filesCheck,
  namesCheck,
  servicesCheck,
  clockCheck,
]
