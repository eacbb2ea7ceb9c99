/**
 * The delegation picture and plans as text for people.
 *
 * @module
 */

import { columns, printable } from '../../platform/index.ts'
import type { DelegationPlan } from './plan.ts'
import type { DelegationState, ServiceState } from './state.ts'
import type { PlanStep } from './step.ts'

const HEAD = ['SERVICE', 'ACCOUNT', 'BY ITS LIST', 'BY RBCD', 'OTHERS WHO MAY'] as const

/**
 * Who may delegate to what, as a table.
 *
 * @param state - The whole picture.
 * @returns Lines, with an end of line.
 */
export function formatDelegation(state: DelegationState): string {
  const { connector, services, unlisted, actingElsewhere } = state
  const { control } = connector
  const flags = [
    control.trustedToAuthForDelegation ? 'protocol transition' : 'no protocol transition',
    ...(control.trustedForDelegation ? ['UNCONSTRAINED DELEGATION'] : []),
    ...(control.disabled ? ['disabled'] : []),
  ]
  const rows = services.map(rowOf)
  const lines = [
    `${connector.sAMAccountName} in ${connector.realm}: ${flags.join(', ')}`,
    `  service principal names: ${connector.servicePrincipalNames.join(', ') || 'none'}`,
    '',
    ...(rows.length === 0 ? ['no service of the policy has Kerberos'] : columns([HEAD, ...rows])),
    ...listed('also on its list, not in the policy', unlisted),
    ...listed(
      'also let it act for users',
      actingElsewhere.map(({ sAMAccountName }) => sAMAccountName),
    ),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function listed(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : ['', `${what}: ${names.join(', ')}`]
}

function rowOf(service: ServiceState): readonly string[] {
  const { spn, classic, acting, othersClassic, mayAct } = service
  const rbcd = acting.granted ? 'yes' : acting.ignored.length > 0 ? 'named in vain' : 'no'
  const denied = !acting.granted && acting.by !== undefined
  const others = [...othersClassic, ...mayAct.map(({ name, sid }) => `${name ?? sid} (RBCD)`)]
  return [
    spn,
    accountText(service),
    classic ? 'yes' : 'no',
    denied ? 'denied' : rbcd,
    others.join(', ') || '-',
  ]
}

/** Whose a service is, in words. */
export function accountText({ account, holders, elsewhere }: ServiceState): string {
  const found = holders.exact.length > 0 ? holders.exact : holders.byAlias
  if (found.length > 1) return `SEVERAL: ${found.map((each) => each.sAMAccountName).join(', ')}`
  if (account === undefined) return elsewhere.length > 0 ? 'in another domain' : 'NOBODY'
  const alias = holders.exact.length > 0 ? '' : ` (by ${holders.alias ?? ''})`
  return `${account.sAMAccountName}${alias}`
}

/** How a plan is told. */
export interface PlanTextOptions {
  /** Whose commands. Default both. */
  readonly shell?: 'powershell' | 'samba' | undefined
  /** True: commands that take superfluous rights away stand as commands, not as comments. */
  readonly prune?: boolean
}

/**
 * A plan as text: what is missing and what is too much, each with its commands. All but commands are comments in both shells.
 *
 * @param plan - The plan.
 * @param options - How.
 * @returns Lines, with an end of line.
 */
export function formatPlan(plan: DelegationPlan, options: PlanTextOptions = {}): string {
  if (plan.missing.length + plan.superfluous.length === 0) {
    return '# nothing to change: the connector may do what the policy needs, and no more\n'
  }
  const commented = options.prune !== true
  const parts = [
    ...plan.missing.map((step) => stepText(`missing: ${headOf(step)}`, step, options)),
    ...plan.superfluous.map((step) => {
      const text = stepText(`too much: ${headOf(step)}`, step, options)
      return commented ? text.replace(/^(?!#|$)/gm, '#   ') : text
    }),
  ]
  return parts.join('\n')
}

function headOf({ message, code }: PlanStep): string {
  return `${message} (${code})`
}

/** Only the first way of each step: a plan is one way to the end, and doctor tells the others. */
function stepText(head: string, step: PlanStep, { shell }: PlanTextOptions): string {
  const [mend] = step.mends
  // Names of the directory are in both: none may end the comment, for a shell may be given the whole text.
  const lines = [`# ${printable(head)}`]
  if (mend === undefined) return `${lines.join('\n')}\n`
  lines.push(`# ${printable(mend.text)}`)
  const both = shell === undefined
  if (both) lines.push('# PowerShell:')
  if (shell !== 'samba') lines.push(mend.powershell)
  if (both) lines.push('# Samba:')
  if (shell !== 'powershell') lines.push(mend.sambaTool)
  return `${lines.join('\n')}\n`
}

/**
 * The picture for programs.
 *
 * @param state - The whole picture.
 * @returns Plain values.
 */
export function delegationJson(state: DelegationState): unknown {
  const { connector, rbcd, services, unlisted, actingElsewhere } = state
  return {
    connector: {
      account: connector.sAMAccountName,
      realm: connector.realm,
      protocolTransition: connector.control.trustedToAuthForDelegation,
      unconstrained: connector.control.trustedForDelegation,
      servicePrincipalNames: connector.servicePrincipalNames,
      allowedToDelegateTo: connector.allowedToDelegateTo,
    },
    rbcd,
    services: services.map((service) => ({
      spn: service.spn,
      origins: service.origins,
      account: service.account?.sAMAccountName ?? null,
      holders: [...service.holders.exact, ...service.holders.byAlias].map((a) => a.sAMAccountName),
      classic: service.classic,
      rbcd: service.acting.granted,
      othersClassic: service.othersClassic,
      mayAct: service.mayAct,
    })),
    unlisted,
    actingElsewhere: actingElsewhere.map(({ sAMAccountName }) => sAMAccountName),
  }
}
