/**
 * How `sallyport identity resolve` tells people what it found.
 *
 * @module
 */

import { printable } from '../platform/index.ts'
import type { IdentityReport } from '../sso/index.ts'

type Account = NonNullable<IdentityReport['account']>

function flagsOf(account: Account): string {
  const { enabled, sensitive, protectedUser, locked, passwordExpired, expiresMs } = account
  const flags = [
    enabled ? 'enabled' : 'disabled',
    ...(sensitive ? ['sensitive'] : []),
    ...(protectedUser ? ['Protected Users'] : []),
    ...(locked === true ? ['locked'] : []),
    ...(passwordExpired === true ? ['password expired or to be changed'] : []),
    ...(expiresMs === undefined ? [] : [`expires ${new Date(expiresMs).toISOString()}`]),
  ]
  return flags.join(', ')
}

function accountLines(account: Account): readonly string[] {
  const { distinguishedName, sAMAccountName, userPrincipalName, sid, objectGUID, realm } = account
  return [
    `account          ${distinguishedName}`,
    `  sAMAccountName ${sAMAccountName}`,
    `  UPN            ${userPrincipalName ?? '(none)'}`,
    `  SID            ${sid}`,
    `  objectGUID     ${objectGUID ?? '(not to be read)'}`,
    `  realm          ${realm}`,
    `  state          ${flagsOf(account)}`,
  ]
}

function ruleOf({ realms, suffix }: IdentityReport): string {
  const where = realms.length === 0 ? 'any realm' : `realms ${realms.join(', ')}`
  return suffix === undefined ? where : `${where}; UPN suffix ${suffix}`
}

function refusalLines({ code, message, mend }: NonNullable<IdentityReport['refusal']>): string[] {
  return [
    `refused          ${code}: ${message}`,
    ...(mend === undefined ? [] : [`  mend           ${mend}`]),
  ]
}

/**
 * The report as text.
 *
 * @param report - What was found.
 * @returns Lines for a terminal, ended by a line break.
 */
export function identityText(report: IdentityReport): string {
  const { issuer, kind, claim, value, key, lookups, account, backends, kerberosName } = report
  const lines = [
    `issuer           ${issuer}`,
    `kind             ${kind}`,
    ...(claim === undefined ? [] : [`claim            ${claim} = ${value}`]),
    ...(key === undefined ? [] : [`looked for       ${key}`, `  where          ${ruleOf(report)}`]),
    ...lookups.flatMap(({ directory, base, filter, found }) => [
      `asked            ${directory}${base === '' ? '' : ` under ${base}`}`,
      `  filter         ${filter}`,
      `  found          ${found}`,
    ]),
    ...(account === undefined ? [] : accountLines(account)),
    ...backends.map(({ origin, servicePrincipalName, refusal }) => {
      const verdict =
        refusal === undefined ? 'may be acted for' : `${refusal.code}: ${refusal.message}`
      return `policy           ${origin} (${servicePrincipalName}): ${verdict}`
    }),
    ...(kerberosName === undefined ? [] : [`S4U2Self         ${kerberosName}`]),
    ...(report.refusal === undefined ? [] : refusalLines(report.refusal)),
  ]
  return `${lines.map(printable).join('\n')}\n`
}
