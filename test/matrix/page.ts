/** native-notes/matrix.md, made from the cases. */

import { WORKS, type MatrixCase, type Mending } from './case.ts'

const HEAD = `# Broken set-ups, and what everybody says of them

Made from \`test/matrix/cases/\` by \`UPDATE_PAGES=1 node --test test/unit/matrix/page.test.ts\`; the same test fails when page and cases differ.

\`npm run matrix\` (part of \`npm test\`) breaks each of these set-ups in a lab of its own: Samba AD, Apache, an OpenID provider, a gateway and
connectors. The request of a signed-in user through the whole way then fails with the code in the second column, which is on the user's page and in the connector's log; another
user's request goes on working, at the very app where the user is what is broken, at another app of the same connector where that is whole;
\`sallyport doctor --app ID --user LOGIN\` finds what stands in the third column; and after the mend, and a flush of the connectors' caches, the request works.
Where doctor prints a command, or lines for policy.yaml, those very words are run or written. \`-- --json\` ends with the counts, \`-- --only ID,ID\` runs some.
The matrix needs a lab on the machine itself (root, Debian); elsewhere it says so and is left out.
`

const SCRIPTED = `## By a script

Samba's KDC does not say these; Windows' does. The real KDC stands behind a wire on which the refusal is written instead, or the flag left out.
`

function mendOf(mend: Mending): string {
  if ('printed' in mend) return 'the command that doctor prints'
  if ('row' in mend) return 'the lines for policy.yaml that doctor prints'
  if ('setting' in mend) return 'the setting that doctor names'
  return 'by hand, as doctor advises'
}

function row({ id, name, code, doctor, mend }: MatrixCase): string {
  const found = doctor.map((each) => `\`${each}\``).join(', ')
  const request = code === WORKS ? 'works; the connector’s log warns' : `\`${code}\``
  return `| ${name} (${id}) | ${request} | ${found === '' ? '–' : found} | ${mendOf(mend)} |`
}

function table(cases: readonly MatrixCase[]): string {
  const head = ['| what is broken | request | doctor | mend |', '| --- | --- | --- | --- |']
  return [...head, ...cases.map(row)].join('\n')
}

/** The whole page, before it is laid out by prettier. */
export function matrixPage(cases: readonly MatrixCase[]): string {
  const real = cases.filter(({ scripted }) => scripted !== true)
  const scripted = cases.filter((one) => one.scripted === true)
  return `${HEAD}\n${table(real)}\n\n${SCRIPTED}\n${table(scripted)}\n`
}
