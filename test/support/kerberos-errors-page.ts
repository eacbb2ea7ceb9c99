/** native-notes/kerberos-errors.md, made from the catalogue of refusals. */

import {
  AP_REFUSALS,
  KERBEROS_ERRORS,
  REFUSALS,
  type ApRefusalMeaning,
  type ErrorMeaning,
  type RefusalMeaning,
} from '../../src/kerberos/index.ts'
import { krbErrorName, ntStatusName } from '../../src/kerberos/iana/index.ts'

const HEAD = `# What a KDC's refusals mean

Made from \`src/kerberos/exchange/refusal-catalogue.ts\` by \`UPDATE_PAGES=1 node --test test/unit/kerberos/exchange/catalogue.test.ts\`; the same
test fails when page and table differ. The first entry that fits counts. In commands \`<connector>\`, \`<spn>\`, \`<service>\` and
\`<user>\` stand for names, and so does \`<account>\`, which an error fills in. \`client.diagnose(evidence, spn)\` repeats a refused delegation without the RBCD bit and fills them in.
`

const CONTEXTS: Readonly<Record<NonNullable<RefusalMeaning['context']>, string>> = {
  'foreign-user-at-home': ' for a user of another realm, from our own',
  'foreign-user-abroad': ' for a user of another realm, from there',
  'way-to-realm': ' to a request for another realm’s ticket-granting ticket',
}

function title({ krbErrorCode, ntStatus, exchange, context }: RefusalMeaning): string {
  const parts = [
    krbErrorCode === undefined ? 'Any error' : `${krbErrorName(krbErrorCode)} (${krbErrorCode})`,
    ntStatus === undefined ? '' : ` with ${ntStatusName(ntStatus)}`,
    exchange === undefined ? '' : ` in ${exchange}`,
    context === undefined ? '' : CONTEXTS[context],
  ]
  return parts.join('')
}

function section(row: RefusalMeaning): string {
  const lines = [
    `## ${title(row)}`,
    '',
    row.means,
    '',
    `- Code: \`${row.code}\``,
    ...(row.finding === undefined ? [] : [`- Diagnosis: \`${row.finding}\``]),
    ...(row.mend === undefined ? [] : [`- Mend: ${row.mend}`]),
    ...(row.commands === undefined
      ? []
      : [`- PowerShell: \`${row.commands.powershell}\``, `- Samba: \`${row.commands.samba}\``]),
  ]
  return lines.join('\n')
}

const SERVICES = `# What a service's refusals mean

Made from \`src/kerberos/gss/ap-refusal-catalogue.ts\`. A service that refuses a token may say why by a KRB-ERROR behind \`Negotiate\` in its 401;
nothing protects it. The error is \`ERR_KRB_AP_REFUSED\`; the connector logs it as "backend refused a ticket" and makes it the cause of
what the user is told: \`ERR_SSO_BACKEND_KEY_MISMATCH\` (31, 41), \`_NO_KEY\` (44, 45), \`_CLOCK_SKEW\` (37), \`_TICKET_EXPIRED\` (32), \`_TICKET_NOT_YET_VALID\` (33),
\`_REPLAY\` (34), \`_BAD_MATCH\` (36), else \`ERR_SSO_BACKEND_REFUSED_TICKET\`.
`

function serviceSection({ krbErrorCode, means, mend }: ApRefusalMeaning): string {
  const sentence = `${means.charAt(0).toUpperCase()}${means.slice(1)}.`
  return `## ${krbErrorName(krbErrorCode)} (${krbErrorCode}) from a service\n\n${sentence}\n\n- Mend: ${mend}`
}

const CODES = `# What the library's codes mean

Made from \`src/kerberos/error-catalogue.ts\`. \`error.mend\` is what the error itself knows, else what stands here. A wrong argument is no KerberosError but a TypeError or RangeError.
`

function codeSection([code, { means, mend }]: readonly [string, ErrorMeaning]): string {
  return `## ${code}\n\n${means}\n\n- Mend: ${mend}`
}

/** The whole page. */
export function kerberosErrorsPage(): string {
  const ofKdcs = [HEAD.trimEnd(), ...REFUSALS.map(section)]
  const ofServices = [SERVICES.trimEnd(), ...AP_REFUSALS.map(serviceSection)]
  const ofCodes = [CODES.trimEnd(), ...Object.entries(KERBEROS_ERRORS).map(codeSection)]
  return `${[...ofKdcs, ...ofServices, ...ofCodes].join('\n\n')}\n`
}
