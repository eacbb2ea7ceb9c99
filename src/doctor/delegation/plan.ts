/**
 * From the directory as it is to what the policy needs, and no further: what is missing, and what is too much.
 *
 * Never proposes unconstrained delegation. What is there already is not told again.
 *
 * @module
 */

import { sameSpn } from '../../directory/index.ts'
import { actingCommands, connectorCommands } from '../commands.ts'
import { grantStep, isGranted, type PlanMode } from './grants.ts'
import { nameStep, ownNameStep } from './names.ts'
import type { DelegationState, ServiceState } from './state.ts'
import { mendBy, type PlanStep } from './step.ts'

/** A plan. */
export interface DelegationPlan {
  readonly mode: PlanMode
  /** Without these, requests fail. */
  readonly missing: readonly PlanStep[]
  /** Rights that the policy does not need. */
  readonly superfluous: readonly PlanStep[]
}

/**
 * Makes the plan.
 *
 * @param state - The directory as it is.
 * @param mode - By which way services are granted. Default `auto`: RBCD where all KDCs can; grants that are there stay.
 * @returns The plan; empty when all is as the policy needs it.
 */
export function planDelegation(state: DelegationState, mode: PlanMode = 'auto'): DelegationPlan {
  const { services } = state
  const missing = [
    services.length === 0 ? undefined : ownNameStep(state.connector),
    transitionMissing(state, mode),
    ...services.flatMap((service) => serviceSteps(state, service, mode)),
  ]
  const superfluous = [
    unconstrained(state),
    ...unlisted(state, mode),
    ...actingTooFar(state, mode),
    transitionSuperfluous(state, mode),
  ]
  return {
    mode,
    missing: missing.filter((step) => step !== undefined),
    superfluous: superfluous.filter((step) => step !== undefined),
  }
}

function serviceSteps(
  state: DelegationState,
  service: ServiceState,
  mode: PlanMode,
): readonly PlanStep[] {
  const name = nameStep(service)
  const { account } = service
  if (account === undefined || isGranted(service, mode, state)) return name ? [name] : []
  const grant = grantStep(state, { service, account }, mode)
  return name ? [name, grant] : [grant]
}

/** Whether the connector's own list has, or will have, a service on it. */
function usesList(state: DelegationState, mode: PlanMode): boolean {
  if (mode === 'rbcd') return false
  if (mode === 'classic' || !state.rbcd.possible) return state.services.length > 0
  return state.services.some(({ classic }) => classic)
}

/** The user has signed in elsewhere, so evidence comes by protocol transition (MS-SFU 3.2.5.1.2). */
function transitionMissing(state: DelegationState, mode: PlanMode): PlanStep | undefined {
  const { connector, rbcd } = state
  if (state.services.length === 0 || connector.control.trustedToAuthForDelegation) return undefined
  if (!usesList(state, mode) && !rbcd.wantsProtocolTransition) return undefined
  const name = connector.sAMAccountName
  return {
    code: 'DOCTOR_PROTOCOL_TRANSITION_MISSING',
    message: `${name} lacks protocol transition (TRUSTED_TO_AUTH_FOR_DELEGATION), so its tickets in users' names cannot be forwarded`,
    subject: name,
    mends: [
      mendBy(
        `Allow ${name} to use any authentication protocol.`,
        connectorCommands.protocolTransition(connector, true),
      ),
    ],
  }
}

function transitionSuperfluous(state: DelegationState, mode: PlanMode): PlanStep | undefined {
  const { connector, rbcd, services } = state
  if (!connector.control.trustedToAuthForDelegation) return undefined
  if (services.length > 0 && (usesList(state, mode) || rbcd.wantsProtocolTransition))
    return undefined
  const name = connector.sAMAccountName
  return {
    code: 'DOCTOR_DELEGATION_SUPERFLUOUS',
    message: `${name} has protocol transition, and nothing needs it: no service is on its own list`,
    subject: name,
    mends: [
      mendBy(
        `Take protocol transition from ${name}.`,
        connectorCommands.protocolTransition(connector, false),
      ),
    ],
  }
}

function unconstrained({ connector }: DelegationState): PlanStep | undefined {
  if (!connector.control.trustedForDelegation) return undefined
  const name = connector.sAMAccountName
  return {
    code: 'DOCTOR_UNCONSTRAINED',
    message: `${name} is trusted for delegation to any service (unconstrained): whoever has its key can keep the tickets of all who visit it`,
    subject: name,
    mends: [mendBy(`End it: nothing needs it.`, connectorCommands.noUnconstrained(connector))],
  }
}

function unlisted(state: DelegationState, mode: PlanMode): readonly PlanStep[] {
  const { connector, services } = state
  const doubled =
    mode === 'rbcd' && state.rbcd.possible ? services.filter(({ classic }) => classic) : []
  const written = connector.allowedToDelegateTo.filter((listed) =>
    doubled.some(({ spn }) => sameSpn(spn, listed)),
  )
  const name = connector.sAMAccountName
  return [...state.unlisted, ...written].map((spn) => ({
    code: 'DOCTOR_DELEGATION_SUPERFLUOUS',
    message: written.includes(spn)
      ? `${spn} is on the delegation list of ${name}, where resource-based delegation is to do it`
      : `${spn} is on the delegation list of ${name}, but not in the policy`,
    subject: spn,
    mends: [mendBy(`Take it off the list.`, connectorCommands.removeService(connector, spn))],
  }))
}

function actingTooFar(state: DelegationState, mode: PlanMode): readonly PlanStep[] {
  const { connector, services } = state
  const name = connector.sAMAccountName
  const doubled =
    mode === 'classic'
      ? services.filter(({ mayAct }) => mayAct.some(({ sid }) => sid === connector.sid))
      : []
  const accounts = [
    ...state.actingElsewhere.map((account) => ({
      account,
      why: 'no service of the policy is its',
    })),
    ...doubled.flatMap(({ account }) =>
      account ? [{ account, why: "the connector's own list is to do it" }] : [],
    ),
  ]
  const tooFar = accounts.map(({ account, why }): PlanStep => ({
    code: 'DOCTOR_DELEGATION_SUPERFLUOUS',
    message: `${account.sAMAccountName} lets ${name} act for users, and ${why}`,
    subject: account.sAMAccountName,
    mends: [mendBy(`Take ${name} from its list.`, actingCommands.remove(account, connector))],
  }))
  return [...tooFar, ...services.flatMap((service) => everyoneActs(service))]
}

/** Everyone, Authenticated Users, or no list at all: any account of the domain may act for any user. */
function everyoneActs({ spn, account, acting, mayAct }: ServiceState): readonly PlanStep[] {
  const wide = mayAct.find(({ sid }) => sid === 'S-1-1-0' || sid === 'S-1-5-11')
  if (account === undefined || (!acting.unlimited && wide === undefined)) return []
  const whom = wide?.name ?? 'everyone (it has a descriptor without a list)'
  return [
    {
      code: 'DOCTOR_RBCD_EVERYONE',
      message: `${account.sAMAccountName} lets ${whom} act for users towards ${spn}`,
      subject: spn,
      mends: [],
    },
  ]
}
