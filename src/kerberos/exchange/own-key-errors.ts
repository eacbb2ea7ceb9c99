/**
 * What is wrong with keys of our own.
 *
 * @module
 */

import { etypeName, RENEW_AES_KEYS } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { formatPrincipal, type EtypeInfo2Entry } from '../messages/index.ts'
import type { KeyOwner } from './own-secrets.ts'

/**
 * The error where a key is missing.
 *
 * @param owner - Whose.
 * @param what - Ends "… has no key".
 * @returns ERR_KRB_NO_KEY.
 */
export function noKey({ principal, realm }: KeyOwner, what: string): KerberosError {
  const name = formatPrincipal(principal, realm)
  return new KerberosError('ERR_KRB_NO_KEY', `${name} has no key ${what}`, {
    mend: `Write the keytab again, for instance: samba-tool domain exportkeytab FILE --principal='${name}'.`,
  })
}

/**
 * The error where there are keys, but only of types that are never used: such an account needs new keys.
 *
 * @param owner - Whose.
 * @param where - `in the keytab`, `at the KDC`.
 * @param etypes - The types there are.
 * @returns ERR_KRB_NO_KEY.
 */
export function onlyRefused(
  { principal, realm }: KeyOwner,
  where: string,
  etypes: readonly number[],
): KerberosError {
  const name = formatPrincipal(principal, realm)
  const has = [...new Set(etypes)].map(etypeName).join(', ')
  const what = `${name} has no key that may be used ${where}, only ${has}`
  return new KerberosError('ERR_KRB_NO_KEY', what, { mend: RENEW_AES_KEYS })
}

/**
 * Types that both sides allow, in our order; ours where the KDC named none.
 *
 * @param owner - Whose keys.
 * @param offered - The KDC's ETYPE-INFO2.
 * @param etypes - Types we allow.
 * @returns At least one.
 * @throws KerberosError ERR_KRB_NO_KEY when there is none.
 */
export function offeredEtypes(
  owner: KeyOwner,
  offered: readonly EtypeInfo2Entry[],
  etypes: readonly number[],
): readonly number[] {
  if (offered.length === 0) return etypes
  const types = offered.map(({ etype }) => etype)
  const both = etypes.filter((etype) => types.includes(etype))
  if (both.length === 0) throw onlyRefused(owner, 'at the KDC', types)
  return both
}
