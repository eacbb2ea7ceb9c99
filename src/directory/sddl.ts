/**
 * Writes a security descriptor as text: the Security Descriptor Definition Language (MS-DTYP 2.5.1).
 *
 * @module
 */

import { AceType, type Ace } from './access-control-entry.ts'
import type { Acl, SecurityDescriptor } from './security-descriptor.ts'

type Names = readonly (readonly [number, string])[]

/** Rights in the order in which Windows and Samba write them. MS-DTYP 2.5.1.1, the directory's own among them. */
const RIGHTS: Names = [
  [0x1, 'CC'],
  [0x2, 'DC'],
  [0x4, 'LC'],
  [0x8, 'SW'],
  [0x10, 'RP'],
  [0x20, 'WP'],
  [0x40, 'DT'],
  [0x80, 'LO'],
  [0x100, 'CR'],
  [0x10000, 'SD'],
  [0x20000, 'RC'],
  [0x40000, 'WD'],
  [0x80000, 'WO'],
  [0x10000000, 'GA'],
  [0x80000000, 'GR'],
  [0x40000000, 'GW'],
  [0x20000000, 'GX'],
]

const ACE_FLAGS: Names = [
  [0x01, 'OI'],
  [0x02, 'CI'],
  [0x04, 'NP'],
  [0x08, 'IO'],
  [0x10, 'ID'],
  [0x40, 'SA'],
  [0x80, 'FA'],
]

const DACL_FLAGS: Names = [
  [0x1000, 'P'],
  [0x0100, 'AR'],
  [0x0400, 'AI'],
]

const SACL_FLAGS: Names = [
  [0x2000, 'P'],
  [0x0200, 'AR'],
  [0x0800, 'AI'],
]

const ACE_TYPES: Readonly<Record<number, string>> = {
  [AceType.accessAllowed]: 'A',
  [AceType.accessDenied]: 'D',
  [AceType.systemAudit]: 'AU',
  [AceType.accessAllowedObject]: 'OA',
  [AceType.accessDeniedObject]: 'OD',
  [AceType.systemAuditObject]: 'OU',
  [AceType.accessAllowedCallback]: 'XA',
  [AceType.accessDeniedCallback]: 'XD',
  [AceType.systemAuditCallback]: 'XU',
  [AceType.accessAllowedCallbackObject]: 'ZA',
}

/** Those that are the same everywhere, MS-DTYP 2.5.1.1. */
const SIDS: Readonly<Record<string, string>> = {
  'S-1-1-0': 'WD',
  'S-1-3-0': 'CO',
  'S-1-3-1': 'CG',
  'S-1-5-2': 'NU',
  'S-1-5-4': 'IU',
  'S-1-5-6': 'SU',
  'S-1-5-7': 'AN',
  'S-1-5-9': 'ED',
  'S-1-5-10': 'PS',
  'S-1-5-11': 'AU',
  'S-1-5-18': 'SY',
  'S-1-5-19': 'LS',
  'S-1-5-20': 'NS',
  'S-1-5-32-544': 'BA',
  'S-1-5-32-545': 'BU',
  'S-1-5-32-546': 'BG',
  'S-1-5-32-547': 'PU',
  'S-1-5-32-548': 'AO',
  'S-1-5-32-549': 'SO',
  'S-1-5-32-550': 'PO',
  'S-1-5-32-551': 'BO',
  'S-1-5-32-554': 'RU',
}

const DACL_PRESENT = 0x4

/**
 * Writes a descriptor as SDDL. MS-DTYP 2.5.1.
 *
 * @param descriptor - Read by decodeSecurityDescriptor.
 * @returns For example `O:BAD:(A;;CR;;;S-1-5-21-1-2-3-1104)`. SIDs of a domain are written out. What follows the SID of a
 *   conditional entry is told by its length.
 */
export function formatSddl(descriptor: SecurityDescriptor): string {
  const { control, owner, group, dacl, sacl } = descriptor
  const unlimited = dacl === undefined && (control & DACL_PRESENT) !== 0
  return [
    owner === undefined ? '' : `O:${sidText(owner)}`,
    group === undefined ? '' : `G:${sidText(group)}`,
    dacl ? `D:${flagText(control, DACL_FLAGS)}${acesText(dacl)}` : '',
    unlimited ? 'D:NO_ACCESS_CONTROL' : '',
    sacl ? `S:${flagText(control, SACL_FLAGS)}${acesText(sacl)}` : '',
  ].join('')
}

/** MS-DTYP 2.5.1.1; hexadecimal where a bit has no name. */
function formatRights(mask: number): string {
  const named = RIGHTS.reduce((sum, [bit]) => sum + bit, 0)
  if ((mask & ~named) !== 0) return `0x${mask.toString(16)}`
  return flagText(mask, RIGHTS)
}

function acesText({ aces }: Acl): string {
  return aces.map(aceText).join('')
}

function aceText(ace: Ace): string {
  const { type, flags, mask, objectType = '', inheritedObjectType = '', sid, data } = ace
  const kind = ACE_TYPES[type] ?? `0x${type.toString(16)}`
  const more = data === undefined || data.length === 0 ? [] : [`${data.length} octets`]
  const fields = [kind, flagText(flags, ACE_FLAGS), formatRights(mask), objectType]
  return `(${[...fields, inheritedObjectType, sidText(sid), ...more].join(';')})`
}

function flagText(bits: number, names: Names): string {
  return names.map(([bit, name]) => ((bits & bit) === 0 ? '' : name)).join('')
}

function sidText(sid: string): string {
  return SIDS[sid] ?? sid
}
