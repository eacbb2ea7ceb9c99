/** Every decoder that is fuzzed. */

import type { Target } from '../target.ts'
import { ACCEPT_TARGETS } from './accept.ts'
import { ASN1_TARGETS } from './asn1.ts'
import { CONFIG_TARGETS } from './config.ts'
import { DIRECTORY_TARGETS } from './directory.ts'
import { DOCTOR_TARGETS } from './doctor.ts'
import { EXCHANGE_TARGETS } from './exchanges.ts'
import { FAR_KDC_TARGETS } from './far-kdcs.ts'
import { FILE_TARGETS } from './files.ts'
import { GATEWAY_TARGETS } from './gateway.ts'
import { GSS_TARGETS } from './gss.ts'
import { KDC_TARGETS } from './kdcs.ts'
import { KERBEROS_TARGETS } from './kerberos.ts'
import { OWN_ACCOUNT_TARGETS } from './own-account.ts'
import { PAC_TARGETS } from './pac.ts'
import { PKI_TARGETS } from './pki.ts'
import { SSO_TARGETS } from './sso.ts'
import { TUNNEL_TARGETS } from './tunnel.ts'

export const TARGETS: readonly Target[] = [
  ...[
    ...ASN1_TARGETS,
    ...KERBEROS_TARGETS,
    ...PAC_TARGETS,
    ...FILE_TARGETS,
    ...KDC_TARGETS,
    ...FAR_KDC_TARGETS,
    ...EXCHANGE_TARGETS,
    ...GSS_TARGETS,
    ...ACCEPT_TARGETS,
    ...DIRECTORY_TARGETS,
    ...OWN_ACCOUNT_TARGETS,
  ],
  ...[...TUNNEL_TARGETS, ...PKI_TARGETS, ...GATEWAY_TARGETS, ...SSO_TARGETS, ...DOCTOR_TARGETS],
  ...CONFIG_TARGETS,
]

/** The target of that name. */
export function targetOf(name: string): Target {
  const target = TARGETS.find((each) => each.name === name)
  if (target === undefined) throw new RangeError(`no target is called ${name}`)
  return target
}
