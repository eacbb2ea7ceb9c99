/**
 * Reads keytab files.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { decodeKeytab, type KeytabEntry } from '../files/index.ts'
import { readSecretFile, type SecretFileKind, type SecretFileOptions } from './secret-file.ts'

/** A keytab is as good as a password, but a service's group may read it: not write it, and others nothing at all. */
const KEYTAB: SecretFileKind = {
  name: 'keytab',
  code: 'ERR_KRB_KEYTAB',
  maxOctets: 1_048_576,
  tooOpen: 0o027,
}

/** How a keytab file is read. */
export type KeytabFileOptions = SecretFileOptions

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
  const decode = (octets: Uint8Array): readonly KeytabEntry[] => decodeKeytab(octets)
  const entries = await readSecretFile(path, KEYTAB, { ...options, decode })
  if (entries.length > 0) return entries
  throw new KerberosError('ERR_KRB_KEYTAB', `${path}: the keytab holds no key`, {
    mend: 'Export the connector account’s keys into it.',
  })
}
