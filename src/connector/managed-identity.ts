/**
 * The identity of a group managed service account: its password is read from the directory by another account that may, kept in
 * memory alone, and read again before it changes.
 *
 * @module
 */

import type { ManagedAccount, ManagedAccountDirectory } from '../directory/index.ts'
import {
  computerSalt,
  RefreshedSecrets,
  type ClientIdentity,
  type KeyOwner,
  type OwnSecrets,
  type PasswordSecret,
  type SecretsLook,
} from '../kerberos/index.ts'
import { errorCode, type Clock, type Logger } from '../platform/index.ts'

/** What the identity is kept through. */
export interface ManagedIdentityPorts {
  /** Reads the password; bound as the account that may. */
  readonly directory: ManagedAccountDirectory
  /** Time. */
  readonly clock: Clock
  /** Told of new passwords, and when none can be read. */
  readonly logger?: Logger | undefined
}

/** How often the password is read. */
export interface ManagedIdentityOptions {
  /** Longest time between two reads, milliseconds; sooner where the directory says so. Default 24 hours. */
  readonly maxAgeMs?: number | undefined
  /** After a read that failed, and while a change is near, how long until the next, milliseconds. Default 60 000. */
  readonly retryAfterMs?: number | undefined
}

const SILENCE: ReadonlySet<string> = new Set([
  'ERR_DIRECTORY_UNREACHABLE',
  'ERR_DIRECTORY_TLS',
  'ERR_KRB_KDC_UNREACHABLE',
])
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Passwords that the KDC refuses are worth a search, but not one for every request. */
const REFUSED_AFTER_MS = 10_000

/**
 * Reads the password of a group managed service account and looks after it from then on.
 *
 * @param owner - The account; its name ends in `$`.
 * @param ports - The directory, time, who is told.
 * @param options - How often.
 * @returns The identity. The password before the present one is part of it: tickets under it open, and a domain
 *   controller that does not know the new one yet accepts it.
 *   Where the directory is silent the password is read when it is needed first.
 * @throws DirectoryError when the directory says that there is no such account, or that its password may not be read.
 */
export async function managedIdentity(
  owner: KeyOwner,
  ports: ManagedIdentityPorts,
  options: ManagedIdentityOptions = {},
): Promise<ClientIdentity> {
  const { maxAgeMs = DAY_MS, retryAfterMs = MINUTE_MS } = options
  const name = owner.principal.nameString.join('/')
  const { directory, clock, logger } = ports
  let held: readonly PasswordSecret[] = []
  const look = async (): Promise<SecretsLook> => {
    const account = await directory.readManagedAccount(name)
    const againAfterMs = nextReadMs(account, { maxAgeMs, retryAfterMs })
    const passwords = passwordsOf(account, held)
    if (samePasswords(passwords, held)) return { againAfterMs }
    held = passwords
    return { againAfterMs, secrets: { inOrder: held } satisfies OwnSecrets }
  }
  const keys = await RefreshedSecrets.open(
    { clock, logger, what: `msDS-ManagedPassword of ${name}`, look },
    { retryAfterMs, refusedAfterMs: REFUSED_AFTER_MS, inBackground: true, mayBeLate: isSilence },
  )
  return { ...owner, keys }
}

/** A silent directory mends itself, a wrong name or a missing right does not. Our own tickets to it may fail for a silent KDC. */
function isSilence(error: unknown): boolean {
  return SILENCE.has(errorCode(error))
}

/**
 * When the present password may change, UnchangedPasswordInterval from now, the next can be had; QueryPasswordInterval
 * from now at the latest it must be. Near the change it is asked for again and again.
 */
function nextReadMs(
  { password }: ManagedAccount,
  { maxAgeMs, retryAfterMs }: Required<{ maxAgeMs: number; retryAfterMs: number }>,
): number {
  const wanted = Math.min(password.unchangedIntervalMs, password.queryIntervalMs, maxAgeMs)
  return Math.max(wanted, retryAfterMs)
}

/** The present password, then the one before it; where the directory names none, the one that we held before. */
function passwordsOf(
  { sAMAccountName, domain, password }: ManagedAccount,
  held: readonly PasswordSecret[],
): readonly PasswordSecret[] {
  const salt = computerSalt(sAMAccountName, domain)
  const heldBefore = held.find((secret) => secret.password !== password.current)?.password
  const previous = password.previous ?? heldBefore
  const present = { password: password.current, salt }
  return previous === undefined ? [present] : [present, { password: previous, salt }]
}

function samePasswords(a: readonly PasswordSecret[], b: readonly PasswordSecret[]): boolean {
  return a.length === b.length && a.every(({ password }, at) => password === b[at]?.password)
}
