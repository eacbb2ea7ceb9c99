/**
 * Reads small files that hold keys: bounded, with a warning when others may read them, and errors that name the file.
 *
 * @module
 */

import { open, type FileHandle } from 'node:fs/promises'
import { errorCode, errorText, needText, type Logger } from '../../platform/index.ts'
import { KerberosError, ownMend, type KerberosErrorCode } from '../errors.ts'

/** What kind of file it is. */
export interface SecretFileKind {
  /** What to call it in messages, for instance `keytab`. */
  readonly name: string
  /** Code of its errors. */
  readonly code: KerberosErrorCode
  /** Largest file, octets. */
  readonly maxOctets: number
  /** Permission bits that are worth a warning. */
  readonly tooOpen: number
}

/** How a file of keys is read. */
export interface SecretFileOptions {
  /** Warned when others may read the file. */
  readonly logger?: Logger | undefined
}

/**
 * Reads a file and decodes it.
 *
 * @param path - The file.
 * @param kind - Its kind.
 * @param options - How to decode, and who is warned.
 * @returns What the decoder gave.
 * @throws KerberosError of the kind's code, whose message starts with the path.
 */
export async function readSecretFile<T>(
  path: string,
  kind: SecretFileKind,
  options: SecretFileOptions & { readonly decode: (octets: Uint8Array) => T },
): Promise<T> {
  needText(`the path of the ${kind.name}`, path)
  const octets = await readOctets(path, kind, options)
  try {
    return options.decode(octets)
  } catch (cause) {
    if (!(cause instanceof KerberosError)) throw cause
    const mend = ownMend(cause)
    const options = mend === undefined ? { cause } : { cause, mend }
    throw new KerberosError(kind.code, `${path}: ${cause.message}`, options)
  }
}

async function readOctets(
  path: string,
  kind: SecretFileKind,
  { logger }: SecretFileOptions,
): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const mode = await checkSize(file, path, kind)
    if ((mode & kind.tooOpen) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, '0')
      logger?.warn(`The ${kind.name} is open to others: chmod 600 ${path}`, { mode: found })
    }
    return await file.readFile()
  } catch (cause) {
    if (cause instanceof KerberosError) throw cause
    throw fileError(path, kind, cause)
  }
}

async function checkSize(file: FileHandle, path: string, kind: SecretFileKind): Promise<number> {
  const { size, mode } = await file.stat()
  if (size <= kind.maxOctets) return mode
  throw new KerberosError(kind.code, `${path}: ${size} octets are too many for a ${kind.name}`)
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path; relative paths count from the configuration file.',
  EACCES: 'Let the service’s user own the file, mode 0600.',
  EISDIR: 'Name the file, not its directory.',
}

/**
 * The error for what the file system refused.
 *
 * @param path - The file.
 * @param kind - Its kind.
 * @param cause - What was thrown.
 * @returns The error.
 */
export function fileError(
  path: string,
  kind: Pick<SecretFileKind, 'code'>,
  cause: unknown,
): KerberosError {
  const mend = MENDS[errorCode(cause)]
  return new KerberosError(kind.code, `${path}: ${errorText(cause)}`, {
    cause,
    ...(mend === undefined ? {} : { mend }),
  })
}
