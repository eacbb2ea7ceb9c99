/**
 * The file that holds a password from before it is sent to the password server until the keytab has its keys.
 *
 * ```
 * sallyport pending password 1
 * CONN1$@CORP.EXAMPLE
 * <the password>
 * end
 * ```
 *
 * The last line tells a whole file from one whose writer was stopped: nothing has been sent before the file is whole.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** A password that may be ours already. */
export interface PendingPassword {
  /** Whose it is, `name@REALM`. */
  readonly principal: string
  /** The password. */
  readonly password: string
}

const HEAD = 'sallyport pending password 1'
const END = 'end'
const FORM = new RegExp(`^${HEAD}\\n([^\\n]{1,512})\\n([!-~]{1,512})\\n${END}\\n$`)

/**
 * Writes the file.
 *
 * @param pending - Principal and password, the password of printable ASCII without blanks.
 * @returns Its content.
 * @throws RangeError for what does not fit.
 */
export function encodePendingPassword({ principal, password }: PendingPassword): Uint8Array {
  const text = [HEAD, principal, password, END, ''].join('\n')
  if (!FORM.test(text)) throw new RangeError('not a principal and a password of printable ASCII')
  return Buffer.from(text)
}

/**
 * Reads the file.
 *
 * @param octets - Its content.
 * @returns Principal and password.
 * @throws KerberosError ERR_KRB_PASSWORD when it is not whole.
 */
export function decodePendingPassword(octets: Uint8Array): PendingPassword {
  const [, principal, password] = FORM.exec(Buffer.from(octets).toString('utf8')) ?? []
  if (principal !== undefined && password !== undefined) return { principal, password }
  throw new KerberosError('ERR_KRB_PASSWORD', 'not the file of a pending password, or not whole')
}
