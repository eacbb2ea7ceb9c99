/**
 * Whether the policy says for each issuer whose accounts it may assert, where connector.yaml has several domains.
 *
 * @module
 */

import { found, type Check, type Finding } from '../check.ts'
import type { IssuerWorld } from './world.ts'

/** Without realms, UPN suffixes alone limit an issuer, and every domain gives its accounts what suffixes it likes. */
export const realmsCheck: Check<IssuerWorld> = {
  id: 'issuer.realms',
  title: 'realms that the issuers may assert',
  needs: [],
  run({ issuers, domains }) {
    const realms = domains.map((domain) => domain.toUpperCase()).join(', ')
    const findings = issuers.map((row): Finding => {
      const { issuer: subject } = row
      if (row.realms.length > 0) {
        return found('DOCTOR_ISSUER_REALMS', `may assert ${row.realms.join(', ')}`, { subject })
      }
      const message = `connector.yaml looks users up in ${domains.join(', ')}, and the policy does not say in which of them the accounts of ${subject} are`
      const setting = `realms: [${realms}]   # policy.yaml, the issuer ${subject}: those whose people it knows`
      const mends = [{ text: 'List the realms.', setting }]
      return found('DOCTOR_ISSUER_WITHOUT_REALMS', message, { subject, mends })
    })
    const none = found('DOCTOR_NOT_APPLICABLE', 'there is one domain, or no issuer')
    return Promise.resolve(domains.length > 1 && findings.length > 0 ? findings : [none])
  },
}
