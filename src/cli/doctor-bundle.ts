/**
 * Writes the bundle for support.
 *
 * @module
 */

import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir, hostname, release, type } from 'node:os'
import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'yaml'
import type { KdcProxyConfig } from '../connector/index.ts'
import { bundleOf, type DoctorReport, type Sensitive } from '../doctor/index.ts'
import { errorText, SallyportError } from '../platform/index.ts'
import { readFileOctets } from './config-file.ts'
import type { DoctorSources } from './doctor-world.ts'
import { ownVersion } from './version.ts'

/** What is written, and where to. */
export interface BundleOrder {
  /** Path of the archive. */
  readonly file: string
  /** Path of a log of the connector, if the administrator named one. */
  readonly log: string | undefined
  readonly report: DoctorReport
}

/** Of a log the newest part goes in, octets. */
const LOG_OCTETS = 1_048_576

/**
 * Writes the archive, mode 0600.
 *
 * @param order - What, and where to.
 * @param sources - The configuration.
 * @throws SallyportError ERR_CLI_FILE for a log that cannot be read, or an archive that cannot be written.
 */
export function writeBundle(order: BundleOrder, sources: DoctorSources): void {
  const { configPath, config } = sources
  const { node, openssl } = process.versions
  const contents = {
    report: order.report,
    versions: { sallyport: ownVersion(), node, openssl, system: `${type()} ${release()}` },
    configuration: parse(readFileSync(configPath, 'utf8')) as unknown,
    policy: parse(readFileSync(config.policy, 'utf8')) as unknown,
    log: order.log === undefined ? undefined : newestPart(order.log),
  }
  const archive = gzipSync(bundleOf(contents, sensitiveOf(sources), Date.now()))
  try {
    writeFileSync(order.file, archive, { mode: 0o600 })
  } catch (error) {
    const message = `cannot write the bundle ${order.file}: ${errorText(error)}`
    const mend = 'Name a file in a folder that you may write to.'
    throw new SallyportError('ERR_CLI_FILE', message, { mend, cause: error })
  }
}

/** From the first whole line. */
function newestPart(path: string): string {
  const { size } = statSync(path)
  const text = readFileOctets(path, 'log').subarray(-LOG_OCTETS).toString('utf8')
  return size > LOG_OCTETS ? text.slice(text.indexOf('\n') + 1) : text
}

function sensitiveOf({ configPath, config }: DoctorSources): Sensitive {
  const { stateDirectory, policy, kerberos, directory } = config
  const { keytab, passwordFile, passwordVariable, krb5Conf, managedBy, kdcProxy } = kerberos ?? {}
  const kdcProxies = kdcProxyFiles(kdcProxy)
  const files = [configPath, policy, keytab, passwordFile, krb5Conf, managedBy?.keytab]
  const others = [directory?.ca, ...kdcProxies.open, ...kdcProxies.secret]
  const named = [...files, ...others].filter((path) => path !== undefined)
  const secretFiles = [passwordFile, ...kdcProxies.secret, `${stateDirectory}/connector.key`]
  return {
    secrets: [
      ...secretFiles.flatMap(textOf),
      ...(passwordVariable === undefined ? [] : [process.env[passwordVariable] ?? '']),
      hostname(),
    ],
    paths: [...named, ...named.map((path) => dirname(path)), stateDirectory, homedir()].filter(
      (path) => path.length > 1,
    ),
  }
}

function kdcProxyFiles(config: KdcProxyConfig | undefined) {
  const { ca, clientCertificate, forwardProxy } = config ?? {}
  return {
    open: [ca, clientCertificate?.certificate],
    secret: [clientCertificate?.key, forwardProxy?.passwordFile],
  }
}

/** A file that cannot be read holds nothing that could get out. */
function textOf(path: string | undefined): readonly string[] {
  if (path === undefined) return []
  try {
    return [readFileSync(path, 'utf8').trim()]
  } catch {
    return []
  }
}
