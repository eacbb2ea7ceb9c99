/**
 * Who may act on behalf of users towards a service: what a KDC makes of msDS-AllowedToActOnBehalfOfOtherIdentity (RBCD).
 *
 * MS-SFU 3.2.5.2.3 wants an access check; Windows and Samba (source4/kdc/pac-glue.c) ask for one right, control access (CR). Generic rights
 * are not translated, so an entry that has GA alone grants nothing; object entries name no object here and count for nothing.
 *
 * @module
 */

import { AceFlag, AceType, type Ace } from './access-control-entry.ts'
import { SecurityControl, type SecurityDescriptor } from './security-descriptor.ts'

/** ADS_RIGHT_DS_CONTROL_ACCESS, the one right that a KDC asks for. */
const CONTROL_ACCESS = 0x100
/** All rights but generic ones: what `samba-tool delegation add-principal` and Windows write. */
export const FULL_CONTROL = 0xf01ff
const GENERIC = 0xf0000000

/** SIDs that every account has in its token besides its groups: Everyone, Network, Authenticated Users. */
export const EVERYONES_SIDS: readonly string[] = ['S-1-1-0', 'S-1-5-2', 'S-1-5-11']

/** Why an entry for an account counts for nothing. */
export type IgnoredBecause =
  'generic-right' | 'without-control-access' | 'inherit-only' | 'object-entry' | 'conditional'

/** An entry for an account that counts for nothing. */
export interface IgnoredAce {
  readonly ace: Ace
  readonly because: IgnoredBecause
}

/** What a KDC makes of a descriptor for one account. */
export interface ActingVerdict {
  /** Whether it may act for users. */
  readonly granted: boolean
  /** The entry that decided. Absent: no entry did. */
  readonly by?: Ace
  /** True: there is no list at all, and so everyone may (a NULL DACL). */
  readonly unlimited: boolean
  /** Entries for the account that count for nothing. */
  readonly ignored: readonly IgnoredAce[]
}

const ALLOWS: ReadonlySet<number> = new Set([AceType.accessAllowed])
const OBJECTS: ReadonlySet<number> = new Set([
  AceType.accessAllowedObject,
  AceType.accessAllowedCallbackObject,
])

/**
 * Judges as a KDC does: the entries in turn, the first that is about the right decides.
 *
 * @param descriptor - Of the service's account; undefined where it has none.
 * @param sids - The SIDs of the account that wants to act, its groups and EVERYONES_SIDS.
 * @returns The verdict.
 */
export function actingVerdict(
  descriptor: SecurityDescriptor | undefined,
  sids: ReadonlySet<string>,
): ActingVerdict {
  if (descriptor === undefined) return { granted: false, unlimited: false, ignored: [] }
  if (descriptor.dacl === undefined) {
    const unlimited = (descriptor.control & SecurityControl.daclPresent) !== 0
    return { granted: unlimited, unlimited, ignored: [] }
  }
  const ignored: IgnoredAce[] = []
  for (const ace of descriptor.dacl.aces) {
    if (!sids.has(ace.sid)) continue
    const because = ignoredBecause(ace)
    if (because === undefined) {
      return { granted: ALLOWS.has(ace.type), by: ace, unlimited: false, ignored }
    }
    if (because !== 'irrelevant') ignored.push({ ace, because })
  }
  return { granted: false, unlimited: false, ignored }
}

/**
 * The SIDs that a descriptor lets act.
 *
 * @param descriptor - Of a service's account; undefined where it has none.
 * @returns SIDs of the entries that grant, in their order, each once.
 */
export function actingSids(descriptor: SecurityDescriptor | undefined): readonly string[] {
  const granting = (descriptor?.dacl?.aces ?? []).filter(
    (ace) => ALLOWS.has(ace.type) && ignoredBecause(ace) === undefined,
  )
  return [...new Set(granting.map((ace) => ace.sid))]
}

function ignoredBecause(ace: Ace): IgnoredBecause | 'irrelevant' | undefined {
  const { type, flags, mask } = ace
  if (type === AceType.accessDenied) return deniesNothing(ace) ? 'irrelevant' : undefined
  if ((flags & AceFlag.inheritOnly) !== 0) return 'inherit-only'
  if (OBJECTS.has(type)) return 'object-entry'
  if (type === AceType.accessAllowedCallback) return 'conditional'
  if (!ALLOWS.has(type)) return 'irrelevant'
  if ((mask & CONTROL_ACCESS) !== 0) return undefined
  return (mask & GENERIC) === 0 ? 'without-control-access' : 'generic-right'
}

function deniesNothing({ flags, mask }: Ace): boolean {
  return (flags & AceFlag.inheritOnly) !== 0 || (mask & CONTROL_ACCESS) === 0
}
