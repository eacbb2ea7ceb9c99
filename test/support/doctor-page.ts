/** native-notes/doctor.md, made from the catalogue of codes. */

import { CODE_AREAS } from '../../src/doctor/index.ts'
import type { CodeMeaning } from '../../src/doctor/codes/meaning.ts'

const HEAD = `# What doctor finds

Made from \`src/doctor/codes/\` by \`UPDATE_PAGES=1 node --test test/unit/doctor/codes.test.ts\`; the same test fails when page and tables differ.
\`sallyport doctor\` prints the values it saw and, with each fault, commands with the real names filled in. A code always has the same outcome.

Doctor is run by the administrator who owns the connector's keytab, as the user that the connector runs as: it uses the connector's own account, key and
certificate. It honours the policy as the connector does, accounts that are never impersonated included, and prints neither keys nor tickets nor tokens.
`

const WORDS = { pass: 'passes', warn: 'warns', fail: 'fails', skip: 'is not made' } as const

function entry([code, { outcome, means, mend }]: [string, CodeMeaning]): string {
  const text = `- \`${code}\` — the check ${WORDS[outcome]}. ${means}`
  return mend === undefined ? text : `${text} _Mend:_ ${mend}`
}

/** The whole page. */
export function doctorPage(): string {
  const areas = CODE_AREAS.map(({ title, codes }) => {
    const entries = Object.entries(codes).map(entry)
    return `## ${title}\n\n${entries.join('\n')}`
  })
  return `${[HEAD.trimEnd(), ...areas].join('\n\n')}\n`
}
