/**
 * The domain, provisioned once and kept as a snapshot: some seconds the first time, a fraction of one from then on.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { disown, own } from './lifetime.ts'
import { processStart, runScript } from './processes.ts'

const SCRIPTS = join(import.meta.dirname, '..', 'samba-ad')
/** What the snapshot is made of: a change here makes a new one. */
const INGREDIENTS = [
  'settings.sh',
  'provision.sh',
  'accounts.sh',
  'populate.sh',
  'dns-records.sh',
  'export-keytabs.py',
]

/**
 * Which Samba is installed.
 *
 * @returns `4.22.6-Debian-…`.
 * @throws Error when there is none.
 */
export function sambaVersion(): string {
  const asked = spawnSync('samba', ['--version'], { encoding: 'utf8' })
  const version = /^Version (\S+)/.exec(asked.stdout)?.[1]
  if (asked.status !== 0 || version === undefined) throw new Error('samba is not installed')
  return version
}

function fingerprint(version: string): string {
  const hash = createHash('sha256').update(version)
  for (const name of INGREDIENTS) hash.update(readFileSync(join(SCRIPTS, name)))
  return hash.digest('hex').slice(0, 16)
}

/** Where to keep snapshots, and whom to tell. */
export interface SnapshotOptions {
  /** Folder of snapshots, `.lab/cache`. */
  readonly cacheDirectory: string
  readonly version: string
  readonly log: (line: string) => void
}

/**
 * Finds the snapshot of this Samba and these scripts, or makes it.
 *
 * @param options - Where, for which Samba.
 * @returns Path of the file.
 */
export async function ensureSnapshot(options: SnapshotOptions): Promise<string> {
  const { cacheDirectory, version, log } = options
  const name = `${fingerprint(version)}.tar.gz`
  const file = join(cacheDirectory, name)
  if (existsSync(file)) return file
  log(`provisioning a domain with Samba ${version}, once for this version and these scripts`)
  mkdirSync(cacheDirectory, { recursive: true })
  const state = join(cacheDirectory, `making-${process.pid}`)
  const env = { LAB_STATE: state }
  const remove = (): void => {
    rmSync(state, { recursive: true, force: true })
  }
  const stop = (): Promise<void> => {
    remove()
    return Promise.resolve()
  }
  const making = { stop, stopAtExit: remove }
  own(making)
  try {
    await runScript({ command: join(SCRIPTS, 'provision.sh'), args: [], env, onLine: log })
    await runScript({ command: join(SCRIPTS, 'snapshot.sh'), args: [file], env })
  } finally {
    disown(making)
    remove()
  }
  sweep(cacheDirectory, name)
  return file
}

/** Removes snapshots of other scripts, and what a killed process left half made. */
function sweep(cacheDirectory: string, keep: string): void {
  for (const name of readdirSync(cacheDirectory)) {
    const maker = /^making-(\d+)$/.exec(name)?.[1]
    const abandoned = maker !== undefined && processStart(Number(maker)) === undefined
    if (abandoned || (name.endsWith('.tar.gz') && name !== keep)) {
      rmSync(join(cacheDirectory, name), { recursive: true, force: true })
    }
  }
}
