/**
 * Reads krb5.conf files with what they include.
 *
 * @module
 */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, errorText, needArray } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import {
  confError,
  Krb5Conf,
  parseKrb5Conf,
  type ConfInclude,
  type ConfSource,
} from '../files/index.ts'

/** Larger files are not read. */
const MAX_OCTETS = 1_048_576
/** Directories with more files are not read. */
const MAX_DIRECTORY_FILES = 256

/** As MIT's library: letters, digits, hyphens and underscores, or `….conf` that is not hidden. */
const INCLUDED_NAME = /^(?:[A-Za-z0-9_-]+|[^.].*\.conf)$/

/**
 * Reads a krb5.conf.
 *
 * @param paths - The file, or several that are read one after the other as with KRB5_CONFIG; those that do not exist are
 *   passed over as long as one does.
 * @returns What they say together.
 * @throws KerberosError ERR_KRB_CONF that names file and line; also when no file exists or one is larger than 1 MiB.
 */
export async function loadKrb5Conf(paths: string | readonly string[]): Promise<Krb5Conf> {
  const names = typeof paths === 'string' ? [paths] : paths
  needArray('paths', names, 'a path, or several in an array')
  const found: Krb5Conf[] = []
  let missing: KerberosError | undefined
  for (const name of names) {
    const source = await readSource(name, name)
    if (source instanceof KerberosError) missing ??= source
    else found.push(await parseWithIncludes(source))
  }
  if (found.length > 0) return Krb5Conf.join(found)
  throw missing ?? confError('no file is named', 'krb5.conf')
}

async function parseWithIncludes(source: ConfSource): Promise<Krb5Conf> {
  const parser = parseKrb5Conf(source)
  let step = parser.next()
  while (step.done !== true) step = parser.next(await included(step.value))
  return step.value
}

async function included({ what, path, at }: ConfInclude): Promise<readonly ConfSource[]> {
  const paths = what === 'file' ? [path] : await namesIn(path, at)
  const sources: ConfSource[] = []
  for (const each of paths) {
    const source = await readSource(each, at)
    if (source instanceof KerberosError) throw source
    sources.push(source)
  }
  return sources
}

async function namesIn(folder: string, at: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory() && INCLUDED_NAME.test(entry.name))
    if (files.length > MAX_DIRECTORY_FILES) {
      throw confError(`${folder} holds more than ${MAX_DIRECTORY_FILES} files`, at)
    }
    return files.map(({ name }) => join(folder, name)).sort()
  } catch (cause) {
    throw cause instanceof KerberosError ? cause : unreadable(cause, at)
  }
}

/** The text, or the error for a file that does not exist. */
async function readSource(name: string, at: string): Promise<ConfSource | KerberosError> {
  try {
    const { size } = await stat(name)
    if (size > MAX_OCTETS) throw confError(`${name}: ${size} octets are too many`, at)
    return { name, text: await readFile(name, 'utf8') }
  } catch (cause) {
    if (cause instanceof KerberosError) throw cause
    const error = unreadable(cause, at)
    if (errorCode(cause) === 'ENOENT') return error
    throw error
  }
}

function unreadable(cause: unknown, at: string): KerberosError {
  return new KerberosError('ERR_KRB_CONF', `${at}: ${errorText(cause)}`, {
    cause,
    mend: 'Name a krb5.conf that exists and may be read, and files in it that do.',
  })
}
