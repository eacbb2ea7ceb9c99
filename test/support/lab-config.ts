/** What connector.yaml of a lab's connector says. */

import type { LabConnectorName, LabEnvironment } from '../../docker/lab/environment.ts'
import { connectorConfigSchema, type ConnectorConfig } from '../../src/connector/index.ts'

/** What differs from the usual. */
export interface LabConfigOptions {
  /** Default the account's own. */
  readonly keytab?: string
  /** Directories instead of the lab's own alone, and the name server that knows them. */
  readonly directories?: readonly object[]
  readonly dnsServer?: string
}

/**
 * The configuration.
 *
 * @param lab - Which lab.
 * @param connector - As whom.
 * @param options - What differs.
 * @returns For what needs no state directory and no policy.
 */
export function labConfig(
  lab: LabEnvironment,
  connector: LabConnectorName,
  options: LabConfigOptions = {},
): ConnectorConfig {
  const controllers = lab.domainControllers.map(({ name }) => name)
  const { keytab = lab.connectors[connector].keytab, dnsServer = lab.dnsServer } = options
  return connectorConfigSchema.parse({
    stateDirectory: 'unused',
    policy: 'unused',
    kerberos: { realm: lab.realm, principal: `${connector}$`, keytab, kdcs: controllers },
    directories: options.directories ?? [{ servers: controllers, ca: lab.caFile }],
    dns: { servers: [dnsServer] },
  })
}
