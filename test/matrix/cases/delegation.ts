/** What may be missing of the right to delegate. */

import type { MatrixCase } from '../case.ts'
import { replace, TRUSTED_TO_AUTH, userDn } from '../world/ldif.ts'
import { BESIDE_SPN, delegationLines } from '../world/names.ts'
import type { Place } from '../world/place.ts'

const ELSEWHERE = delegationLines([BESIDE_SPN])

/** Writes who may act for others towards the service, in SDDL with `SID` for the connector's. */
function grant(sddl: string) {
  return async ({ directory, service, connectorAccount }: Place): Promise<void> => {
    const sid = await directory.sid(`${connectorAccount}$`)
    const encoded = await directory.descriptor(sddl.replaceAll('SID', sid))
    const attribute = 'msDS-AllowedToActOnBehalfOfOtherIdentity'
    await directory.modify(replace(userDn(service), attribute, [`: ${encoded}`]))
  }
}

export const DELEGATION_CASES: readonly MatrixCase[] = [
  {
    id: 'no-list',
    name: 'the connector’s account has no delegation list',
    connector: { lines: [] },
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: ['DOCTOR_DELEGATION_MISSING'],
    mend: { printed: 'DOCTOR_DELEGATION_MISSING', which: /add-service/ },
  },
  {
    id: 'not-listed',
    name: 'the SPN is not on the connector’s delegation list',
    connector: { lines: ELSEWHERE },
    spares: 'connector',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: ['DOCTOR_DELEGATION_MISSING'],
    mend: { printed: 'DOCTOR_DELEGATION_MISSING', which: /add-service/ },
  },
  {
    id: 'no-transition',
    name: 'the connector’s account has no protocol transition',
    connector: { flags: 0 },
    code: 'ERR_KRB_NOT_FORWARDABLE',
    doctor: ['DOCTOR_PROTOCOL_TRANSITION_MISSING'],
    mend: { printed: 'DOCTOR_PROTOCOL_TRANSITION_MISSING', which: /for-any-protocol/ },
  },
  {
    id: 'no-rbcd',
    name: 'neither list has them, and the service’s owner is to grant it',
    connector: { lines: [] },
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: ['DOCTOR_DELEGATION_MISSING'],
    mend: { printed: 'DOCTOR_DELEGATION_MISSING', which: /add-principal/ },
  },
  {
    id: 'rbcd-generic',
    name: 'the service’s list grants by a generic right, which KDCs pass over',
    connector: { lines: [], flags: TRUSTED_TO_AUTH },
    arrange: grant('O:BAD:(A;;GA;;;SID)'),
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: ['DOCTOR_RBCD_GENERIC'],
    mend: { printed: 'DOCTOR_RBCD_GENERIC', which: /add-principal/ },
  },
  {
    id: 'rbcd-deny',
    name: 'the service’s list denies the connector what another entry grants',
    connector: { lines: [], flags: TRUSTED_TO_AUTH },
    arrange: grant('O:BAD:(D;;0xf01ff;;;SID)(A;;0xf01ff;;;SID)'),
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: ['DOCTOR_RBCD_DENIED'],
    mend: { printed: 'DOCTOR_RBCD_DENIED' },
  },
]
