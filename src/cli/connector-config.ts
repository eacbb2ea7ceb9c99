/**
 * Loads connector.yaml and the policy it names, with paths made absolute.
 *
 * @module
 */

import { dirname, resolve } from 'node:path'
import { connectorConfigSchema, type ConnectorConfig } from '../connector/index.ts'
import { compilePolicy, policySchema, type Policy } from '../sso/index.ts'
import { readConfigFile, readFileOctets } from './config-file.ts'

/**
 * Reads connector.yaml. Paths in it are relative to the file itself.
 *
 * @param path - The file.
 * @returns The configuration, every path absolute.
 * @throws SallyportError ERR_CLI_FILE or ERR_CLI_CONFIG.
 */
export function loadConnectorConfig(path: string): ConnectorConfig {
  const config = readConfigFile(path, connectorConfigSchema)
  const absolute = (relative: string) => resolve(dirname(path), relative)
  const { kerberos, directory } = config
  return {
    ...config,
    stateDirectory: absolute(config.stateDirectory),
    policy: absolute(config.policy),
    ...(kerberos && { kerberos: { ...kerberos, keytab: absolute(kerberos.keytab) } }),
    ...(directory && {
      directory: {
        ...directory,
        ...(directory.ca !== undefined && { ca: absolute(directory.ca) }),
      },
    }),
  }
}

/**
 * Reads policy.yaml and the keys and authorities it names.
 *
 * @param path - The file.
 * @returns The policy, ready to judge.
 * @throws SallyportError ERR_CLI_FILE or ERR_CLI_CONFIG, or what the policy itself refuses.
 */
export function loadPolicy(path: string): Policy {
  const readText = (relative: string) =>
    readFileOctets(resolve(dirname(path), relative), 'file named in the policy').toString('utf8')
  return compilePolicy(readConfigFile(path, policySchema), readText)
}
