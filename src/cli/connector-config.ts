/**
 * Loads connector.yaml and the policy it names, with paths made absolute.
 *
 * @module
 */

import { dirname, resolve } from 'node:path'
import {
  connectorConfigSchema,
  type AnyDirectoryConfig,
  type ConnectorConfig,
  type KdcProxyConfig,
  type KerberosConfig,
} from '../connector/index.ts'
import { compilePolicy, policySchema, type Policy } from '../sso/index.ts'
import { readConfigFile, readFileOctets, requireAuthority } from './config-file.ts'

/**
 * Reads connector.yaml. Paths in it are relative to the file itself.
 *
 * @param path - The file.
 * @returns The configuration, every path absolute.
 * @throws SallyportError ERR_CLI_FILE or ERR_CLI_CONFIG.
 */
export function loadConnectorConfig(path: string): ConnectorConfig {
  const config = readConfigFile(path, { kind: 'connector', schema: connectorConfigSchema })
  const absolute = (relative: string) => resolve(dirname(path), relative)
  const { kerberos, directory, directories, issuerKeys } = config
  return {
    ...config,
    stateDirectory: absolute(config.stateDirectory),
    policy: absolute(config.policy),
    issuerKeys: withAbsoluteProxy(issuerKeys, absolute),
    ...(kerberos && { kerberos: absoluteKerberos(kerberos, absolute) }),
    ...(directory && { directory: absoluteDirectory(directory, absolute) }),
    directories: directories.map((each) => absoluteDirectory(each, absolute)),
  }
}

type Absolute = (path: string) => string

/** Every path of a domain or a forest. */
function absoluteDirectory<Config extends AnyDirectoryConfig>(
  config: Config,
  absolute: Absolute,
): Config {
  const { ca, passwordFile } = config
  return {
    ...config,
    ...(ca !== undefined && { ca: absolute(ca) }),
    ...(passwordFile !== undefined && { passwordFile: absolute(passwordFile) }),
    ...('domains' in config && {
      domains: config.domains.map((each) => absoluteDirectory(each, absolute)),
    }),
  }
}

/** Every path of the kerberos section. */
function absoluteKerberos(config: KerberosConfig, absolute: Absolute): KerberosConfig {
  const { keytab, passwordFile, krb5Conf, managedBy, kdcProxy } = config
  return {
    ...config,
    ...(keytab !== undefined && { keytab: absolute(keytab) }),
    ...(passwordFile !== undefined && { passwordFile: absolute(passwordFile) }),
    ...(krb5Conf !== undefined && { krb5Conf: absolute(krb5Conf) }),
    ...(managedBy && { managedBy: { ...managedBy, keytab: absolute(managedBy.keytab) } }),
    ...(kdcProxy && { kdcProxy: absoluteKdcProxy(kdcProxy, absolute) }),
  }
}

function absoluteKdcProxy(config: KdcProxyConfig, absolute: Absolute): KdcProxyConfig {
  const { ca, clientCertificate: shown } = config
  return {
    ...withAbsoluteProxy(config, absolute),
    ...(ca !== undefined && { ca: absolute(ca) }),
    ...(shown && {
      clientCertificate: { certificate: absolute(shown.certificate), key: absolute(shown.key) },
    }),
  }
}

/** A section with a forward proxy. */
function withAbsoluteProxy<Section extends { readonly forwardProxy?: { passwordFile?: string } }>(
  section: Section,
  absolute: Absolute,
): Section {
  const { forwardProxy } = section
  if (forwardProxy?.passwordFile === undefined) return section
  const passwordFile = absolute(forwardProxy.passwordFile)
  return { ...section, forwardProxy: { ...forwardProxy, passwordFile } }
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
  const file = readConfigFile(path, { kind: 'policy', schema: policySchema })
  const policy = compilePolicy(file, readText)
  for (const { origin, tls } of policy.backends) {
    if (tls.verify === 'ca') requireAuthority(tls.ca, `tls.ca of the backend ${origin}`)
  }
  for (const { issuer, keys } of policy.issuers.values()) {
    if (keys.from === 'url') requireAuthority(keys.ca, `ca of the issuer ${issuer}`)
  }
  return policy
}
