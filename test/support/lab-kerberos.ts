/** Kerberos clients against the lab's real domain controller. */

import type { LabEnvironment } from '../../docker/lab.ts'
import {
  KerberosClient,
  parsePrincipal,
  type KdcTransport,
  type KerberosClientOptions,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'

/** A transport to the lab's KDC, with others asked first. */
export function labTransport(lab: LabEnvironment, before: readonly string[] = []): KdcTransport {
  return new NetworkKdcTransport({ kdcs: { [lab.realm]: [...before, lab.kdc] } })
}

/** A client of one of the lab's connector accounts, by its keytab. */
export async function connectorClient(
  lab: LabEnvironment,
  name: string,
  options: Partial<KerberosClientOptions> = {},
): Promise<KerberosClient> {
  const connector = lab.connectors[name]
  if (connector === undefined) throw new Error(`the lab has no connector ${name}`)
  const { principal, realm = lab.realm } = parsePrincipal(connector.principal)
  return new KerberosClient({
    identity: { principal, realm, keys: await readKeytabFile(connector.keytab) },
    transport: labTransport(lab),
    clock: systemClock,
    random: systemRandom,
    ...options,
  })
}

/** A client of a user, by password. */
export function userClient(lab: LabEnvironment, name: string, password: string): KerberosClient {
  const { principal } = parsePrincipal(name)
  return new KerberosClient({
    identity: { principal, realm: lab.realm, keys: { password } },
    transport: labTransport(lab),
    clock: systemClock,
    random: systemRandom,
  })
}
