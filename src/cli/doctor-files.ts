/**
 * Which files doctor looks at: all that connector.yaml names, and what registration wrote.
 *
 * @module
 */

import type { AnyDirectoryConfig, ConnectorConfig, KerberosConfig } from '../connector/index.ts'
import type { NamedFile } from '../doctor/index.ts'

type Files = readonly NamedFile[]

function open(what: string, path: string | undefined): Files {
  return path === undefined ? [] : [{ what, path, kind: 'file', secret: false }]
}

function secret(what: string, path: string | undefined): Files {
  return path === undefined ? [] : [{ what, path, kind: 'file', secret: true }]
}

function kerberosFiles({ kerberos }: ConnectorConfig): Files {
  const section: Partial<KerberosConfig> = kerberos ?? {}
  const { keytab, passwordFile, krb5Conf, managedBy, kdcProxy } = section
  const proxy = 'kerberos.kdcProxy'
  const shown = kdcProxy?.clientCertificate
  return [
    ...secret('keytab (kerberos.keytab)', keytab),
    ...secret('password file (kerberos.passwordFile)', passwordFile),
    ...secret('keytab (kerberos.managedBy.keytab)', managedBy?.keytab),
    ...open('krb5.conf (kerberos.krb5Conf)', krb5Conf),
    ...open(`CA of KDC proxies (${proxy}.ca)`, kdcProxy?.ca),
    ...open(`certificate (${proxy}.clientCertificate.certificate)`, shown?.certificate),
    ...secret(`key (${proxy}.clientCertificate.key)`, shown?.key),
    ...secret(
      `password file (${proxy}.forwardProxy.passwordFile)`,
      kdcProxy?.forwardProxy?.passwordFile,
    ),
  ]
}

/** A forest's own files, then those of its domains. */
function directoryFiles(config: AnyDirectoryConfig, where: string): Files {
  const inner = 'domains' in config ? config.domains : []
  return [
    ...open(`CA of the directory (${where}.ca)`, config.ca),
    ...secret(`password file (${where}.passwordFile)`, config.passwordFile),
    ...inner.flatMap((each, at) => directoryFiles(each, `${where}.domains[${at}]`)),
  ]
}

/**
 * Lists the files.
 *
 * @param configPath - Path of connector.yaml.
 * @param config - What it says, every path absolute.
 * @returns Each path once, by the setting that names it first.
 */
export function namedFiles(configPath: string, config: ConnectorConfig): Files {
  const { stateDirectory, policy, directory, directories, issuerKeys } = config
  const several = directories.length > 1
  const all: Files = [
    ...open('configuration', configPath),
    ...open('policy', policy),
    { what: 'state directory', path: stateDirectory, kind: 'directory', secret: true },
    ...secret('key of the connector', `${stateDirectory}/connector.key`),
    ...kerberosFiles(config),
    ...directories.flatMap((each, at) =>
      directoryFiles(each, several || directory === undefined ? `directories[${at}]` : 'directory'),
    ),
    ...secret(
      'password file (issuerKeys.forwardProxy.passwordFile)',
      issuerKeys.forwardProxy?.passwordFile,
    ),
  ]
  return all.filter((file, at) => all.findIndex(({ path }) => path === file.path) === at)
}
