/**
 * Changes the password of an account and renews its keytab file: what a command line or a schedule calls.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyOwner } from '../exchange/index.ts'
import { rotatePassword, type RotatedPassword, type RotationOptions } from '../rotate-password.ts'
import { KeytabFileStore } from './keytab-store.ts'

/** How a keytab file is rotated: as RotationOptions, with files for a store. */
export type KeytabRotationOptions = Omit<RotationOptions, 'store' | 'pause'>

/**
 * Changes the password of the account whose keytab this is; see rotatePassword. A rotation that was stopped is gone on with.
 *
 * @param keytab - The keytab's path. `<keytab>.pending` beside it holds the new password meanwhile: the directory must be writable.
 * @param owner - The account.
 * @param options - Ports and settings.
 * @returns What was done.
 * @throws KerberosError; see rotatePassword.
 */
export async function rotateKeytabFile(
  keytab: string,
  owner: KeyOwner,
  options: KeytabRotationOptions,
): Promise<RotatedPassword> {
  const store = new KeytabFileStore(keytab, { logger: options.logger })
  const pause = async (delayMs: number): Promise<void> => sleep(delayMs)
  return rotatePassword(owner, { ...options, store, pause })
}
