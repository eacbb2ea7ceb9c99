/** native-notes/kerberos-errors.md, made from the catalogue of refusals. */

import { REFUSALS, type RefusalMeaning } from '../../src/kerberos/index.ts'
import { krbErrorName, ntStatusName } from '../../src/kerberos/iana/index.ts'

const HEAD = `# What a KDC's refusals mean

Made from \`src/kerberos/exchange/refusal-catalogue.ts\` by \`UPDATE_PAGES=1 node --test test/unit/kerberos/exchange/catalogue.test.ts\`; the same
test fails when page and table differ. The first entry that fits counts. In commands \`<connector>\`, \`<spn>\`, \`<service>\` and
\`<user>\` stand for names. \`client.diagnose(evidence, spn)\` repeats a refused delegation without the RBCD bit and fills them in.
`

function title({ krbErrorCode, ntStatus, exchange }: RefusalMeaning): string {
  const parts = [
    krbErrorCode === undefined ? 'Any error' : `${krbErrorName(krbErrorCode)} (${krbErrorCode})`,
    ntStatus === undefined ? '' : ` with ${ntStatusName(ntStatus)}`,
    exchange === undefined ? '' : ` in ${exchange}`,
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

/** The whole page. */
export function kerberosErrorsPage(): string {
  return `${[HEAD.trimEnd(), ...REFUSALS.map(section)].join('\n\n')}\n`
}
