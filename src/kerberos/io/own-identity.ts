/**
 * Identities out of files that are watched: keytab, password file, credential cache.
 *
 * @module
 */

import { errorCode, errorText } from '../../platform/index.ts'
import { needOwner } from '../client-options.ts'
import { KerberosError } from '../errors.ts'
import type { ClientIdentity, KeyOwner, OwnSecrets, ServiceTicket } from '../exchange/index.ts'
import type { Ccache, PendingPassword } from '../files/index.ts'
import { formatPrincipal, sameName } from '../messages/index.ts'
import { ccachePath, readCcacheFile } from './ccache-file.ts'
import { readKeytabFile } from './keytab-file.ts'
import { pendingPath, readPendingFile } from './keytab-store.ts'
import { readPasswordFile } from './password-file.ts'
import { watchFiles, type WatchedFileOptions } from './watched-file.ts'

/**
 * An identity that proves itself with a keytab, whatever version of it is there; with the pending password beside it too, while
 * a rotation is under way or was stopped.
 *
 * @param path - The keytab.
 * @param owner - Whose keys of it count.
 * @param options - Time, who is told of changes, how often is looked.
 * @returns The identity.
 * @throws KerberosError ERR_KRB_KEYTAB when the file cannot be used now.
 */
export async function keytabIdentity(
  path: string,
  owner: KeyOwner,
  options: WatchedFileOptions = {},
): Promise<ClientIdentity> {
  needOwner('owner', owner)
  const name = formatPrincipal(owner.principal, owner.realm)
  const read = async (): Promise<OwnSecrets> => {
    const keytab = await readKeytabFile(path, options)
    const pending = await pendingOf(path, options)
    if (pending?.principal !== name) return keytab
    return { inOrder: [keytab, { password: pending.password }] }
  }
  const paths = [path, pendingPath(path)] as const
  return { ...owner, keys: await watchFiles({ paths, read }, options) }
}

/** One that cannot be read is no reason to do without the keytab. */
async function pendingOf(
  path: string,
  { logger }: WatchedFileOptions,
): Promise<PendingPassword | undefined> {
  try {
    return await readPendingFile(path, { logger })
  } catch (error) {
    const fields = { code: errorCode(error), reason: errorText(error) }
    logger?.warn('A pending password beside the keytab could not be read.', fields)
    return undefined
  }
}

/**
 * An identity that proves itself with a password from a file. Tickets under the password before the last change still open.
 *
 * @param path - The file.
 * @param owner - Whose password it is.
 * @param options - Time, who is told of changes, how often is looked.
 * @returns The identity.
 * @throws KerberosError ERR_KRB_PASSWORD when the file cannot be used now.
 */
export async function passwordFileIdentity(
  path: string,
  owner: KeyOwner,
  options: WatchedFileOptions = {},
): Promise<ClientIdentity> {
  needOwner('owner', owner)
  const read = async (held: OwnSecrets | undefined): Promise<OwnSecrets> => {
    const now = { password: await readPasswordFile(path, options) }
    const before = newestPassword(held)
    return before === undefined || before === now.password
      ? now
      : { inOrder: [now, { password: before }] }
  }
  return { ...owner, keys: await watchFiles({ paths: [path], read }, options) }
}

function newestPassword(held: OwnSecrets | undefined): string | undefined {
  if (held === undefined) return undefined
  if ('password' in held) return held.password
  const first = 'inOrder' in held ? held.inOrder[0] : undefined
  return first !== undefined && 'password' in first ? first.password : undefined
}

/**
 * An identity that is the ticket-granting ticket of a credential cache, which somebody else renews (kinit, k5start). It has no
 * long-term key, so it gets tickets of its own and delegates, but cannot act for users (S4U2Self).
 *
 * @param name - The path, with or without `FILE:` before it.
 * @param options - Time, who is told of changes, how often is looked.
 * @returns The identity, named as the cache's principal.
 * @throws KerberosError ERR_KRB_CCACHE when the file cannot be used now, ERR_KRB_TGT_EXPIRED when it holds no
 *   ticket-granting ticket. One that has ended is refused when it is used: it may be renewed until then.
 */
export async function ccacheIdentity(
  name: string,
  options: WatchedFileOptions = {},
): Promise<ClientIdentity> {
  let owner: KeyOwner | undefined
  const read = async (): Promise<OwnSecrets> => {
    const ccache = await readCcacheFile(name, options)
    owner ??= { principal: ccache.principal, realm: ccache.realm }
    checkOwner(ccache, owner, name)
    return { tgt: lastTgt(ccache, name) }
  }
  const keys = await watchFiles({ paths: [ccachePath(name)], read }, options)
  if (owner === undefined) throw new TypeError('a cache that was read has an owner')
  return { ...owner, keys }
}

function checkOwner(ccache: Ccache, owner: KeyOwner, name: string): void {
  if (ccache.realm === owner.realm && sameName(ccache.principal, owner.principal)) return
  const now = formatPrincipal(ccache.principal, ccache.realm)
  const before = formatPrincipal(owner.principal, owner.realm)
  throw new KerberosError('ERR_KRB_CCACHE', `${name}: it was ${before}’s and is now ${now}’s`, {
    mend: `Run kinit ${before}, or start again to be ${now}.`,
  })
}

/** The one that ends last, although it may have ended: the error is then to say when. */
function lastTgt({ principal, realm, credentials }: Ccache, name: string): ServiceTicket {
  const tgts = credentials.filter(
    ({ server, serverRealm }) =>
      serverRealm === realm && server.nameString.join('/') === `krbtgt/${realm}`,
  )
  const [last] = tgts.toSorted((a, b) => b.endTimeMs - a.endTimeMs)
  if (last !== undefined) return last
  const whose = formatPrincipal(principal, realm)
  throw new KerberosError(
    'ERR_KRB_TGT_EXPIRED',
    `${name}: the credential cache holds no ticket-granting ticket of ${realm}`,
    { mend: `Run kinit ${whose}.` },
  )
}
