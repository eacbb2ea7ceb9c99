/**
 * The file format of credential caches, versions 3 and 4 (MIT Kerberos documentation, "Credential cache file format").
 *
 * ```
 * file       = 05, version, [4: uint16 length of the header, header fields], principal, then credentials to the end
 * field      = uint16 tag, uint16 length, octets; tag 1: int32 seconds, int32 microseconds the KDC's clock is ahead
 * principal  = uint32 name type, uint32 count of components, data realm, components
 * credential = principal client, principal server, key, uint32 times: authenticated, start, end, renewable until,
 *              uint8 is-skey, uint32 ticket flags, addresses, authorization data, data ticket, data second ticket
 * key        = uint16 type, [3: the type again], data
 * addresses  = uint32 count, then each: uint16 type, data; authorization data likewise
 * data       = uint32 length, octets
 * ```
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** First octet of every version. */
export const CCACHE_MAGIC = 5

/** The header field that tells the KDC's clock. */
export const KDC_OFFSET_TAG = 1

/** Where MIT's library keeps settings. */
export const SETTINGS_REALM = 'X-CACHECONF:'
/** Where it leaves settings that were removed. */
export const REMOVED_SETTINGS_REALM = 'X-RMED-CONF:'
/** First component of a setting's name. */
export const SETTINGS_NAME = 'krb5_ccache_conf_data'

/**
 * The error for a file that is no credential cache.
 *
 * @param what - What is wrong.
 * @param offset - Where, octets from the start.
 * @returns ERR_KRB_CCACHE.
 */
export function ccacheError(what: string, offset: number): KerberosError {
  return new KerberosError('ERR_KRB_CCACHE', `credential cache: ${what} (at octet ${offset})`, {
    mend: 'Get the tickets again, for instance with kinit.',
  })
}
