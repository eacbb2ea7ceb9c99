/**
 * State files that their owner alone can read (mode 0600), written whole or not at all.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorText } from '../../platform/index.ts'
import { PkiError } from '../errors.ts'

/** File names and their text. */
export type StateFiles = Readonly<Record<string, string>>

const nodeCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

function fault(what: string, error: unknown): PkiError {
  return new PkiError('ERR_PKI_STATE', `${what}: ${errorText(error)}`, {
    cause: error,
    mend: 'Check that the state directory belongs to the account that runs Sallyport and that the disk has room.',
  })
}

/**
 * Creates a state directory (mode 0700) where it is missing.
 *
 * @param directory - Its path.
 * @throws PkiError ERR_PKI_STATE.
 */
export async function createStateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fault(`cannot create ${directory}`, error)
  }
}

/**
 * Reads a state file.
 *
 * @param path - Its path.
 * @returns Its text, undefined where there is no such file.
 * @throws PkiError ERR_PKI_STATE.
 */
export async function readStateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (nodeCode(error) === 'ENOENT') return undefined
    throw fault(`cannot read ${path}`, error)
  }
}

async function writeTemporary(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is on the disk only when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Puts a file in its place; returns what takes it out again. */
async function place(path: string, options: { mark: string; force: boolean }) {
  const temporary = `${path}.new-${options.mark}`
  const previous = `${path}.old-${options.mark}`
  if (!options.force) {
    // link() refuses an existing name, rename() would replace it.
    await link(temporary, path)
    return () => rm(path, { force: true })
  }
  const existed = await link(path, previous).then(
    () => true,
    (error: unknown) => {
      if (nodeCode(error) === 'ENOENT') return false
      throw error
    },
  )
  await rename(temporary, path)
  return existed ? () => rename(previous, path) : () => rm(path, { force: true })
}

async function placeAll(paths: readonly string[], options: { mark: string; force: boolean }) {
  const undo: (() => Promise<void>)[] = []
  try {
    for (const path of paths) undo.push(await place(path, options))
  } catch (error) {
    for (const back of undo.reverse()) await back()
    throw error
  }
}

/**
 * Writes files that belong together: all of them, or none and what was there before stays.
 *
 * @param directory - An existing directory.
 * @param files - Names and text; the last one should be the one that readers look for first.
 * @param force - Replace files that exist. Without it one that exists refuses all.
 * @throws PkiError ERR_PKI_STATE.
 */
export async function writeStateFiles(
  directory: string,
  files: StateFiles,
  force: boolean = false,
): Promise<void> {
  const mark = randomUUID()
  const paths = Object.keys(files).map((name) => join(directory, name))
  try {
    for (const [name, text] of Object.entries(files)) {
      await writeTemporary(`${join(directory, name)}.new-${mark}`, text)
    }
    await placeAll(paths, { mark, force })
    await syncDirectory(directory)
  } catch (error) {
    throw fault(`cannot write ${paths.join(', ')}`, error)
  } finally {
    for (const path of paths) {
      await rm(`${path}.new-${mark}`, { force: true })
      await rm(`${path}.old-${mark}`, { force: true })
    }
  }
}
