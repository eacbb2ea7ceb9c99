/**
 * Which files doctor looks at: all that connector.yaml and policy.yaml name, and what registration wrote.
 *
 * @module
 */

import { dirname, resolve } from 'node:path'
import type { AnyDirectoryConfig, ConnectorConfig, KerberosConfig } from '../connector/index.ts'
import type { NamedFile } from '../doctor/index.ts'
import type { Policy } from '../sso/index.ts'

/** What names files. */
export interface FileSources {
  /** Path of connector.yaml. */
  readonly configPath: string
  /** What it says, every path absolute. */
  readonly config: ConnectorConfig
  /** What policy.yaml says; its paths are relative to the file. */
  readonly policy: Policy
}

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

/** Who writes to these says who signs in, or who the backends are. */
function policyFiles({ config, policy }: FileSources): Files {
  const path = (written: string | undefined): string | undefined =>
    written === undefined ? undefined : resolve(dirname(config.policy), written)
  return [
    ...[...policy.issuers.values()].flatMap(({ issuer, keysFile, ca }) => [
      ...open(`keys of ${issuer} (keysFile in the policy)`, path(keysFile)),
      ...open(`CA of the keys of ${issuer} (ca in the policy)`, path(ca)),
    ]),
    ...policy.backends.flatMap(({ origin, row: { tls, headerSignOn } }) => [
      ...open(`CA of ${origin} (tls.ca in the policy)`, path(tls?.ca)),
      ...secret(
        `key of assertions to ${origin} (headerSignOn.assertion.keyFile in the policy)`,
        path(headerSignOn?.assertion?.keyFile),
      ),
    ]),
  ]
}

/**
 * Lists the files.
 *
 * @param sources - What names them.
 * @returns Each path once, by the setting that names it first.
 */
export function namedFiles(sources: FileSources): Files {
  const { configPath, config } = sources
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
    ...policyFiles(sources),
  ]
  return all.filter((file, at) => all.findIndex(({ path }) => path === file.path) === at)
}
