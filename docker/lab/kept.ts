/**
 * Snapshots of several controllers that belong together, in one folder of `.lab/cache`: made by one process, while others wait for it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SCRIPTS } from './further.ts'
import { labRoot } from './instance.ts'
import { processStart } from './processes.ts'
import { sambaVersion } from './snapshot.ts'

const WAIT_MS = 500
const NAMELESS_MS = 10_000

/**
 * Runs something with snapshots that are there, or makes them.
 *
 * @param kind - What they are called: `joined`.
 * @param maker - The module that makes them; they are made anew when it, a script or Samba changes.
 * @param use - Gets the folder, and whether it holds them already; where not, it fills it by `keepSnapshots`.
 * @returns What `use` returns.
 */
export async function withSnapshots<T>(
  kind: string,
  maker: string,
  use: (folder: string, known: boolean) => Promise<T>,
): Promise<T> {
  const folder = join(labRoot(), 'cache', `${kind}-${fingerprint(maker)}`)
  const known = await madeAlready(folder)
  try {
    return await use(folder, known)
  } finally {
    if (!known) rmSync(makingOf(folder), { recursive: true, force: true })
  }
}

function fingerprint(maker: string): string {
  const hash = createHash('sha256').update(sambaVersion())
  for (const name of readdirSync(SCRIPTS).sort()) {
    hash.update(name).update(readFileSync(join(SCRIPTS, name)))
  }
  hash.update(readFileSync(maker))
  return hash.digest('hex').slice(0, 16)
}

/** Where the snapshots are made, by the process whose id is in there. */
function makingOf(folder: string): string {
  return `${folder}.making`
}

/** True when the snapshots are there; false when they are ours to make now. Waits for a process that makes them. */
async function madeAlready(folder: string): Promise<boolean> {
  mkdirSync(dirname(folder), { recursive: true })
  const making = makingOf(folder)
  const pidFile = join(making, 'pid')
  for (;;) {
    if (existsSync(folder)) return true
    try {
      mkdirSync(making)
      writeFileSync(pidFile, String(process.pid))
      return false
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    await sleep(WAIT_MS)
    if (isAbandoned(making, pidFile)) rmSync(making, { recursive: true, force: true })
  }
}

function isAbandoned(making: string, pidFile: string): boolean {
  try {
    return processStart(Number(readFileSync(pidFile, 'utf8'))) === undefined
  } catch {
    // Its maker ended before it could say who it is, or has made it.
    const since = statSync(making, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    return Date.now() - since > NAMELESS_MS
  }
}

/**
 * Fills a folder that appears under its name as a whole; those of other scripts go.
 *
 * @param folder - From `withSnapshots`.
 * @param fill - Gets the folder to write to.
 */
export async function keepSnapshots(
  folder: string,
  fill: (into: string) => Promise<void>,
): Promise<void> {
  const making = makingOf(folder)
  await fill(making)
  renameSync(making, folder)
  const cache = dirname(folder)
  const [kind = ''] = basename(folder).split('-')
  const same = readdirSync(cache).filter((name) => /^[a-z]+-[0-9a-f]+$/.test(name))
  for (const name of same.filter((one) => one.startsWith(`${kind}-`) && one !== basename(folder))) {
    rmSync(join(cache, name), { recursive: true, force: true })
  }
}
