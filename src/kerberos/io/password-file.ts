/**
 * Reads a password from a file.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { readSecretFile, type SecretFileKind, type SecretFileOptions } from './secret-file.ts'

const PASSWORD: SecretFileKind = {
  name: 'password file',
  code: 'ERR_KRB_PASSWORD',
  maxOctets: 4096,
  tooOpen: 0o077,
}

/**
 * Reads a password file: one line of UTF-8. Everything but the end of the line counts, blanks included.
 *
 * @param path - The file.
 * @param options - Who is warned when others may read it.
 * @returns The password.
 * @throws KerberosError ERR_KRB_PASSWORD when it is missing, cannot be read, is empty, has more lines or is not UTF-8.
 */
export async function readPasswordFile(
  path: string,
  options: SecretFileOptions = {},
): Promise<string> {
  return readSecretFile(path, PASSWORD, { ...options, decode: decodePassword })
}

function decodePassword(octets: Uint8Array): string {
  const text = decodeText(octets).replace(/\r?\n$/, '')
  if (text === '') throw wrong('the file is empty', 'Write the password into it, in one line.')
  if (/[\r\n\0]/.test(text)) {
    throw wrong('the file has more than one line', 'A password file holds the password alone.')
  }
  return text
}

function decodeText(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    throw wrong('the file is not UTF-8 text', 'Save it as UTF-8.')
  }
}

function wrong(what: string, mend: string): KerberosError {
  return new KerberosError('ERR_KRB_PASSWORD', what, { mend })
}
