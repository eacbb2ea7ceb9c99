/**
 * Whether the domain's KDCs do resource-based delegation, by what its controllers say they run.
 *
 * @module
 */

import type { DomainController } from '../../directory/index.ts'

/** What the domain's KDCs can do. */
export interface RbcdSupport {
  /** Whether all of them honour descriptors. */
  readonly possible: boolean
  /** Whether they want protocol transition for it too; Windows does not where the classic list is empty. */
  readonly wantsProtocolTransition: boolean
  /** Why not, or which controllers decided. */
  readonly why: string
}

const SAMBA = /^Samba-(\d+)\.(\d+)/i
/** The first Samba whose KDC was seen to do RBCD; 4.17 refuses every such request. */
const SAMBA_WITH_RBCD = 4 * 1000 + 22
const WINDOWS_WITHOUT_RBCD = /Windows (?:2000|Server\W*(?:2003|2008))/i

/**
 * Whether a domain controller runs Samba.
 *
 * @param operatingSystem - What it says it runs.
 * @returns True for Samba.
 */
export function runsSamba(operatingSystem = ''): boolean {
  return SAMBA.test(operatingSystem)
}

/**
 * Judges by what the controllers say they run; a read-only one asks a writable one.
 *
 * @param controllers - Of the domain.
 * @returns What they can do.
 */
export function rbcdSupport(controllers: readonly DomainController[]): RbcdSupport {
  const writable = controllers.filter(({ readOnly }) => !readOnly)
  const old = writable.find(({ operatingSystem = '' }) => isWithoutRbcd(operatingSystem))
  const samba = writable.some(({ operatingSystem }) => runsSamba(operatingSystem))
  const told = [
    ...new Set(writable.map(({ operatingSystem = 'unknown system' }) => operatingSystem)),
  ]
  const why =
    old === undefined
      ? `domain controllers run ${told.join(', ')}`
      : `${old.name} runs ${old.operatingSystem ?? ''}, whose KDC refuses resource-based delegation`
  return { possible: old === undefined, wantsProtocolTransition: samba, why }
}

function isWithoutRbcd(operatingSystem: string): boolean {
  const samba = SAMBA.exec(operatingSystem)
  if (samba === null) return WINDOWS_WITHOUT_RBCD.test(operatingSystem)
  return Number(samba[1]) * 1000 + Number(samba[2]) < SAMBA_WITH_RBCD
}
