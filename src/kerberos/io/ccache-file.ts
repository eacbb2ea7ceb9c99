/**
 * Reads and writes credential cache files.
 *
 * @module
 */

import { needText } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { decodeCcache, encodeCcache, type Ccache } from '../files/index.ts'
import { replaceFile } from './replace-file.ts'
import {
  fileError,
  readSecretFile,
  type SecretFileKind,
  type SecretFileOptions,
} from './secret-file.ts'

/** Session keys are for the owner alone. */
const CCACHE: SecretFileKind = {
  name: 'credential cache',
  code: 'ERR_KRB_CCACHE',
  maxOctets: 4_194_304,
  tooOpen: 0o077,
}

/** How a credential cache file is read. */
export type CcacheFileOptions = SecretFileOptions

/**
 * The path in a name like `FILE:/tmp/krb5cc_0`, as KRB5CCNAME has it, or just a path; a Windows drive has one letter.
 *
 * @param name - The name.
 * @returns The path.
 * @throws KerberosError ERR_KRB_CCACHE for another type of cache.
 */
export function ccachePath(name: string): string {
  needText('the name of the credential cache', name)
  const type = /^([A-Za-z]{2,}):/.exec(name)?.[1]
  if (type === undefined) return name
  if (type.toUpperCase() === 'FILE') return name.slice('FILE:'.length)
  throw new KerberosError('ERR_KRB_CCACHE', `credential caches of type ${type} are not supported`, {
    mend: 'Use a file: set default_ccache_name or KRB5CCNAME to FILE:/path.',
  })
}

/**
 * Reads a credential cache file.
 *
 * @param name - The path, with or without `FILE:` before it.
 * @param options - Who is warned.
 * @returns The cache.
 * @throws KerberosError ERR_KRB_CCACHE when it is missing, cannot be read or is no cache, or for another type of cache.
 */
export async function readCcacheFile(
  name: string,
  options: CcacheFileOptions = {},
): Promise<Ccache> {
  const decode = (octets: Uint8Array): Ccache => decodeCcache(octets)
  return readSecretFile(ccachePath(name), CCACHE, { ...options, decode })
}

/**
 * Writes a credential cache file, mode 0600, in one step: readers see the old one or the new one, never a part.
 *
 * @param name - The path, with or without `FILE:` before it. A file that is there is replaced.
 * @param ccache - What it shall hold.
 * @throws KerberosError ERR_KRB_CCACHE when it cannot be written; RangeError for what does not fit the format.
 */
export async function writeCcacheFile(name: string, ccache: Ccache): Promise<void> {
  const path = ccachePath(name)
  const octets = encodeCcache(ccache)
  try {
    await replaceFile(path, octets)
  } catch (cause) {
    throw fileError(path, CCACHE, cause)
  }
}
