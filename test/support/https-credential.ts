/** A certificate for an HTTPS server on 127.0.0.1 or other names, by an authority of its own. */

import { createAuthority, issueServerCertificate } from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'

/** PEM of all that server and client need. */
export interface HttpsCredential {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Makes one. */
export function httpsCredential(names: readonly string[] = ['127.0.0.1']): HttpsCredential {
  const ports = { clock: systemClock, random: systemRandom }
  const authority = createAuthority(ports)
  const issued = issueServerCertificate(authority, { names, lifetimeDays: 1 }, ports)
  return { ca: authority.certificatePem, cert: issued.certificatePem, key: issued.privateKeyPem }
}
