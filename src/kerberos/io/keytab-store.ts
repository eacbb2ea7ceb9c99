/**
 * Keytab and pending password as files, for the rotation of a password.
 *
 * @module
 */

import { realpath, rm, stat } from 'node:fs/promises'
import { errorCode } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import {
  decodePendingPassword,
  encodeKeytab,
  encodePendingPassword,
  type KeytabEntry,
  type PendingPassword,
} from '../files/index.ts'
import type { RotationStore } from '../rotate-password.ts'
import { readKeytabFile } from './keytab-file.ts'
import { giveTo, replaceFile, syncDirectory, writeNewFile } from './replace-file.ts'
import {
  fileError,
  readSecretFile,
  type SecretFileKind,
  type SecretFileOptions,
} from './secret-file.ts'

const PENDING: SecretFileKind = {
  name: 'pending password',
  code: 'ERR_KRB_PASSWORD',
  maxOctets: 4096,
  tooOpen: 0o077,
}

/**
 * Where the pending password of a keytab is kept.
 *
 * @param keytab - The keytab's path.
 * @returns `<keytab>.pending`.
 */
export function pendingPath(keytab: string): string {
  return `${keytab}.pending`
}

/**
 * Reads a pending password.
 *
 * @param keytab - The keytab's path.
 * @param options - Who is warned when others may read it.
 * @returns Undefined when there is none, or one whose writer was stopped: then nothing had been sent yet.
 * @throws KerberosError ERR_KRB_PASSWORD when it cannot be read.
 */
export async function readPendingFile(
  keytab: string,
  options: SecretFileOptions = {},
): Promise<PendingPassword | undefined> {
  const decode = (octets: Uint8Array): PendingPassword => decodePendingPassword(octets)
  try {
    return await readSecretFile(pendingPath(keytab), PENDING, { ...options, decode })
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const isNone = errorCode(cause) === 'ENOENT'
    const isPart = cause instanceof KerberosError && cause.code === 'ERR_KRB_PASSWORD'
    if (isNone || isPart) return undefined
    throw error
  }
}

/**
 * Since when a pending password waits: its rotation is under way, or was stopped.
 *
 * @param keytab - The keytab's path.
 * @returns Milliseconds since the epoch; undefined when there is none.
 * @throws KerberosError ERR_KRB_PASSWORD when that cannot be told.
 */
export async function pendingSince(keytab: string): Promise<number | undefined> {
  const path = pendingPath(keytab)
  try {
    return (await stat(path)).mtimeMs
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw fileError(path, { code: 'ERR_KRB_PASSWORD' }, cause)
  }
}

/** Keytab and pending password beside each other. */
export class KeytabFileStore implements RotationStore {
  readonly #path: string
  readonly #options: SecretFileOptions

  constructor(path: string, options: SecretFileOptions = {}) {
    this.#path = path
    this.#options = options
  }

  /** See RotationStore. */
  readKeytab(): Promise<readonly KeytabEntry[]> {
    return readKeytabFile(this.#path, this.#options)
  }

  /** See RotationStore. Where the path is a symbolic link, what it leads to is replaced. */
  async writeKeytab(entries: readonly KeytabEntry[]): Promise<void> {
    try {
      await replaceFile(await realpath(this.#path), encodeKeytab(entries), true)
    } catch (cause) {
      throw fileError(this.#path, { code: 'ERR_KRB_KEYTAB' }, cause)
    }
  }

  /** See RotationStore. */
  async readPending(principal: string): Promise<string | undefined> {
    const pending = await readPendingFile(this.#path, this.#options)
    if (pending === undefined || pending.principal === principal) return pending?.password
    const path = pendingPath(this.#path)
    throw new KerberosError('ERR_KRB_PASSWORD', `${path}: a pending password of another account`, {
      mend: `It is ${pending.principal}’s: rotate that one first, with this very keytab.`,
    })
  }

  /** See RotationStore. */
  async writePending(principal: string, password: string): Promise<void> {
    const path = pendingPath(this.#path)
    const octets = encodePendingPassword({ principal, password })
    try {
      await this.#removePart(path)
      // The service must be able to read it, whoever rotates.
      await writeNewFile(path, octets, async (file) => {
        await giveTo(file, this.#path)
      })
      await syncDirectory(path)
    } catch (cause) {
      throw errorCode(cause) === 'EEXIST'
        ? underWay(path, cause)
        : fileError(path, { code: 'ERR_KRB_PASSWORD' }, cause)
    }
  }

  /** See RotationStore. */
  async removePending(): Promise<void> {
    const path = pendingPath(this.#path)
    try {
      await rm(path, { force: true })
      await syncDirectory(path)
    } catch (cause) {
      throw fileError(path, { code: 'ERR_KRB_PASSWORD' }, cause)
    }
  }

  /** What a stopped writer left; a whole file stays. */
  async #removePart(path: string): Promise<void> {
    if ((await readPendingFile(this.#path, this.#options)) === undefined) {
      await rm(path, { force: true })
    }
  }
}

function underWay(path: string, cause: unknown): KerberosError {
  return new KerberosError('ERR_KRB_PASSWORD', `${path}: another rotation has just begun`, {
    cause,
    mend: 'Wait for it; if it was stopped, run the rotation again.',
  })
}
