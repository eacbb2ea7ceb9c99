/**
 * Writes the bundle for support.
 *
 * @module
 */

import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs'
import { homedir, hostname, release, type } from 'node:os'
import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { bundleOf, type DoctorReport, type Sensitive } from '../doctor/index.ts'
import { errorText, SallyportError } from '../platform/index.ts'
import { unreadable } from './config-file.ts'
import { namedFiles } from './doctor-files.ts'
import type { DoctorSources } from './doctor-world.ts'
import { ownVersion } from './version.ts'

/** What is written, and where to. */
export interface BundleOrder {
  /** Path of the archive. */
  readonly file: string
  /** The newest part of a log of the connector, if the administrator named one. */
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
 * @throws SallyportError ERR_CLI_FILE for an archive that cannot be written.
 */
export function writeBundle(order: BundleOrder, sources: DoctorSources): void {
  const { configPath, config } = sources
  const { node, openssl } = process.versions
  const contents = {
    report: order.report,
    versions: { sallyport: ownVersion(), node, openssl, system: `${type()} ${release()}` },
    configuration: parse(readFileSync(configPath, 'utf8')) as unknown,
    policy: parse(readFileSync(config.policy, 'utf8')) as unknown,
    log: order.log,
  }
  const archive = gzipSync(bundleOf(contents, sensitiveOf(sources), Date.now()))
  try {
    writePrivate(order.file, archive)
  } catch (error) {
    throw unwritable(order.file, error)
  }
}

/** Also where the file is there already, and others may read it. */
function writePrivate(path: string, octets: Uint8Array): void {
  const file = openSync(path, 'w', 0o600)
  try {
    if (fstatSync(file).isFile()) fchmodSync(file, 0o600)
    writeFileSync(file, octets)
  } finally {
    closeSync(file)
  }
}

function unwritable(file: string, cause: unknown): SallyportError {
  const message = `cannot write the bundle ${file}: ${errorText(cause)}`
  const mend = 'Name a file in a folder that you may write to.'
  return new SallyportError('ERR_CLI_FILE', message, { mend, cause })
}

/**
 * Finds out beforehand whether the archive could be written: nobody waits for a run in vain.
 *
 * @param file - Path of the archive.
 * @throws SallyportError ERR_CLI_FILE where its folder is not there or may not be written to.
 */
export function checkBundlePlace(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw unwritable(file, error)
  }
}

/**
 * Reads the newest part of a log, however long it is.
 *
 * @param path - The log.
 * @returns At most LOG_OCTETS, from the first whole line.
 * @throws SallyportError ERR_CLI_FILE for a log that cannot be read.
 */
export function newestPart(path: string): string {
  try {
    const log = openSync(path, 'r')
    try {
      const from = Math.max(0, fstatSync(log).size - LOG_OCTETS)
      const octets = Buffer.alloc(LOG_OCTETS)
      const text = octets.toString('utf8', 0, readSync(log, octets, 0, LOG_OCTETS, from))
      return from > 0 ? text.slice(text.indexOf('\n') + 1) : text
    } finally {
      closeSync(log)
    }
  } catch (error) {
    throw unreadable(path, 'log', error)
  }
}

/** What every file that the configuration names holds, and where it is. */
function sensitiveOf(sources: DoctorSources): Sensitive {
  const { passwordVariable } = sources.config.kerberos ?? {}
  const files = namedFiles(sources)
  const secretFiles = files.filter(({ secret, kind }) => secret && kind === 'file')
  const named = files.map(({ path }) => path)
  return {
    secrets: [
      ...secretFiles.flatMap(({ path }) => textOf(path)),
      ...(passwordVariable === undefined ? [] : [process.env[passwordVariable] ?? '']),
      hostname(),
    ],
    paths: [...named, ...named.map((path) => dirname(path)), homedir()].filter(
      (path) => path.length > 1,
    ),
  }
}

/** A file that cannot be read holds nothing that could get out. */
function textOf(path: string): readonly string[] {
  try {
    return [readFileSync(path, 'utf8').trim()]
  } catch {
    return []
  }
}
