/**
 * How log lines name a user: two domains may have an alice each.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'

/**
 * The fields of a log line.
 *
 * @param account - Whose; undefined where nobody is known yet.
 * @returns The account's name, and the realm that it is of.
 */
export function userFields(
  account: DirectoryAccount | undefined,
): Readonly<Record<'user' | 'realm', string | undefined>> {
  return { user: account?.sAMAccountName, realm: account?.realm }
}
