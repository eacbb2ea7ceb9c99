/**
 * Reads keytab files.
 *
 * @module
 */

import { open, type FileHandle } from 'node:fs/promises'
import { errorCode, errorText, type Logger } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { decodeKeytab, type KeytabEntry } from '../files/index.ts'

/** Everything to others, writing to the group: a keytab is as good as a password, but a service's group may read it. */
const TOO_OPEN = 0o027
const MAX_OCTETS = 1_048_576

/** How a keytab file is read. */
export interface KeytabFileOptions {
  /** Warned when others may read the file. */
  readonly logger?: Logger | undefined
}

/**
 * Reads a keytab file.
 *
 * @param path - The file.
 * @param options - Who is warned.
 * @returns Its entries, at least one.
 * @throws KerberosError ERR_KRB_KEYTAB when it is missing, cannot be read, is no keytab or holds no key.
 */
export async function readKeytabFile(
  path: string,
  options: KeytabFileOptions = {},
): Promise<readonly KeytabEntry[]> {
  const entries = decodeAt(path, await readOctets(path, options))
  if (entries.length > 0) return entries
  throw new KerberosError('ERR_KRB_KEYTAB', `${path}: the keytab holds no key`, {
    mend: 'Export the connector account’s keys into it.',
  })
}

async function readOctets(path: string, options: KeytabFileOptions): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    return await readChecked(file, path, options)
  } catch (cause) {
    if (cause instanceof KerberosError) throw cause
    throw unreadable(path, cause)
  }
}

async function readChecked(
  file: FileHandle,
  path: string,
  { logger }: KeytabFileOptions,
): Promise<Uint8Array> {
  const { size, mode } = await file.stat()
  if (size > MAX_OCTETS) {
    throw new KerberosError('ERR_KRB_KEYTAB', `${path}: ${size} octets are too many for a keytab`)
  }
  if ((mode & TOO_OPEN) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, '0')
    logger?.warn(`The keytab is open to others: chmod 600 ${path}`, {
      mode: found,
    })
  }
  return file.readFile()
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path; relative paths count from the configuration file.',
  EACCES: 'Let the service’s user own the file, mode 0600.',
  EISDIR: 'Name the file, not its directory.',
}

function unreadable(path: string, cause: unknown): KerberosError {
  const mend = MENDS[errorCode(cause)]
  return new KerberosError('ERR_KRB_KEYTAB', `${path}: ${errorText(cause)}`, {
    cause,
    ...(mend === undefined ? {} : { mend }),
  })
}

function decodeAt(path: string, octets: Uint8Array): readonly KeytabEntry[] {
  try {
    return decodeKeytab(octets)
  } catch (cause) {
    if (!(cause instanceof KerberosError)) throw cause
    throw new KerberosError('ERR_KRB_KEYTAB', `${path}: ${cause.message}`, {
      cause,
      ...(cause.mend === undefined ? {} : { mend: cause.mend }),
    })
  }
}
