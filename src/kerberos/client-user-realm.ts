/**
 * Acts for a user whose realm turns out to be another than was thought: a user principal name does not tell it.
 *
 * @module
 */

import { KdcReplyError } from './errors.ts'
import type { S4uUser } from './exchange/index.ts'
import { KrbErrorCode as Krb } from './iana/index.ts'

/** How a realm is found. */
export interface RealmFinding {
  /** Whether KDCs may say that a name is another realm's. */
  readonly canonicalize: boolean
  /** Asks the KDCs. */
  readonly findRealm: () => Promise<string>
}

/**
 * Acts in the realm that was thought; where its KDC has no such user principal name, in the one that has.
 *
 * @param user - The user.
 * @param act - What is done in a realm. It must check whom it got: what leads there is not protected.
 * @param finding - How a realm is found.
 * @returns What `act` returns.
 * @throws What `act` throws in the last realm.
 */
export async function inRealmOf<T>(
  user: S4uUser,
  act: (realm: string) => Promise<T>,
  { canonicalize, findRealm }: RealmFinding,
): Promise<T> {
  try {
    return await act(user.realm)
  } catch (error) {
    if (!canonicalize || user.enterprise !== true || !isElsewhere(error)) throw error
    const realm = realmToldBy(error) ?? (await foundOr(error, findRealm))
    if (realm === user.realm) throw error
    return act(realm)
  }
}

/** Samba names our own realm, as the requester's, when it does not know the user. */
function realmToldBy({ krbErrorCode, clientRealm }: KdcReplyError): string | undefined {
  return krbErrorCode === Krb.KDC_ERR_WRONG_REALM ? clientRealm : undefined
}

/** The first refusal says more than that the search came to nothing. */
async function foundOr(refusal: KdcReplyError, findRealm: () => Promise<string>): Promise<string> {
  try {
    return await findRealm()
  } catch {
    throw refusal
  }
}

/** KDC_ERR_WRONG_REALM tells the realm; KDC_ERR_C_PRINCIPAL_UNKNOWN may mean that it has to be asked for. */
function isElsewhere(error: unknown): error is KdcReplyError {
  if (!(error instanceof KdcReplyError)) return false
  const { krbErrorCode } = error
  return (
    krbErrorCode === Krb.KDC_ERR_WRONG_REALM || krbErrorCode === Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN
  )
}
