/**
 * What is missing between the connector and one service, and the ways to grant it.
 *
 * @module
 */

import {
  AceType,
  formatSddl,
  FULL_CONTROL,
  nearestSpn,
  type AccountSettings,
  type Ace,
  type ActingVerdict,
  type IgnoredBecause,
  type SecurityDescriptor,
} from '../../directory/index.ts'
import { actingCommands, connectorCommands } from '../commands.ts'
import type { DelegationState, ServiceState } from './state.ts'
import { mendBy, type PlanStep, type StepMend } from './step.ts'

/** Which of the two ways a plan takes: what is there already stays with `auto`, which grants by RBCD where KDCs can. */
export type PlanMode = 'auto' | 'rbcd' | 'classic'

/** A service that one account has. */
export interface HeldService {
  readonly service: ServiceState
  readonly account: AccountSettings
}

const IGNORED: Readonly<Record<IgnoredBecause, string>> = {
  'generic-right': 'grants a generic right alone (GA, GR, GW or GX), which KDCs do not translate',
  'without-control-access': 'does not grant control access (CR), the one right that KDCs ask for',
  'inherit-only': 'is for inheriting objects alone (inherit-only)',
  'object-entry': 'is about one kind of property (an object entry), which KDCs do not ask about',
  conditional: 'has a condition',
}

/**
 * Whether the connector may delegate to a service as things are.
 *
 * @param service - Which.
 * @param mode - By which way.
 * @param state - The whole picture.
 * @returns True when a KDC would.
 */
export function isGranted(service: ServiceState, mode: PlanMode, state: DelegationState): boolean {
  const byActing = service.acting.granted && state.rbcd.possible
  if (mode === 'rbcd') return byActing
  return mode === 'classic' ? service.classic : service.classic || byActing
}

/**
 * The step that grants a service.
 *
 * @param state - The whole picture.
 * @param held - Which; not granted yet.
 * @param mode - By which way.
 * @returns What is missing, and its mends.
 */
export function grantStep(state: DelegationState, held: HeldService, mode: PlanMode): PlanStep {
  const { connector, rbcd } = state
  const { service, account } = held
  const name = connector.sAMAccountName
  const fault = actingFault(service.acting, account, name)
  const byList = mendBy(
    `Put ${service.spn} on the delegation list of ${name}.`,
    connectorCommands.addService(connector, service.spn),
  )
  const byDescriptor = actingMend(state, service, account)
  const mends = mode === 'classic' ? [byList] : [byDescriptor, byList]
  const both = mode === 'rbcd' ? [byDescriptor] : mends
  if (!rbcd.possible && mode !== 'classic') {
    return unsupported(state, held, mode === 'rbcd' ? [] : [byList])
  }
  const code = fault?.code ?? 'DOCTOR_DELEGATION_MISSING'
  const seen =
    fault?.message ?? `${name} may not delegate to ${service.spn} (${account.sAMAccountName})`
  return {
    code,
    message: `${seen}; ${listText(state, service)}`,
    subject: service.spn,
    mends: both,
  }
}

function unsupported(
  { rbcd, connector }: DelegationState,
  { service, account }: HeldService,
  mends: readonly StepMend[],
): PlanStep {
  const name = connector.sAMAccountName
  const granted = service.acting.granted
  return {
    code: granted ? 'DOCTOR_RBCD_UNSUPPORTED' : 'DOCTOR_DELEGATION_MISSING',
    message: granted
      ? `${account.sAMAccountName} lets ${name} act for users, but ${rbcd.why}`
      : `${name} may not delegate to ${service.spn} (${account.sAMAccountName}); ${rbcd.why}`,
    subject: service.spn,
    mends,
  }
}

function listText({ connector }: DelegationState, { spn }: ServiceState): string {
  const list = connector.allowedToDelegateTo
  if (list.length === 0) return 'its own delegation list is empty'
  const nearest = nearestSpn(spn, list)
  const told = list.slice(0, MAX_TOLD).join(', ') + (list.length > MAX_TOLD ? ', …' : '')
  const near = nearest === undefined ? '' : `; the nearest of them is ${nearest}`
  return `on its delegation list are ${told}${near}`
}

const MAX_TOLD = 8

type Fault = Pick<PlanStep, 'code' | 'message'>

/** What is wrong with the service's own list, where it names the connector and grants nothing. */
function actingFault(
  { by, ignored }: ActingVerdict,
  account: AccountSettings,
  connector: string,
): Fault | undefined {
  const whose = `msDS-AllowedToActOnBehalfOfOtherIdentity of ${account.sAMAccountName}`
  const { acting } = account
  if (acting.is === 'malformed') {
    return { code: 'DOCTOR_RBCD_MALFORMED', message: `${whose} is damaged: ${acting.fault}` }
  }
  const sddl = acting.is === 'read' ? formatSddl(acting.descriptor) : ''
  if (by?.type === AceType.accessDenied) {
    const message = `${whose} denies ${connector} (entry for ${by.sid}): ${sddl}`
    return { code: 'DOCTOR_RBCD_DENIED', message }
  }
  const [first] = ignored
  if (first === undefined) return undefined
  const generic = first.because === 'generic-right'
  return {
    code: generic ? 'DOCTOR_RBCD_GENERIC' : 'DOCTOR_RBCD_INEFFECTIVE',
    message: `${whose} names ${connector}, but the entry ${IGNORED[first.because]}: ${sddl}`,
  }
}

/** samba-tool adds no second entry for a principal, so entries that grant nothing go first. */
function actingMend(
  { connector }: DelegationState,
  service: ServiceState,
  account: AccountSettings,
): StepMend {
  const [name, whose] = [connector.sAMAccountName, account.sAMAccountName]
  const { acting } = account
  const text = `Let ${name} act for users towards ${whose} (resource-based delegation).`
  const add = actingCommands.add(account, connector)
  if (acting.is === 'absent') return mendBy(text, add)
  if (acting.is === 'malformed') {
    const anew = actingCommands.write(account, freshDescriptor([], connector.sid))
    return mendBy(`Write the list of ${whose} anew, with ${name} alone.`, anew)
  }
  const { by } = service.acting
  if (by !== undefined && by.sid !== connector.sid) {
    const kept = (acting.descriptor.dacl?.aces ?? []).filter(
      (ace) => ace !== by && ace.sid !== connector.sid,
    )
    const anew = actingCommands.write(account, freshDescriptor(kept, connector.sid))
    return mendBy(
      `Take the entry that denies ${by.sid} from the list of ${whose}, and let ${name} act.`,
      anew,
    )
  }
  const named = (acting.descriptor.dacl?.aces ?? []).some(({ sid }) => sid === connector.sid)
  if (!named) return mendBy(text, add)
  const remove = actingCommands.remove(account, connector)
  return mendBy(`Replace the entry of ${name} in the list of ${whose}.`, remove, add)
}

/** As samba-tool and Windows write it: owned by Administrators, revision 4. */
function freshDescriptor(kept: readonly Ace[], sid: string): SecurityDescriptor {
  const own = { type: AceType.accessAllowed, flags: 0, mask: FULL_CONTROL, sid }
  return {
    control: 0x8004,
    owner: 'S-1-5-32-544',
    dacl: { revision: 4, aces: [...kept, own] },
  }
}
