/**
 * Files of secrets that are read anew when they have changed.
 *
 * @module
 */

import { stat } from 'node:fs/promises'
import type { Clock, Logger } from '../../platform/index.ts'
import { systemClock } from '../../platform/io/index.ts'
import type { OwnSecrets } from '../exchange/index.ts'
import { RefreshedSecrets, type SecretsLook } from '../refreshed-secrets.ts'

/** How files are watched. */
export interface WatchedFileOptions {
  /** Time. Default the machine's. */
  readonly clock?: Clock | undefined
  /** Told of changes and of files that cannot be read. */
  readonly logger?: Logger | undefined
  /** How often is looked whether a file has changed, at most, milliseconds. Default 5000. */
  readonly checkIntervalMs?: number | undefined
}

/** What is watched and how it is read. */
export interface WatchedFiles {
  /** The files, the one to name in messages first. */
  readonly paths: readonly [string, ...(readonly string[])]
  /**
   * Reads them all.
   *
   * @param held - What they held before; undefined the first time.
   * @throws KerberosError when they cannot be used.
   */
  read(held: OwnSecrets | undefined): Promise<OwnSecrets>
}

const DEFAULT_CHECK_INTERVAL_MS = 5000
/**
 * A refused key is worth a look at the file, but not thousands a second. A rotation takes longer: else a request right behind one
 * would fail for a look that was just before it.
 */
const REFUSED_AFTER_MS = 20

/**
 * Reads files of secrets and watches them from then on.
 *
 * @param files - Which, and how they are read.
 * @param options - Time, who is told, how often.
 * @returns Their secrets.
 * @throws KerberosError when they cannot be used now; RangeError for an interval that is not positive.
 */
export async function watchFiles(
  files: WatchedFiles,
  options: WatchedFileOptions,
): Promise<RefreshedSecrets> {
  const { clock = systemClock, logger, checkIntervalMs = DEFAULT_CHECK_INTERVAL_MS } = options
  if (!(checkIntervalMs > 0)) throw new RangeError('checkIntervalMs must be above 0')
  let stamp: string | undefined
  let held: OwnSecrets | undefined
  const look = async (): Promise<SecretsLook> => {
    const before = await stampOf(files.paths)
    if (before === stamp) return { againAfterMs: checkIntervalMs }
    const secrets = await files.read(held)
    // What was written while it was read is read again next time.
    stamp = (await stampOf(files.paths)) === before ? before : undefined
    held = secrets
    return { secrets, againAfterMs: checkIntervalMs }
  }
  return RefreshedSecrets.open(
    { clock, logger, what: files.paths[0], look },
    { retryAfterMs: checkIntervalMs, refusedAfterMs: Math.min(REFUSED_AFTER_MS, checkIntervalMs) },
  )
}

/** Whatever differs when a file is replaced, written or given other rights. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map(async (path) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
        return [dev, ino, size, mtimeNs, ctimeNs].join(':')
      } catch {
        return 'none'
      }
    }),
  )
  return stamps.join(' ')
}
