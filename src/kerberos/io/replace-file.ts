/**
 * Writes files of secrets so that a reader, or a machine that stops, finds the old one or the new one whole.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600
const GROUP_READS = 0o040

/**
 * Replaces a file, or makes it, in one step.
 *
 * Mode 0600. A file that is replaced keeps its owner, where we may give files away: a root that renews a service's keytab must
 * not lock the service out.
 *
 * @param path - The file itself, no symbolic link: that would be replaced.
 * @param octets - What it shall hold.
 * @param groupMayRead - Whether its group keeps its right to read. Default false.
 * @throws Error of the file system; then the old file stands, and nothing is left beside it.
 */
export async function replaceFile(
  path: string,
  octets: Uint8Array,
  groupMayRead: boolean = false,
): Promise<void> {
  const fresh = `${path}.${randomUUID()}`
  try {
    await writeNewFile(fresh, octets, async (file) => {
      const before = await giveTo(file, path)
      if (groupMayRead) await file.chmod(OWNER_ONLY | (before & GROUP_READS))
    })
    await rename(fresh, path)
    await syncDirectory(path)
  } catch (cause) {
    await rm(fresh, { force: true })
    throw cause
  }
}

/**
 * Gives a file to the owner and group of another, where we may.
 *
 * @param file - The file.
 * @param model - Path of the other.
 * @returns The other's mode; 0 where there is none or its group is not ours to give to.
 */
export async function giveTo(file: FileHandle, model: string): Promise<number> {
  const wanted = await stat(model).catch(() => undefined)
  if (wanted === undefined) return 0
  await file.chown(wanted.uid, wanted.gid).catch(() => undefined)
  const { gid } = await file.stat()
  return gid === wanted.gid ? wanted.mode : 0
}

/**
 * Makes a file that is not there yet, mode 0600; on the disk when the promise resolves.
 *
 * @param path - The file.
 * @param octets - What it shall hold.
 * @param prepare - Sets rights and owner, before it is written to.
 * @throws Error of the file system, EEXIST where there is one.
 */
export async function writeNewFile(
  path: string,
  octets: Uint8Array,
  prepare: (file: FileHandle) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await using file = await open(path, 'wx', OWNER_ONLY)
  await prepare(file)
  await file.writeFile(octets)
  await file.sync()
}

/**
 * Has the directory of a file remember what was made, replaced or removed there.
 *
 * @param path - The file.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using directory = await open(dirname(path), 'r')
  await directory.sync()
}
